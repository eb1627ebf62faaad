"""Every form over the wire: against the simulated provider, and against servers that answer otherwise."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from autoevol.agents.gateway.endpoints import Abilities, Endpoint
from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.outcomes import Answer, NoAnswer, Outcome, Usage
from autoevol.agents.gateway.requests import Decoding, Form, Request, Turn
from autoevol.agents.gateway.simulated.provider.running import Running, serve
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings
from autoevol.agents.gateway.wire.callers import WireCaller, make_caller
from autoevol.agents.gateway.wire.failures import Failure
from autoevol.agents.gateway.wire.transport import HttpTransport, WireReply
from tests.model_server import Body, ModelReply, ModelServer, model_server

TEXT = "The cat sat on the mat because the cat was tired."
ALL_PATHS = ("/completions", "/generate", "/embeddings", "/messages")


def _request(form: Form = "chat", text: str = TEXT, **decoding: Any) -> Request:
    return Request("default", "m", (Turn("user", text),), Decoding(60, **decoding), form=form)


@asynccontextmanager
async def _calling(base_url: str, **settings: Any) -> AsyncGenerator[WireCaller]:
    endpoint = Endpoint(base_url=base_url, **settings)
    transport = HttpTransport("default", endpoint, base_url, None)
    yield make_caller("default", endpoint, transport)
    await transport.aclose()


async def _answer(caller: WireCaller, request: Request) -> Answer:
    """The answer, however often the request must be changed for it."""
    for _ in range(9):
        try:
            outcome = await caller.call(request, "key")
        except Failure as failure:
            if failure.kind != "adapted":
                raise
        else:
            assert isinstance(outcome, Answer)
            return outcome
    raise AssertionError("never answered")


def _received(provider: Running) -> object:
    return provider.stats()["received"]


async def test_each_form_is_answered_by_a_provider() -> None:
    """A chat, a raw completion, an embedding and the scores of a text, each with what it took."""
    async with serve(ProviderSettings()) as provider, _calling(provider.base_url) as caller:
        chat = await _answer(caller, _request())
        completion = await _answer(caller, _request("completion"))
        vector = await _answer(caller, _request("embedding"))
        given = await _answer(caller, _request("given_text"))

    assert chat.text
    assert completion.text
    assert "fp_sim" == chat.fingerprint == completion.fingerprint
    assert ("", 64) == (vector.text, len(vector.vector))
    assert TEXT == given.text == "".join(score.token for score in given.scores)
    assert given.scores[0].logprob is None
    assert all(score.logprob is not None and score.logprob < 0 for score in given.scores[1:])
    assert not any(answer.usage.estimated for answer in (chat, completion, vector, given))


@pytest.mark.parametrize(
    ("expected", "tries", "refused"), [("echo", 1, ""), ("vllm", 3, "echo"), ("sglang", 4, "echo,prompt_logprobs")]
)
async def test_the_way_to_the_scores_is_found_and_kept(expected: str, tries: int, refused: str) -> None:
    """Each refusal costs one call, once; all ways give the same tokens."""
    async with serve(ProviderSettings()) as plain, _calling(plain.base_url) as caller:
        wanted = await _answer(caller, _request("given_text"))
    async with serve(ProviderSettings(refuse=refused)) as provider, _calling(provider.base_url) as caller:
        first = await _answer(caller, _request("given_text"))
        assert tries == _received(provider)
        await _answer(caller, _request("given_text", "Something else."))

        assert tries + 1 == _received(provider)
        assert expected == caller.given_text_way("m")
    assert [score.token for score in wanted.scores] == [score.token for score in first.scores]
    # SGLang's own form names no model, of which the provider makes the scores.
    assert (wanted.scores == first.scores) == (expected != "sglang")


async def test_what_the_doctor_found_is_tried_alone() -> None:
    """An endpoint known to speak vLLM's way is not asked in another."""
    abilities = {"m": Abilities(given_text="vllm")}
    async with serve(ProviderSettings()) as provider, _calling(provider.base_url, abilities=abilities) as caller:
        await _answer(caller, _request("given_text"))

        assert ("vllm", 1) == (caller.given_text_way("m"), _received(provider))


async def test_an_endpoint_without_scores_stops_the_session() -> None:
    """It says so, and once it is known nothing is sent any more."""
    settings = ProviderSettings(absent="completions,generate")
    async with serve(settings) as provider, _calling(provider.base_url) as caller:
        for _ in range(2):
            with pytest.raises(UsageError, match="no log-probabilities of a given text"):
                await _answer(caller, _request("given_text"))

        assert 4 == _received(provider)


