"""The examination of an endpoint, against the simulated provider and against servers that are none."""

from __future__ import annotations

from typing import Any

import pytest

from autoevol.agents.gateway.doctor import visit
from autoevol.agents.gateway.doctor.examining import MOST_CALLS, Reach, Trial, examine
from autoevol.agents.gateway.doctor.findings import Findings, FormTried
from autoevol.agents.gateway.endpoints import Abilities, Endpoint, Price
from autoevol.agents.gateway.errors import (
    AccessDenied,
    BudgetReached,
    EndpointDown,
    QuotaSpent,
    SessionStopped,
    UnknownModel,
)
from autoevol.agents.gateway.requests import Decoding, Turn
from autoevol.agents.gateway.simulated.provider.running import Running, serve
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings
from autoevol.agents.gateway.wire.transport import HttpTransport
from tests.model_server import ModelReply, model_server

SCHEMA = '{"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}'
TAGS = "Answer in this form:\n<evolved>the complete new text</evolved>"
TRIALS = [
    Trial("tags", (Turn("user", TAGS),), Decoding(50), lambda text: "<evolved>" in text),
    Trial("json", (Turn("user", "Answer as JSON."),), Decoding(50, json_schema=SCHEMA), lambda text: "{" in text),
]


async def _examined(base_url: str, *, most: int = MOST_CALLS, **settings: Any) -> Findings:
    endpoint = Endpoint(base_url=base_url, connect_s=2, **settings)
    transport = HttpTransport("default", endpoint, base_url, None)
    try:
        return await examine("default", endpoint, "m", Reach(transport), TRIALS, most)
    finally:
        await transport.aclose()


async def _of(provider: ProviderSettings, **settings: Any) -> Findings:
    async with serve(provider) as running:
        return await _examined(running.base_url, **settings)


def _accepted(provider: Running) -> object:
    return provider.stats()["accepted"]


# ---------------------------------------------------------------- what it can do


async def test_everything_that_an_endpoint_offers_is_found() -> None:
    """Abilities, limits, forms, speed, models, who served it, and what that took."""
    settings = ProviderSettings(rpm=60000, tpm=1e8, headers="openai", cached=0.5, models="m,n", served_model="m-2026")

    findings = await _of(settings, prices={"m": Price(input=1, output=1)})

    assert Abilities(
        json_schema=True, json_object=True, n=True, seed=True, logprobs=True, completions=True, embeddings=True,
        given_text="echo", cached_prompts=True,
    ) == findings.abilities  # fmt: skip
    assert (60000, 1e8) == (findings.announced.rpm, findings.announced.tpm)
    assert {"tags": FormTried(asked=1, kept=1), "json": FormTried(asked=1, kept=1)} == findings.forms
    assert (("m", "n"), "m-2026", "fp_sim") == (findings.models, findings.served, findings.fingerprint)
    assert () == findings.unasked
    assert findings.speed is not None
    assert findings.spent.usd is not None
    assert findings.spent.calls <= 15
    assert findings.spent.usd == pytest.approx((findings.spent.input_tokens + findings.spent.output_tokens) / 1e6)


async def test_what_is_refused_is_found_out_and_done_without() -> None:
    """A model that thinks: no temperature, another name for the bound."""
    findings = await _of(ProviderSettings(refuse="temperature,max_tokens,stop"))

    assert {"no temperature", "no stop", "max_completion_tokens"} == set(findings.abilities.refused)
    assert findings.abilities.json_schema


async def test_a_chat_without_json_is_tried_with_tags_alone() -> None:
    """Neither a schema nor JSON, one answer a call, nothing but chats."""
    settings = ProviderSettings(refuse="response_format,n,logprobs", absent="completions,embeddings")

    findings = await _of(settings)

    assert Abilities(
        json_schema=False, json_object=False, n=False, seed=True, logprobs=False, completions=False, embeddings=False,
        given_text="none", cached_prompts=False,
    ) == findings.abilities  # fmt: skip
    assert ["tags"] == list(findings.forms)


