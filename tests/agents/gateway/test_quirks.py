"""What models refuse, in the words of many providers, and what requests are sent without after that."""

from __future__ import annotations

import json

import pytest

from autoevol.agents.gateway.endpoints import Abilities, Endpoint
from autoevol.agents.gateway.outcomes import Answer
from autoevol.agents.gateway.requests import Decoding, Request, Turn
from autoevol.agents.gateway.wire.callers import WireCaller, make_caller
from autoevol.agents.gateway.wire.failures import Failure
from autoevol.agents.gateway.wire.quirks import Quirks
from autoevol.agents.gateway.wire.transport import HttpTransport, WireReply
from tests.model_server import Body, ModelReply, model_server

SCHEMA = '{"type": "object"}'
REQUEST = Request("default", "m", (Turn("user", "hello"),), Decoding(9, 0.5, 0.9, ("END",), SCHEMA))
FORM: dict[str, object] = {"type": "json_schema", "json_schema": {"name": "answer"}}
BODY: dict[str, object] = {
    "messages": [], "max_tokens": 9, "temperature": 0.5, "top_p": 0.9, "seed": 7, "stop": ["END"], "n": 2,
    "response_format": FORM,
}  # fmt: skip


def _learn(quirks: Quirks, said: object, body: dict[str, object] | None = None, status: int = 400) -> Failure:
    raw = said.encode() if isinstance(said, str) else json.dumps(said).encode()
    failure = Failure("bad_request", "status 400")
    return quirks.learn("m", dict(BODY if body is None else body), WireReply(status, {}, raw), failure)


def _error(message: str, param: str | None = None, code: str | None = None) -> dict[str, object]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ("no temperature", _error("Unsupported value: 'temperature' does not support 0.5 with this model. Only the"
                                  " default (1) value is supported.", "temperature", "unsupported_value")),
        ("no temperature", {"type": "error", "error": {"type": "invalid_request_error",
                                                       "message": "`temperature` is deprecated for this model."}}),
        ("no temperature", _error("`temperature` may only be set to 1 when thinking is enabled.")),
        ("no top_p", {"type": "error", "error": {"type": "invalid_request_error", "message":
                      "`temperature` and `top_p` cannot both be specified for this model. Please use only one."}}),
        ("max_completion_tokens", _error("Unsupported parameter: 'max_tokens' is not supported with this model. Use"
                                         " 'max_completion_tokens' instead.", "max_tokens", "unsupported_parameter")),
        ("no seed", _error("Unrecognized request argument supplied: seed")),
        ("no seed", {"object": "error", "message": {"detail": [
            {"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra inputs are not permitted"}]}}),
        ("no seed", {"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "no"}]}),
        ("no seed", _error('Invalid JSON payload received. Unknown name "seed": Cannot find field.')),
        ("no stop", _error("Argument not supported on this model: stop")),
        ("no stop", _error("Unsupported parameter: 'stop' is not supported with this model.", "stop")),
        ("no n", _error("'n' : number must be at most 1")),
        ("no n", _error("Only one completion choice is allowed")),
        ("json_object", _error("Invalid parameter: 'response_format' of type 'json_schema' is not supported with this"
                               " model.", "response_format")),
        ("json_object", _error("This response_format type is unavailable now")),
        ("json_object", "json_schema is not supported"),
    ],
)  # fmt: skip
def test_a_refusal_is_understood(expected: str, said: object) -> None:
    """What is named as not taken is left out from now on, and the same call is worth sending again."""
    quirks = Quirks()

    assert "adapted" == _learn(quirks, said).kind
    assert (expected,) == quirks.learned("m")


@pytest.mark.parametrize(
    "said",
    [
        _error("Invalid value for temperature: expected a number in [0, 2]", "temperature"),
        _error("max_tokens is too large: 9000. This model supports at most 4096 completion tokens."),
        _error("Unsupported value: 'messages[0].role' does not support 'system' with this model.", "messages.[0].role"),
        _error("Invalid prompt: 'Please stop. The seed of a plant is not supported by n sticks.'"),
        _error("Unsupported parameter: 'reasoning_effort' is not supported with this model.", "reasoning_effort"),
        _error("x" * 500 + " Unsupported parameter: 'temperature'"),
        "",
        [],
    ],
)
def test_another_fault_teaches_nothing(said: object) -> None:
    """A value that is wrong, a parameter that is not ours, a prompt that is repeated."""
    quirks = Quirks()

    assert "bad_request" == _learn(quirks, said).kind
    assert () == quirks.learned("m")