async def test_a_server_that_scores_its_own_words_is_found_out() -> None:
    """`echo` passed over: the scores are of another text."""
    scored = {"tokens": [" I", " think"], "token_logprobs": [-1.0, -2.0]}
    reply = {"choices": [{"text": " I think", "logprobs": scored}], "usage": {"prompt_tokens": 9}}
    with model_server(lambda _: ModelReply(body=json.dumps(reply).encode()), ALL_PATHS) as server:
        async with _calling(server.base_url) as caller:
            with pytest.raises(UsageError):
                await _answer(caller, _request("given_text"))

    assert ["/v1/completions"] * 3 + ["/generate"] == server.paths


async def test_one_token_more_is_cut_off() -> None:
    """Where nothing may be written, one is, and its score is nobody's."""

    def respond(body: Body) -> ModelReply:
        if body["max_tokens"] == 0:
            return ModelReply("max_tokens must be at least 1", status=400)
        tokens, values = ["<s>", "Hello", " you", " there"], [None, -1.0, -2.0, -9.0]
        choice = {"text": "Hello you there", "logprobs": {"tokens": tokens, "token_logprobs": values}}
        usage = {"prompt_tokens": 3, "completion_tokens": 1}
        return ModelReply(body=json.dumps({"choices": [choice], "usage": usage}).encode())

    with model_server(respond, ALL_PATHS) as server:
        async with _calling(server.base_url) as caller:
            answer = await _answer(caller, _request("given_text", "Hello you"))

    assert [("<s>", None), ("Hello", -1.0), (" you", -2.0)] == [(s.token, s.logprob) for s in answer.scores]
    assert Usage(3, 1) == answer.usage


async def test_a_text_without_a_token_is_not_sent() -> None:
    """It has no scores; the call ends, the session goes on."""
    with model_server(served=ALL_PATHS) as server:
        async with _calling(server.base_url) as caller:
            with pytest.raises(Failure) as caught:
                await caller.call(_request("given_text", ""), "key")

    assert ("bad_request", 0) == (caught.value.kind, server.count)


# ---------------------------------------------------------------- several answers of one call


async def test_several_samples_of_one_call_are_booked_exactly() -> None:
    """Each choice is an outcome of its own; their usages together are what was reported."""
    requests = [replace(_request(), sample=sample) for sample in range(4)]
    seen: list[WireReply] = []
    async with serve(ProviderSettings()) as provider:
        endpoint = Endpoint(base_url=provider.base_url)
        transport = HttpTransport("default", endpoint, provider.base_url, None)
        caller = make_caller("default", endpoint, transport, lambda _, reply: seen.append(reply), "here")
        outcomes = await caller.call_many(requests, ["a", "b", "c", "d"])
        await transport.aclose()

    reported = json.loads(seen[0].body)["usage"]
    assert ["a", "b", "c", "d"] == [outcome.key for outcome in outcomes]
    assert (reported["prompt_tokens"], reported["completion_tokens"]) == _sum(outcomes)
    assert [0, 0, 0] == [outcome.usage.input_tokens for outcome in outcomes[1:]]
    assert {"here"} == {outcome.replica for outcome in outcomes if isinstance(outcome, Answer)}


def _sum(outcomes: list[Outcome]) -> tuple[int, int]:
    usages = [outcome.usage for outcome in outcomes]
    return sum(usage.input_tokens for usage in usages), sum(usage.output_tokens for usage in usages)


async def test_choices_that_cannot_be_read_leave_the_others_alone() -> None:
    """An empty one is an outcome; garbage is passed over, and the list is shorter."""
    rows: list[object] = [
        {"message": {"content": "one"}, "finish_reason": "stop"},
        "garbage",
        {"message": {"content": ""}, "finish_reason": "stop"},
        {"message": {"content": "three"}, "finish_reason": "length"},
    ]
    body = {"choices": rows, "usage": {"prompt_tokens": 5, "completion_tokens": 7}}
    with model_server(lambda _: ModelReply(body=json.dumps(body).encode())) as server:
        async with _calling(server.base_url) as caller:
            outcomes = await caller.call_many([_request()] * 4, ["a", "b", "c", "d"])

    assert [("a", Answer), ("b", NoAnswer), ("c", Answer)] == [(outcome.key, type(outcome)) for outcome in outcomes]
    assert (5, 7) == _sum(outcomes)


async def test_who_gives_one_answer_is_asked_for_one() -> None:
    """Whether `n` is refused or passed over, the next calls are sent without it."""
    refusing = [ModelReply("'n' : number must be at most 1", status=400), None]
    with model_server() as silent, model_server() as open_about_it:
        open_about_it.faults.extend(refusing)
        first = await _twice(silent)
        second = await _twice(open_about_it)

    assert ([1, 1], [3, None]) == first
    assert ([0, 1], [3, None]) == second


async def _twice(server: ModelServer) -> tuple[list[int], list[object]]:
    found: list[int] = []
    async with _calling(server.base_url) as caller:
        for _ in range(2):
            try:
                found.append(len(await caller.call_many([_request()] * 3, ["a", "b", "c"])))
            except Failure as failure:
                assert "adapted" == failure.kind  # noqa: PT017
                found.append(0)
    return found, [body.get("n") for body in server.bodies]