async def test_what_is_passed_over_without_a_word_is_noticed() -> None:
    """A seed that changes nothing, a schema that is not kept, a wish for two answers."""
    findings = await _of(ProviderSettings(ignore="seed,n,response_format,logprobs"))

    assert (None, False, False, False) == (
        findings.abilities.seed, findings.abilities.n, findings.abilities.json_schema, findings.abilities.logprobs
    )  # fmt: skip
    assert any("whatever the seed" in remark for remark in findings.remarks)
    assert any("does not keep to it" in remark for remark in findings.remarks)


async def test_anthropics_messages_are_chats_and_no_more() -> None:
    """What that form does not have is known without a call."""
    findings = await _of(ProviderSettings(headers="anthropic", rpm=60000, cached=0.5), wire="anthropic")

    assert Abilities(
        json_schema=findings.abilities.json_schema, json_object=False, n=False, seed=False, logprobs=False,
        completions=False, embeddings=False, given_text="none", cached_prompts=True,
    ) == findings.abilities  # fmt: skip
    assert 60000 == findings.announced.rpm


async def test_a_quota_of_a_day_is_told_apart_from_a_pace() -> None:
    """Groq counts requests by the day: one of 14,400 comes back after 6 s."""
    headers = {"limit": "14400", "remaining": "14399", "reset": "6s"}
    named = {f"x-ratelimit-{field}-requests": value for field, value in headers.items()}
    with model_server(lambda _: ModelReply("ready", headers=named)) as server:
        findings = await _examined(server.base_url, most=2)

    assert (None, {"requests": 14400}) == (findings.announced.rpm, findings.announced.quotas)


async def test_the_cap_on_calls_holds_and_says_what_it_left_out() -> None:
    """What matters most is asked first."""
    async with serve(ProviderSettings()) as running:
        findings = await _examined(running.base_url, most=4)
        received = _accepted(running)

    assert 4 == received == findings.spent.calls
    assert findings.abilities.json_schema
    assert findings.abilities.embeddings is None
    assert {"seed", "n", "logprobs", "completions", "given_text", "embeddings"} <= set(findings.unasked)


async def test_a_question_that_came_too_fast_is_put_again() -> None:
    """It counts once."""
    findings = await _of(ProviderSettings(faults="429=0.3", fault_retry_after_s=0))

    assert findings.abilities.embeddings
    assert findings.spent.calls <= 15


async def test_a_model_that_answers_nothing_is_told_apart_from_one_that_is_not_there() -> None:
    """All its tokens may go into thinking."""
    with model_server(lambda _: ModelReply(text="", finish="length")) as server:
        findings = await _examined(server.base_url)

    assert any("needs more max_tokens" in remark for remark in findings.remarks)


# ---------------------------------------------------------------- what cannot be examined


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (ModelReply("no such key", status=401), AccessDenied, "refuses the key"),
        (ModelReply("no such model", status=404), UnknownModel, "does not know the model 'm'"),
        (ModelReply("You exceeded: insufficient_quota", status=429), QuotaSpent, "no money or quota left"),
        (ModelReply("I am a teapot", status=400), EndpointDown, "I am a teapot"),
        (ModelReply(body=b"<html>hello</html>"), EndpointDown, "does not speak the form"),
    ],
)
async def test_an_endpoint_that_cannot_be_examined_says_why(
    reply: ModelReply, error: type[SessionStopped], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one sentence, with one on what to do, after the first call."""
    monkeypatch.setattr(visit, "_PAUSE_S", 0.0)
    with model_server(lambda _: reply) as server, pytest.raises(error, match=words) as caught:
        await _examined(server.base_url)

    assert caught.value.fix


async def test_a_cap_below_what_refusals_take_says_so() -> None:
    """Each refused parameter takes a call."""
    async with serve(ProviderSettings(refuse="temperature,max_tokens")) as running:
        with pytest.raises(BudgetReached, match="more parameters than there are calls"):
            await _examined(running.base_url, most=2)


async def test_an_address_where_nothing_is_says_so() -> None:
    """Once, with the address."""
    with pytest.raises(EndpointDown, match="is not there") as caught:
        await _examined("http://127.0.0.1:9/v1")

    assert 1 == caught.value.problem.count("http://127.0.0.1:9/v1")


async def test_a_wrong_name_is_answered_with_the_right_ones() -> None:
    """As far as the endpoint lists them."""
    async with serve(ProviderSettings(models="large,small")) as running:
        with pytest.raises(UnknownModel, match="It lists large, small"):
            await _examined(running.base_url)
