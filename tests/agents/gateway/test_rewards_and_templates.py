"""Two forms beside answers: what a reward model gives a chat, and a chat as the server's template writes it out."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from autoevol.agents.gateway.endpoints import Endpoint
from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.outcomes import Answer
from autoevol.agents.gateway.requests import Decoding, Form, Request, Turn
from autoevol.agents.gateway.wire.callers import WireCaller, make_caller
from autoevol.agents.gateway.wire.failures import Failure
from autoevol.agents.gateway.wire.transport import HttpTransport
from tests.model_server import Body, ModelReply, ModelServer, model_server

_CHAT = (Turn("user", "Ask."), Turn("assistant", "Answer."))
_SGLANG: object = [{"embedding": [-3.25], "meta_info": {"prompt_tokens": 7}}]


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """One that knows all paths."""
    with model_server(served=("/classify", "/pooling", "/apply-template")) as running:
        yield running


@asynccontextmanager
async def _calling(server: ModelServer) -> AsyncGenerator[WireCaller]:
    endpoint = Endpoint(base_url=server.base_url)
    transport = HttpTransport("default", endpoint, server.base_url, None)
    yield make_caller("default", endpoint, transport)
    await transport.aclose()


def _asked(form: Form = "reward", turns: tuple[Turn, ...] = _CHAT) -> Request:
    return Request("default", "m", turns, Decoding(1), form=form)


def _says(value: object) -> ModelReply:
    return ModelReply(body=json.dumps(value).encode())


def _always(reply: ModelReply) -> Callable[[Body], ModelReply]:
    def respond(_: Body) -> ModelReply:
        return reply

    return respond


_NOT_HERE = ModelReply("not here", status=404)


@pytest.mark.parametrize(
    ("reply", "reward"),
    [
        ({"data": [{"probs": [1.5], "label": None}], "usage": {"prompt_tokens": 4}}, 1.5),
        (_SGLANG, -3.25),
        ({"embedding": [0.5]}, 0.5),
    ],
)
async def test_a_reward_is_one_number(server: ModelServer, reply: object, reward: float) -> None:
    """In whatever form the server gives it; unbounded scores are asked for, and messages sent as messages."""
    server.respond = _always(_says(reply))
    async with _calling(server) as caller:
        outcome = await caller.call(_asked(), "key")

    assert isinstance(outcome, Answer)
    assert (reward,) == outcome.vector
    assert "/classify" == server.paths[0]
    assert [{"role": "user", "content": "Ask."}, {"role": "assistant", "content": "Answer."}] == server.bodies[0][
        "messages"
    ]
    assert server.bodies[0]["use_activation"] is False


async def test_a_bare_text_goes_as_bare_text(server: ModelServer) -> None:
    """Under the names of both servers."""
    server.respond = _always(_says(_SGLANG))
    async with _calling(server) as caller:
        await caller.call(_asked(turns=(Turn("user", "<u>Ask.<a>Answer.<e>"),)), "key")

    assert "<u>Ask.<a>Answer.<e>" == server.bodies[0]["text"] == server.bodies[0]["input"]
    assert "messages" not in server.bodies[0]


async def test_the_other_way_is_tried_once_and_kept(server: ModelServer) -> None:
    """Where there is no `/classify`, the last token's row of `/pooling` is taken."""
    pooled = _says({"data": [{"data": [[9.0], [2.5]]}], "usage": {"prompt_tokens": 4}})

    def respond(body: Body) -> ModelReply:
        return _NOT_HERE if "use_activation" in body else pooled

    server.respond = respond
    async with _calling(server) as caller:
        with pytest.raises(Failure) as failure:
            await caller.call(_asked(), "key")
        outcomes = [await caller.call(_asked(), "key") for _ in range(2)]

    assert "adapted" == failure.value.kind
    assert [(2.5,), (2.5,)] == [outcome.vector for outcome in outcomes if isinstance(outcome, Answer)]
    assert ["/classify", "/pooling", "/pooling"] == server.paths


async def test_a_server_without_a_reward_model_stops_the_session(server: ModelServer) -> None:
    """And the person is told what else there is; probabilities of several labels are no reward."""
    server.respond = _always(_NOT_HERE)
    async with _calling(server) as caller:
        for _ in range(2):
            with pytest.raises(Failure, match="not by"):
                await caller.call(_asked(), "key")
        with pytest.raises(UsageError, match="serves no reward model") as error:
            await caller.call(_asked(), "key")
    assert "judge" in error.value.fix

    server.respond = _always(_says({"data": [{"probs": [0.2, 0.8]}]}))
    async with _calling(server) as caller:
        with pytest.raises(Failure, match="2 numbers"):
            await caller.call(_asked(), "key")


async def test_the_servers_template_is_told_or_not(server: ModelServer) -> None:
    """That it is not told is an outcome of the call and no end of the session."""
    server.respond = _always(_says({"prompt": "<u>Ask.<a>"}))
    async with _calling(server) as caller:
        outcome = await caller.call(_asked("rendered", _CHAT[:1]), "key")
        assert isinstance(outcome, Answer)
        assert "<u>Ask.<a>" == outcome.text
        server.respond = _always(_NOT_HERE)
        with pytest.raises(Failure) as failure:
            await caller.call(_asked("rendered", _CHAT[:1]), "key")
    assert "bad_request" == failure.value.kind


async def test_limits_of_the_draw_that_a_server_refuses_are_left_out(server: ModelServer) -> None:
    """Once, and every answer says so."""

    def respond(body: Body) -> ModelReply:
        if "min_p" in body:
            return ModelReply("Unrecognized request argument supplied: min_p", status=400)
        return _says({"choices": [{"text": "on", "finish_reason": "stop"}]})

    with model_server(respond, ("/completions",)) as plain:
        async with _calling(plain) as caller:
            limits = Decoding(5, extra='{"min_p": 0.05, "top_k": -1}')
            request = Request("default", "m", (Turn("user", "Go"),), limits, form="completion")
            with pytest.raises(Failure, match="no min_p"):
                await caller.call(request, "key")
            outcome = await caller.call(request, "key")

    assert isinstance(outcome, Answer)
    assert ("no min_p",) == outcome.adapted
    assert -1 == plain.bodies[1]["top_k"]