def test_what_was_not_sent_cannot_be_to_blame() -> None:
    """A server that repeats its refusal ends the call, and calls that were on their way are sent again."""
    quirks, refusal = Quirks(), _error("Unsupported parameter: 'seed'", "seed")
    _learn(quirks, refusal)

    again = _learn(quirks, refusal)
    without = _learn(quirks, refusal, {name: value for name, value in BODY.items() if name != "seed"})

    assert ("adapted", "bad_request") == (again.kind, without.kind)
    assert ("no seed",) == quirks.learned("m")


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_only_a_bad_request_teaches(status: int) -> None:
    """Whatever the words of another status are."""
    quirks = Quirks()
    _learn(quirks, _error("Unsupported parameter: 'seed'"), status=status)

    assert () == quirks.learned("m")


def test_json_is_asked_for_ever_more_loosely() -> None:
    """By a schema, as any object, not at all."""
    quirks, refusal = Quirks(), _error("response_format is not supported")
    forms: list[object] = []
    last = Failure("connection", "")
    for _ in range(3):
        body = dict(BODY)
        quirks.apply("m", body)
        forms.append(body.get("response_format"))
        last = _learn(quirks, refusal, body)

    assert [FORM, {"type": "json_object"}, None] == forms
    assert "bad_request" == last.kind


def test_anthropics_schema_goes_with_its_config() -> None:
    """What else stands in the config stays."""
    quirks = Quirks()
    body: dict[str, object] = {"output_config": {"effort": "low", "format": {"type": "json_schema"}}}

    assert "adapted" == _learn(quirks, _error("output_config.format: not supported"), body).kind
    assert ("no response_format",) == quirks.apply("m", body)
    assert {"output_config": {"effort": "low"}} == body


def test_what_the_doctor_found_is_known_from_the_start() -> None:
    """And says what it changed in each body, nothing where it changed nothing."""
    found = Abilities(refused=("no temperature", "max_completion_tokens"), json_schema=False, json_object=True, n=False)
    quirks = Quirks({"m": found})
    body = dict(BODY)

    applied = quirks.apply("m", body)

    assert ("no temperature", "max_completion_tokens", "json_object", "no n") == applied
    assert {"messages", "max_completion_tokens", "top_p", "seed", "stop", "response_format"} == body.keys()
    assert () == quirks.apply("m", {"messages": []})
    assert () == quirks.apply("other", dict(BODY))


# ---------------------------------------------------------------- over the wire


def _picky(body: Body) -> ModelReply:
    """A reasoning model: it refuses one thing after another."""
    for name in ("temperature", "top_p", "max_tokens", "stop"):
        if name in body:
            error = _error(f"Unsupported parameter: '{name}' is not supported with this model.", name)
            return ModelReply(status=400, body=json.dumps(error).encode())
    return ModelReply("fine")


async def _until_answered(caller: WireCaller, request: Request) -> tuple[Answer, int]:
    for sent in range(1, 10):
        try:
            outcome = await caller.call(request, "key")
        except Failure as failure:
            if failure.kind != "adapted":
                raise
            continue
        assert isinstance(outcome, Answer)
        return outcome, sent
    raise AssertionError("never answered")


async def test_a_picky_model_costs_one_call_a_parameter_and_no_row() -> None:
    """The first answer takes five calls, the second one, and both say what was changed."""
    words = ("no temperature", "no top_p", "max_completion_tokens", "no stop")
    with model_server(_picky) as server:
        endpoint = Endpoint(base_url=server.base_url)
        transport = HttpTransport("default", endpoint, server.base_url, None)
        caller = make_caller("default", endpoint, transport)
        first, took = await _until_answered(caller, REQUEST)
        second, took_then = await _until_answered(caller, REQUEST)
        await transport.aclose()

    assert (5, 1) == (took, took_then)
    assert (words, words, words) == (first.adapted, second.adapted, caller.quirks.learned("m"))


async def test_a_server_that_refuses_everything_gets_one_call_a_prompt() -> None:
    """A plain 400 teaches nothing."""
    with model_server(lambda _: ModelReply("no such luck", status=400)) as server:
        endpoint = Endpoint(base_url=server.base_url)
        transport = HttpTransport("default", endpoint, server.base_url, None)
        caller = make_caller("default", endpoint, transport)
        for _ in range(3):
            with pytest.raises(Failure) as caught:
                await caller.call(REQUEST, "key")
            assert "bad_request" == caught.value.kind
        await transport.aclose()

    assert 3 == server.count
