"""Scores of given texts by the embedded model, held against what the same engine says of the words that it writes."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread

from autoevol.agents.gateway.endpoints import Budget, Endpoint
from autoevol.agents.gateway.engine.local_engine import LocalEngine, engine
from autoevol.agents.gateway.engine.scorer import LocalScorer
from autoevol.agents.gateway.errors import ModelFileError
from autoevol.agents.gateway.gateway import open_gateway
from autoevol.agents.gateway.keys import Key
from autoevol.agents.gateway.outcomes import Answer
from autoevol.agents.gateway.requests import Decoding, Request, Turn
from autoevol.agents.gateway.wire.callers import make_caller
from autoevol.agents.gateway.wire.failures import Failure
from autoevol.agents.gateway.wire.transport import HttpTransport

pytestmark = [pytest.mark.model, pytest.mark.timeout(240)]

PROMPT = "<|im_start|>user\nName three colours.<|im_end|>\n<|im_start|>assistant\n"


def _written(running: LocalEngine) -> list[tuple[str, float]]:
    """Tokens that the engine writes, with their log-probabilities."""
    body = {"prompt": PROMPT, "max_tokens": 12, "temperature": 0, "logprobs": 1}
    request = urllib.request.Request(f"{running.base_url}/completions", json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", f"Bearer {running.key}")
    with urllib.request.urlopen(request) as response:
        found: dict[str, Any] = json.load(response)
    rows = found["choices"][0]["logprobs"]["content"]
    # The end of the turn is written too, and has no text.
    return [(str(row["token"]), float(row["logprob"])) for row in rows if row["token"]]


async def test_scores_are_those_of_the_engine(smollm2: str) -> None:
    """Token for token, within what sums in another order differ by; through the same door as any other form."""
    scorer = LocalScorer(smollm2, 512)
    async with engine(smollm2, 1, context=512) as running:
        written = await to_thread.run_sync(_written, running)
        transport = HttpTransport("default", Endpoint(local=smollm2), running.base_url, Key(running.key))
        caller = make_caller("default", Endpoint(local=smollm2), transport, scorer=scorer)
        text = PROMPT + "".join(token for token, _ in written)
        request = Request("default", smollm2, (Turn("user", text),), Decoding(1), form="given_text")
        answer = await caller.call(request, "key")
        way = caller.given_text_way(smollm2)
        await transport.aclose()
    await scorer.aclose()

    assert isinstance(answer, Answer)
    assert (text, "local") == ("".join(score.token for score in answer.scores), way)
    assert answer.scores[0].logprob is None
    assert len(answer.scores) == answer.usage.input_tokens
    tail = answer.scores[-len(written) :]
    assert [token for token, _ in written] == [score.token for score in tail]
    assert [pytest.approx(logprob, abs=0.15) for _, logprob in written] == [score.logprob for score in tail]


async def test_a_text_that_is_too_long_is_said_and_the_next_is_scored(smollm2: str) -> None:
    """One token has nothing before it, no text no tokens; characters of several tokens do no harm."""
    scorer = LocalScorer(smollm2, 64)

    with pytest.raises(Failure) as caught:
        await scorer.scores("word " * 100)
    one, none, many = [await scorer.scores(text) for text in ("a", "", "Zoë 😀 " * 3)]
    await scorer.aclose()

    assert "context_too_long" == caught.value.kind
    assert ([None], []) == ([score.logprob for score in one], [score.logprob for score in none])
    assert all(score.logprob is not None and score.logprob < 0 for score in many[1:])


async def test_who_goes_away_leaves_nothing_behind(smollm2: str) -> None:
    """A call that is cancelled while it is scored does not become the answer of the next one."""
    scorer = LocalScorer(smollm2, 512)
    await scorer.scores("ready")

    with anyio.move_on_after(0.01) as scope:
        await scorer.scores("one two three " * 30)
    found = await scorer.scores("Hello there")
    await scorer.aclose()

    assert scope.cancelled_caught
    assert "Hello there" == "".join(score.token for score in found)


async def test_a_file_that_is_no_model_is_said(tmp_path: Path, smollm2: str) -> None:
    """By its name, with what to do."""
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + b"\0" * 200)
    scorer = LocalScorer(str(path))

    with pytest.raises(ModelFileError, match=r"broken\.gguf"):
        await scorer.scores("Hello")
    await scorer.aclose()


async def test_the_gateway_asks_the_embedded_model(smollm2: str, tmp_path: Path) -> None:
    """Through the one door, journaled: asked again, nothing is scored."""
    settings = {"default": Endpoint(local=smollm2)}
    request = Request("default", smollm2, (Turn("user", "Hello there"),), Decoding(1), form="given_text")

    async with open_gateway(settings, tmp_path, Budget()) as gateway:
        first = await gateway.ask(request)
        again = await gateway.ask(request)

    assert isinstance(first, Answer)
    assert ["Hello", " there"] == [score.token for score in first.scores]
    assert first == again


async def test_a_vector_is_the_mean_of_the_states(smollm2: str) -> None:
    """The same for the same text, and another for another one; a text that is too long is said."""
    embedder = LocalScorer(smollm2, 64, "vectors")
    one, again, other = [await embedder.vector(text) for text in ("Bake bread.", "Bake bread.", "Look at the stars.")]
    with pytest.raises(Failure) as caught:
        await embedder.vector("stars " * 100)
    await embedder.aclose()

    assert (576, True) == (len(one[0]), 0 < one[1] < other[1])
    assert one[0] == pytest.approx(again[0], abs=1e-3)
    assert one[0] != pytest.approx(other[0], abs=0.1)
    assert "context_too_long" == caught.value.kind
