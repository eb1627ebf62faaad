"""Log-probabilities of a given text in every form that servers have, and those that belong to other tokens."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from autoevol.agents.gateway.endpoints import Endpoint
from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.outcomes import Answer, TokenScore
from autoevol.agents.gateway.requests import Decoding, Request, Turn
from autoevol.agents.gateway.wire.alignment import KNOWN, SHUFFLED, MisalignedScores, misaligned, shifted
from autoevol.agents.gateway.wire.callers import WireCaller, make_caller
from autoevol.agents.gateway.wire.failures import Failure
from autoevol.agents.gateway.wire.transport import HttpTransport
from tests.model_server import Body, ModelReply, model_server
from tests.student import BOS, Form, logprobs, reply, tokens_of

Respond = Callable[[Body], ModelReply]
PATHS = ("/completions", "/generate")


@asynccontextmanager
async def _caller(respond: Respond) -> AsyncGenerator[WireCaller]:
    with model_server(respond, PATHS) as server:
        endpoint = Endpoint(base_url=server.base_url)
        transport = HttpTransport("default", endpoint, server.base_url, None)
        try:
            yield make_caller("default", endpoint, transport)
        finally:
            await transport.aclose()


async def _one(caller: WireCaller, text: str) -> tuple[TokenScore, ...]:
    """The scores of a text, however often another way must be tried for them."""
    request = Request("default", "m", (Turn("user", text),), Decoding(1), form="given_text")
    for _ in range(6):
        try:
            answer = await caller.call(request, "key")
        except Failure as failure:
            if failure.kind != "adapted":
                raise
        else:
            assert isinstance(answer, Answer)
            return answer.scores
    raise AssertionError("never answered")


async def _scores(form: Form, *texts: str) -> list[tuple[TokenScore, ...]]:
    """What comes of texts at a server of this form."""
    async with _caller(lambda body: reply(body, form)) as caller:
        return [await _one(caller, text) for text in texts]


def _own(text: str) -> tuple[TokenScore, ...]:
    return tuple(map(TokenScore, tokens_of(text), logprobs(text)))


@pytest.mark.parametrize("form", ["openai", "together", "vllm", "sglang"])
async def test_every_form_gives_the_same_scores(form: Form) -> None:
    """Token for token what the student thinks, and the probe says yes."""
    known, shuffled = await _scores(form, KNOWN, SHUFFLED)

    assert (_own(KNOWN), _own(SHUFFLED)) == (known, shuffled)
    assert "" == misaligned(known, shuffled)


async def test_a_server_that_shifts_by_one_is_refused() -> None:
    """llama-cpp-python's, where nothing stands before the text: it tells which token it expected, one too late."""
    with pytest.raises(MisalignedScores, match="shifted by one"):
        await _scores("llama-cpp-python", KNOWN)


async def test_with_its_mark_of_beginning_the_same_server_is_right() -> None:
    """The mark is taken from the tokens, so that pairs fit; what was written on is cut off."""
    known, shuffled = await _scores("llama-cpp-python", BOS + KNOWN, BOS + SHUFFLED)

    assert tokens_of(KNOWN) == [score.token for score in known]
    assert [None, *logprobs(BOS + KNOWN)[2:]] == [score.logprob for score in known]
    assert "" == misaligned(known, shuffled)


def _shifted(text: str) -> list[TokenScore]:
    """Each token beside what was expected after it, as far as the student knows."""
    values = logprobs(text + " so")[1:]
    own = dict(zip(tokens_of(text), tokens_of(text)[1:], strict=False))
    return [
        TokenScore(token, None if place == 0 else value if own.get(token) == token else -7.5)
        for place, (token, value) in enumerate(zip(tokens_of(text), values, strict=True))
    ]


def test_the_probe_needs_no_word_of_the_server_to_refuse_a_shift() -> None:
    """Shifted figures hold the known text for as unlikely as its words in disorder."""
    assert "apart" in misaligned(_shifted(KNOWN), _shifted(SHUFFLED))


def _with(scores: Sequence[TokenScore], place: int, value: float | None) -> list[TokenScore]:
    return [TokenScore(s.token, value) if at == place else s for at, s in enumerate(scores)]


def _flat(text: str) -> list[TokenScore]:
    return [TokenScore(score.token, -1.0) for score in _own(text)]


@pytest.mark.parametrize(
    ("known", "shuffled", "words"),
    [
        (_own(SHUFFLED), _own(SHUFFLED), "not the text"),
        (_own(KNOWN)[:-1], _own(SHUFFLED), "not the text"),
        ((), (), "not the text"),
        (_with(_own(KNOWN), 5, None), _own(SHUFFLED), "no log-probability"),
        (_own(KNOWN), _with(_own(SHUFFLED), 5, math.nan), "apart"),
        (_flat(KNOWN), _flat(SHUFFLED), "apart"),
    ],
)  # fmt: skip
def test_anything_but_a_clear_yes_is_a_no(
    known: Sequence[TokenScore], shuffled: Sequence[TokenScore], words: str
) -> None:
    """Other tokens, missing figures, figures that are none, figures that say nothing."""
    assert words in misaligned(known, shuffled)


def test_both_texts_have_the_same_words() -> None:
    """Only their order differs, so only that can be what makes one unlikely."""
    assert sorted(KNOWN.split()) == sorted(SHUFFLED.split())
    assert KNOWN != SHUFFLED


def test_a_text_that_repeats_itself_is_not_taken_for_a_shift() -> None:
    """The expected token is that of this place and of the next."""
    assert not shifted(["ha"] * 20, ["ha"] * 20)
    assert shifted(list("abcdefghij"), list("bcdefghijk"))
    assert not shifted(list("abcdefghij"), list("abcdefghij"))
    assert not shifted(list("abcdefghij"), [None] * 10)


async def test_a_server_without_such_scores_is_named() -> None:
    """OpenAI's way, without log-probabilities: the session cannot go on."""
    async with _caller(lambda _: ModelReply("I think.", body=b'{"choices": [{"text": "so"}]}')) as caller:
        with pytest.raises(UsageError, match="no log-probabilities"):
            await _one(caller, KNOWN)