# ---------------------------------------------------------------- Anthropic


async def test_anthropics_own_messages_are_spoken() -> None:
    """The provider takes it, and the cached share is of all input tokens."""
    settings = ProviderSettings(cached=0.5)
    async with serve(settings) as provider, _calling(provider.base_url, wire="anthropic") as caller:
        request = replace(_request(), turns=(Turn("system", "Be kind. " * 50), Turn("user", TEXT)))
        answer = await _answer(caller, request)

    assert answer.text
    assert answer.usage.input_tokens > answer.usage.cached_tokens > 0


async def test_anthropics_body_has_its_own_form() -> None:
    """System turns apart and marked, stop sequences, the schema in the config, no seed."""
    message = {
        "type": "message", "model": "c-1", "stop_reason": "max_tokens",
        "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Fi"},
                    {"type": "text", "text": "ne"}],
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 70, "cache_creation_input_tokens": 20,
                  "output_tokens": 4},
    }  # fmt: skip
    turns = (Turn("system", "Be kind."), Turn("user", "a"), Turn("assistant", "b"), Turn("user", "c"))
    request = replace(_request(stop=("END",), temperature=1.5, json_schema='{"type": "object"}'), turns=turns)
    with model_server(lambda _: ModelReply(body=json.dumps(message).encode()), ALL_PATHS) as server:
        async with _calling(server.base_url, wire="anthropic") as caller:
            answer = await _answer(caller, request)
            await _answer(caller, replace(request, turns=turns[1:]))
        async with _calling(server.base_url, wire="anthropic", cache_prompts=False) as caller:
            await _answer(caller, request)

    marked, unmarked = {"type": "ephemeral"}, server.bodies[2]
    assert {
        "model": "m",
        "messages": [{"role": turn.speaker, "content": turn.text} for turn in turns[1:]],
        "max_tokens": 60,
        "temperature": 1.0,
        "system": [{"type": "text", "text": "Be kind.", "cache_control": marked}],
        "stop_sequences": ["END"],
        "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
    } == server.bodies[0]
    assert [{"type": "text", "text": "b", "cache_control": marked}] == server.bodies[1]["messages"][1]["content"]
    assert "cache_control" not in json.dumps(unmarked)
    assert ("Fine", "hm", "length", "c-1") == (answer.text, answer.reasoning, answer.finish, answer.model)
    assert Usage(100, 4, 70, written_tokens=20) == answer.usage


@pytest.mark.parametrize(
    ("expected", "body"),
    [
        ("content_filter", {"content": [], "stop_reason": "refusal"}),
        ("empty", {"content": [], "stop_reason": "end_turn"}),
        ("empty", {"content": [{"type": "thinking", "thinking": "long"}], "stop_reason": "max_tokens"}),
    ],
)
async def test_anthropic_can_end_without_an_answer(expected: str, body: object) -> None:
    """A refusal by its filter, or nothing."""
    with model_server(lambda _: ModelReply(body=json.dumps(body).encode()), ALL_PATHS) as server:
        async with _calling(server.base_url, wire="anthropic") as caller:
            outcome = await caller.call(_request(), "key")

    assert isinstance(outcome, NoAnswer)
    assert (expected, True) == (outcome.reason, outcome.usage.estimated)


@pytest.mark.parametrize("form", ["completion", "given_text", "embedding"])
async def test_a_form_that_an_endpoint_has_not_is_said(form: Form) -> None:
    """Anthropic speaks in messages only."""
    async with _calling("http://127.0.0.1:1/v1", wire="anthropic") as caller:
        with pytest.raises(UsageError, match="'default'"):
            await caller.call(_request(form), "key")


# ---------------------------------------------------------------- further fields


async def test_further_fields_are_sent() -> None:
    """As the settings name them, in every form."""
    request = _request(extra='{"reasoning_effort": "low", "top_k": 5}')
    with model_server() as server:
        async with _calling(server.base_url) as caller:
            await _answer(caller, request)

    assert ("low", 5) == (server.bodies[0]["reasoning_effort"], server.bodies[0]["top_k"])


@pytest.mark.parametrize("extra", ["{", "[]", "3", '{"model": "x"}', '{"n": 2}', '{"stream": true}', "[" * 100_000])
@pytest.mark.parametrize("form", ["chat", "completion", "given_text", "embedding"])
async def test_further_fields_that_cannot_be_are_said(form: Form, extra: str) -> None:
    """They change nothing of what is asked of whom."""
    async with _calling("http://127.0.0.1:1/v1") as caller:
        with pytest.raises(UsageError, match="extra fields"):
            await caller.call(_request(form, extra=extra), "key")
