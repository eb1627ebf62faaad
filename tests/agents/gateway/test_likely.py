"""Log-probabilities of an answer's tokens: asked for, read, kept, and done without where an endpoint refuses them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.books.packing import pack_outcome, unpack_outcome
from autoevol.agents.gateway.endpoints import Abilities
from autoevol.agents.gateway.outcomes import Answer, Likely
from autoevol.agents.gateway.requests import Decoding, Request, Turn, request_key
from autoevol.agents.gateway.wire.chat import body_of, outcome_of
from autoevol.agents.gateway.wire.failures import classify
from autoevol.agents.gateway.wire.quirks import Quirks
from autoevol.agents.gateway.wire.transport import WireReply

PLAIN = Request("e", "m", (Turn("user", "Mark it."),), Decoding(8))
SCORED = replace(PLAIN, decoding=Decoding(8, top_logprobs=3))
LIKELY = st.lists(
    st.builds(
        Likely, st.text(max_size=4),
        st.lists(st.tuples(st.text(max_size=4), st.floats(-50, 0)), min_size=1, max_size=3).map(tuple),
    ),
    min_size=1, max_size=4,
).map(tuple)  # fmt: skip


def reply(logprobs: object) -> WireReply:
    """A completion with these log-probabilities."""
    choice = {"message": {"content": "4"}, "finish_reason": "stop", "logprobs": logprobs}
    return WireReply(
        200, {}, json.dumps({"choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}).encode()
    )


def read(logprobs: object, request: Request = SCORED) -> tuple[Likely, ...]:
    """What an answer says of its tokens."""
    outcome = outcome_of(reply(logprobs), request, "k", "")
    assert isinstance(outcome, Answer)
    return outcome.likely


def test_they_are_another_call() -> None:
    """Asked for only where they are wanted; the keys of all other calls stay as they were."""
    body = body_of(SCORED)

    assert (True, 3) == (body["logprobs"], body["top_logprobs"])
    assert not {"logprobs", "top_logprobs"} & body_of(PLAIN).keys()
    assert not {"logprobs"} & body_of(replace(SCORED, form="completion")).keys()
    assert request_key(PLAIN) != request_key(SCORED)
    assert "14a7ef4c" == request_key(PLAIN)[:8]


def test_they_are_read_where_they_are_whole() -> None:
    """One token that cannot be read makes them none; and nobody reads what was not asked for."""
    top = [{"token": "4", "logprob": -0.5}, {"token": "5", "logprob": 0.1}]
    token: dict[str, Any] = {"token": "4", "logprob": -0.5, "top_logprobs": top}

    assert (Likely("4", (("4", -0.5), ("5", 0.0))),) == read({"content": [token]})
    assert () == read({"content": [token]}, PLAIN)
    spoiled: list[object] = [
        None, {}, {"content": 3}, {"content": [token, {"token": 4}]}, {"content": [{**token, "top_logprobs": []}]},
    ]  # fmt: skip
    assert [()] * 5 == [read(each) for each in spoiled]


@given(LIKELY)
@settings(max_examples=25)
def test_the_journal_keeps_them(likely: tuple[Likely, ...]) -> None:
    """As they came; half of a surrogate pair never comes so far."""
    answer = Answer("k", "4", likely=likely)

    assert answer == unpack_outcome(pack_outcome(answer), Answer("k", ""))


@pytest.mark.parametrize("words", [
    "This model does not support logprobs.", "Unsupported parameter: 'top_logprobs' is not supported with this model.",
    "logprobs is not supported in this endpoint",
])  # fmt: skip
def test_a_model_that_refuses_them_is_asked_without(words: str) -> None:
    """From then on, in chats alone: of a given text they are the matter."""
    quirks, body = Quirks(), body_of(SCORED)
    refusal = WireReply(400, {}, json.dumps({"error": {"message": words}}).encode())
    failure = quirks.learn("m", body, refusal, classify(400, {}, refusal.body, datetime.now(UTC)))
    given_text: dict[str, object] = {"prompt": "x", "logprobs": 1, "echo": True}

    assert "adapted" == failure.kind
    assert ("no logprobs",) == quirks.apply("m", body) == quirks.learned("m")
    assert not {"logprobs", "top_logprobs"} & body.keys()
    assert () == quirks.apply("m", given_text)
    assert ("no logprobs",) == Quirks({"m": Abilities(logprobs=False)}).learned("m")
