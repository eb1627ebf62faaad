"""Garbage in, a failure of the taxonomy or an outcome out: for every form, whatever a server sends."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.outcomes import Answer, Outcome
from autoevol.agents.gateway.requests import Decoding, Form, Request, Turn
from autoevol.agents.gateway.wire import anthropic, chat, embeddings
from autoevol.agents.gateway.wire.failures import Failure
from autoevol.agents.gateway.wire.given import WAYS
from autoevol.agents.gateway.wire.quirks import Quirks
from autoevol.agents.gateway.wire.transport import WireReply

Read = Callable[[WireReply, Request, str, str], Outcome]
TEXT = "one two"


def _several(reply: WireReply, request: Request, key: str, replica: str) -> Outcome:
    found = chat.outcomes_of(reply, [request] * 3, [key] * 3, replica)
    assert 1 <= len(found) <= 3
    return found[-1]


READERS: dict[str, tuple[Form, Read]] = {
    "chat": ("chat", chat.outcome_of),
    "several": ("chat", _several),
    "completion": ("completion", chat.outcome_of),
    "embedding": ("embedding", embeddings.outcome_of),
    "anthropic": ("chat", anthropic.outcome_of),
    **{f"given text {number}": ("given_text", way.read) for number, way in enumerate(WAYS)},
}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([10**400, -1.5]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


def _near(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Any JSON, or an object with some of these fields."""
    return values | st.fixed_dictionaries({}, optional=fields)


def _rows(row: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return values | st.lists(row, max_size=3)


tokens = _rows(st.sampled_from(["one", " two", "\ufffd"]) | values)
scored = _near(tokens=tokens, token_logprobs=_rows(values), text_offset=values)
message = _near(content=values, refusal=values, reasoning=values, reasoning_content=values)
entry = st.dictionaries(st.text(max_size=3), _near(logprob=values, decoded_token=st.sampled_from(["one", " two"])))
choice = _near(
    message=message, text=values, finish_reason=values, logprobs=scored, prompt_logprobs=_rows(st.none() | entry)
)
usage = _near(
    prompt_tokens=values, completion_tokens=values, input_tokens=values, output_tokens=values,
    prompt_tokens_details=values, cache_read_input_tokens=values,
)  # fmt: skip
block = _near(type=st.sampled_from(["text", "thinking"]) | values, text=values, thinking=values)
meta = _near(input_token_logprobs=_rows(_rows(values)), prompt_tokens=values, completion_tokens=values)
near_replies = _near(
    choices=_rows(choice), usage=usage, model=values, system_fingerprint=values, error=values, content=_rows(block),
    stop_reason=values, data=_rows(_near(embedding=_rows(values))), meta_info=meta, prompt_logprobs=_rows(entry),
)  # fmt: skip


def _survives(read: Read, form: Form, status: int, body: bytes) -> None:
    request = Request("default", "m", (Turn("user", TEXT),), Decoding(50), form=form)
    reply = WireReply(status, {}, body)
    try:
        outcome = read(reply, request, "key", "here")
    except Failure as failure:
        sent: dict[str, object] = {"temperature": 0, "messages": [], "max_tokens": 5, "n": 2}
        Quirks().learn("m", sent, reply, failure)
        return
    used = outcome.usage
    assert 0 <= used.cached_tokens <= used.input_tokens <= 2**42
    assert 0 <= used.output_tokens <= 2**40
    if isinstance(outcome, Answer):
        (outcome.text + outcome.reasoning + outcome.model + "".join(score.token for score in outcome.scores)).encode()
        assert all(math.isfinite(value) for value in outcome.vector)
        assert all(score.logprob is None or score.logprob <= 0 for score in outcome.scores)
        assert outcome.text.strip() or outcome.vector


@pytest.mark.parametrize("name", READERS)
def test_bytes_become_a_failure(name: str) -> None:
    """Of any status; most are no JSON."""
    form, read = READERS[name]

    @settings(deadline=None, max_examples=50)
    @given(st.just(200) | st.integers(100, 599), st.binary() | st.text().map(str.encode))
    def check(status: int, body: bytes) -> None:
        _survives(read, form, status, body)

    check()


@pytest.mark.parametrize("name", READERS)
def test_json_near_an_answer_becomes_an_outcome_or_a_failure(name: str) -> None:
    """Right names, wrong kinds of values; numbers without an end, halves of characters."""
    form, read = READERS[name]

    @settings(deadline=None, max_examples=60)
    @given(st.just(200) | st.integers(100, 599), near_replies | values)
    @example(200, {"data": [{"embedding": [float("nan")]}]})
    @example(200, {"data": [{"embedding": [10**400]}]})
    @example(200, {"content": [{"type": "text", "text": "\ud800"}]})
    def check(status: int, body: object) -> None:
        _survives(read, form, status, json.dumps(body).encode())

    check()


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("depth", [50, 200, 400, 800, 100_000])
def test_what_is_nested_deeply_is_read_or_refused(name: str, depth: int) -> None:
    """JSON that is parsed just so must not break what looks at it afterwards."""
    form, read = READERS[name]
    deep = "[" * depth + "]" * depth
    names = ("choices", "usage", "model", "error", "content", "stop_reason", "data", "meta_info")

    for field in names:
        for status in (200, 400, 429):
            _survives(read, form, status, f'{{"{field}": {deep}}}'.encode())
    _survives(
        read, form, 200, f'{{"choices": [{{"message": {{"content": {deep}}}, "finish_reason": {deep}}}]}}'.encode()
    )


def test_a_million_tokens_are_read_in_time() -> None:
    """The check whether tokens are those of the text does not grow with their square."""
    rows = ["no"] * 300_000
    body = {"choices": [{"logprobs": {"tokens": rows, "token_logprobs": [-1.0] * len(rows)}}]}
    reply = WireReply(200, {}, json.dumps(body).encode())
    request = Request("default", "m", (Turn("user", "x" * 1_000_000),), Decoding(50), form="given_text")

    with pytest.raises(Failure):
        WAYS[0].read(reply, request, "key", "here")
