"""Bodies and replies of the OpenAI chat form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.outcomes import Answer, NoAnswer, Outcome, Usage
from autoevol.agents.gateway.requests import Decoding, Request, Turn, provider_seed
from autoevol.agents.gateway.wire.chat import body_of, outcome_of
from autoevol.agents.gateway.wire.failures import Failure
from autoevol.agents.gateway.wire.transport import WireReply

REQUEST = Request("default", "m", (Turn("system", "be kind"), Turn("user", "hello")), Decoding(50))


def _read(body: object, status: int = 200) -> Outcome:
    return outcome_of(WireReply(status, {}, json.dumps(body).encode()), REQUEST, "key", "here")


def _completion(content: object = "fine", finish: object = "stop", **more: object) -> dict[str, Any]:
    message = {"role": "assistant", "content": content, **more}
    usage = {"prompt_tokens": 7, "completion_tokens": 3}
    return {"choices": [{"message": message, "finish_reason": finish}], "usage": usage, "model": "m-1"}


def test_a_body_holds_what_was_said_and_nothing_else() -> None:
    """None is left out; the seed derives from the sample."""
    assert {
        "model": "m",
        "messages": [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hello"}],
        "max_tokens": 50,
        "temperature": 0.0,
        "seed": provider_seed(0),
    } == body_of(REQUEST)


def test_a_body_holds_every_setting() -> None:
    """Top-p, stop strings and the schema as `response_format`."""
    decoding = Decoding(9, 0.5, 0.9, ("END",), '{"type": "object"}')

    body = body_of(Request("default", "m", (Turn("user", "x"),), decoding, sample=3))

    schema = {"name": "answer", "strict": True, "schema": {"type": "object"}}
    assert (0.9, ["END"], provider_seed(3)) == (body["top_p"], body["stop"], body["seed"])
    assert {"type": "json_schema", "json_schema": schema} == body["response_format"]


def test_a_schema_that_is_not_json_is_said() -> None:
    """It is a mistake of who asks, not of the model."""
    with pytest.raises(UsageError, match="not JSON"):
        body_of(Request("default", "m", (Turn("user", "x"),), Decoding(9, json_schema="{")))


def test_an_answer_is_read_whole() -> None:
    """Text, usage with its parts, the model that served it, its fingerprint."""
    body = _completion()
    body["usage"] |= {
        "prompt_tokens_details": {"cached_tokens": 5},
        "completion_tokens_details": {"reasoning_tokens": 2},
    }
    body["system_fingerprint"] = "fp"

    assert Answer("key", "fine", usage=Usage(7, 3, 5, 2), model="m-1", fingerprint="fp", replica="here") == _read(body)


@pytest.mark.parametrize(
    ("expected", "content", "more"),
    [
        (("fine", "because"), "<think>because</think>\n\nfine", {}),
        (("fine", "because"), "fine", {"reasoning_content": "because"}),
        (("fine", "because"), "fine", {"reasoning": "because"}),
        (("fine </think> so", ""), "fine </think> so", {}),
        (("fine", ""), [{"type": "text", "text": "fi"}, {"type": "text", "text": "ne"}, {"type": "image"}], {}),
        (("I will not", ""), None, {"refusal": "I will not"}),
        (("bad \ufffd pair", ""), "bad \ud800 pair", {}),
    ],
)
def test_a_reasoning_trace_is_kept_apart(expected: tuple[str, str], content: object, more: dict[str, object]) -> None:
    """A leading block or a field of its own; a refusal is a text; half a surrogate pair is replaced."""
    answer = _read(_completion(content, **more))

    assert isinstance(answer, Answer)
    assert expected == (answer.text, answer.reasoning)


@pytest.mark.parametrize(
    ("expected", "content", "finish"),
    [
        ("empty", "", "stop"),
        ("empty", None, "stop"),
        ("empty", " \n ", "stop"),
        ("empty", "<think>for ever", "length"),
        ("empty", {"a": 1}, "stop"),
        ("content_filter", "so far", "content_filter"),
    ],
)
def test_a_call_can_end_without_an_answer(expected: str, content: object, finish: str) -> None:
    """It is an outcome, with the tokens it took."""
    outcome = _read(_completion(content, finish))

    assert isinstance(outcome, NoAnswer)
    assert (expected, Usage(7, 3)) == (outcome.reason, outcome.usage)


def test_a_cut_answer_says_so() -> None:
    """`length` is the finish of the answer."""
    answer = _read(_completion("so far", "length"))

    assert isinstance(answer, Answer)
    assert "length" == answer.finish


@pytest.mark.parametrize(
    "usage",
    [None, {}, [], "7", {"prompt_tokens": -1, "completion_tokens": 3}, {"prompt_tokens": True, "completion_tokens": 1},
     {"prompt_tokens": 1e300, "completion_tokens": 3}, {"prompt_tokens": 10**30, "completion_tokens": 3}],
)  # fmt: skip
def test_a_usage_that_cannot_be_is_estimated(usage: object) -> None:
    """And marked as such, within what the call could take."""
    found = _read({**_completion(), "usage": usage}).usage

    assert found.estimated
    assert 0 < found.input_tokens < 200
    assert 0 < found.output_tokens <= 50


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ("rate_limit", {"error": {"code": 429, "message": "upstream"}}),
        ("server_error", {"error": {"message": "upstream"}}),
        ("server_error", {"error": "upstream", "choices": []}),
        ("quota", {"error": {"code": 402, "message": "no credits"}}),
        ("server_error", _completion("half", "error")),
    ],
)
def test_an_error_under_status_200_is_an_error(expected: str, body: object) -> None:
    """Some providers pass errors of those behind them on that way."""
    with pytest.raises(Failure) as caught:
        _read(body)

    assert expected == caught.value.kind


OTHER_FORMS: list[object] = [
    [],
    "x",
    3,
    None,
    {},
    {"choices": []},
    {"choices": [3]},
    {"choices": [{}]},
    {"choices": {}},
]


@pytest.mark.parametrize("body", OTHER_FORMS)
def test_json_of_another_form_is_unreadable(body: object) -> None:
    """It is tried again; the provider may have charged for it."""
    with pytest.raises(Failure) as caught:
        _read(body)

    assert ("unreadable_reply", True) == (caught.value.kind, caught.value.charged)


@pytest.mark.parametrize("deep", [b'{"choices":' + b"[" * 100_000, b"[" * 100_000, b'{"a":' * 50_000, b"1" * 10_000])
def test_deep_and_endless_json_is_unreadable(deep: bytes) -> None:
    """No recursion error, no conversion error."""
    with pytest.raises(Failure):
        outcome_of(WireReply(200, {}, deep), REQUEST, "key", "here")
    with pytest.raises(Failure):
        outcome_of(WireReply(400, {}, deep), REQUEST, "key", "here")
