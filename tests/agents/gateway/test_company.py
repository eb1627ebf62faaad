"""Texts that are embedded by one call: each is a call of its own in the journal, and none suffers for another."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from autoevol.agents.gateway.books.journal import read_calls
from autoevol.agents.gateway.endpoints import Budget, Endpoint, Price
from autoevol.agents.gateway.errors import BudgetReached
from autoevol.agents.gateway.gateway import Gateway, open_gateway
from autoevol.agents.gateway.outcomes import Answer, NoAnswer, Outcome
from autoevol.agents.gateway.requests import Decoding, Request, Turn
from tests.model_server import Body, ModelReply, ModelServer, model_server


def texts_of(body: Body) -> list[str]:
    """What is asked for in one request."""
    asked = body["input"]
    return [asked] if isinstance(asked, str) else list(asked)


def vectors(body: Body) -> ModelReply:
    """The length of each text, backwards, as the wire allows."""
    data = [{"index": n, "embedding": [len(text), 0.1]} for n, text in enumerate(texts_of(body))]
    usage = {"prompt_tokens": sum(map(len, texts_of(body)))}
    return ModelReply(body=json.dumps({"data": data[::-1], "model": "v", "usage": usage}).encode())


def request(text: str) -> Request:
    """A text to be embedded."""
    return Request(
        "v", "v", (Turn("user", text),), Decoding(1), role="embedder", place=text, stage="s", form="embedding"
    )


async def ask_all(gateway: Gateway, texts: list[str]) -> list[Outcome]:
    """All at once."""
    came: dict[str, Outcome] = {}

    async def one(text: str) -> None:
        came[text] = await gateway.ask(request(text))

    async with anyio.create_task_group() as group:
        for text in texts:
            group.start_soon(one, text)
    return [came[text] for text in texts]


async def served(
    folder: Path,
    texts: list[str],
    respond: Callable[[Body], ModelReply],
    budget: Budget | None = None,
    batch: int | None = None,
) -> tuple[list[Outcome], ModelServer]:
    """What comes of texts at a server."""
    with model_server(respond, ("/embeddings",)) as server:
        endpoint = Endpoint(
            base_url=server.base_url, share_limits=False, concurrency=2, patience_s=0.05,
            embedding_batch=batch, prices={"v": Price(input=1, output=0)},
        )  # fmt: skip
        async with open_gateway({"v": endpoint}, folder, budget or Budget(), on_notice=lambda _: None) as gateway:
            return await ask_all(gateway, texts), server


async def test_texts_that_wait_together_go_together(tmp_path: Path) -> None:
    """40 texts are two requests and 40 calls in the journal, with the tokens that were told; none is asked again."""
    texts = ["x" * n for n in range(1, 41)]
    outcomes, server = await served(tmp_path, texts, vectors)
    again, idle = await served(tmp_path, texts, vectors)
    calls = list(read_calls(tmp_path))

    assert [(n, 0.1) for n in range(1, 41)] == [
        (int(outcome.vector[0]), round(outcome.vector[1], 6)) for outcome in outcomes if isinstance(outcome, Answer)
    ]
    assert (2, 0) == (server.count, idle.count)
    assert [outcome.key for outcome in outcomes] == [outcome.key for outcome in again]
    assert (40, sum(range(1, 41))) == (len(calls), sum(outcome.usage.input_tokens for outcome in outcomes))


async def test_a_call_embeds_as_many_texts_as_the_settings_allow(tmp_path: Path) -> None:
    """Fewer where a provider takes fewer, or one each."""
    texts = ["x" * n for n in range(1, 41)]
    _, few = await served(tmp_path / "few", texts, vectors, batch=10)
    _, single = await served(tmp_path / "single", texts, vectors, batch=1)

    assert (10, 1) == (max(map(len, map(texts_of, few.bodies))), max(map(len, map(texts_of, single.bodies))))
    assert 40 == single.count


@pytest.mark.parametrize("status", [400, 500])
async def test_a_text_that_is_refused_is_found(tmp_path: Path, status: int) -> None:
    """By halves; all others have their vectors."""

    def respond(body: Body) -> ModelReply:
        return ModelReply("not this", status=status) if "bad" in texts_of(body) else vectors(body)

    texts = ["bad", *("x" * n for n in range(1, 32))]
    outcomes, server = await served(tmp_path, texts, respond)

    assert [0] == [place for place, outcome in enumerate(outcomes) if isinstance(outcome, NoAnswer)]
    assert server.count < 24


async def test_an_endpoint_that_takes_few_texts_is_sent_few(tmp_path: Path) -> None:
    """What it takes is found out, and kept to."""

    def respond(body: Body) -> ModelReply:
        return vectors(body) if len(texts_of(body)) <= 8 else ModelReply("batch too large", status=413)

    outcomes, server = await served(tmp_path, ["x" * n for n in range(1, 400)], respond)

    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert [8] * 10 == [len(texts_of(body)) for body in server.bodies[-14:-4]]


async def test_a_cap_holds_for_all_texts_of_a_request(tmp_path: Path) -> None:
    """Requests are counted by attempts, tokens by what all texts could take."""
    outcomes, _ = await served(tmp_path / "a", ["x" * n for n in range(1, 41)], vectors, Budget(calls=2, tokens=50_000))
    assert 40 == len(outcomes)

    with pytest.raises(ExceptionGroup) as caught:
        await served(tmp_path / "b", ["x" * n for n in range(1, 41)], vectors, Budget(tokens=500))
    assert caught.group_contains(BudgetReached)
    assert sum(call.input_tokens for call in read_calls(tmp_path / "b")) <= 500
