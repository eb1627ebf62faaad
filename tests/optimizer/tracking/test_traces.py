"""Spans as a collector gets them: one for every call, in their parts, steps and sessions, without texts."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from autoevol.agents.gateway.books.journal import read_calls
from autoevol.agents.gateway.endpoints import Endpoint
from autoevol.agents.gateway.outcomes import Answer, NoAnswer, Usage
from autoevol.agents.gateway.requests import Decoding, Request, Turn
from autoevol.optimizer.record.settings import Settings, TrackSettings
from autoevol.optimizer.tracking.news import Began, CallEnded, PartBegan
from autoevol.optimizer.tracking.to_otel import ToOtel, call_attributes, text_attributes
from tests.actors import act
from tests.model_server import ModelServer, model_server
from tests.optimizer.small_run import results
from tests.optimizer.tracking.tracked_run import Collector, Heard, attributes, begun, collector, go_on


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """Models that play all roles."""
    with model_server(act) as server:
        yield server


@pytest.fixture
def sink() -> Iterator[Collector]:
    """It keeps what it gets."""
    with collector() as sink:
        yield sink


async def test_every_call_is_one_span_in_its_part_step_and_session(
    tmp_path: Path, server: ModelServer, sink: Collector
) -> None:
    """And all of them are one trace."""
    folder = begun(tmp_path, server.base_url, {"otel": sink.address})
    await go_on(folder)
    spans = {span.span_id: span for span in sink.spans}
    session = [span for span in spans.values() if not span.parent_span_id]

    assert [call.key[:12] for call in read_calls(folder)] != []
    assert Counter(call.key[:12] for call in read_calls(folder)) == Counter(
        call["autoevol.call"] for call in sink.calls
    )
    assert [f"autoevol {folder.name}"] == [span.name for span in session]
    assert 1 == len({span.trace_id for span in spans.values()})
    for span in spans.values():
        found = attributes(span)
        if found.get("autoevol.stage", "").startswith("steps/"):
            part = spans[span.parent_span_id]
            step = spans[part.parent_span_id]
            assert ("step 1", session[0].span_id) == (step.name, step.parent_span_id)
            assert part.start_time_unix_nano <= span.end_time_unix_nano <= part.end_time_unix_nano
    assert {"batch", "dev", "test", "apply", "step 1"} <= {span.name for span in spans.values()}
    assert {"finished"} == {attributes(span)["autoevol.state"] for span in session}


async def test_a_step_tells_its_decision(tmp_path: Path, server: ModelServer, sink: Collector) -> None:
    """With the interval that decided."""
    folder = begun(tmp_path, server.base_url, {"otel": sink.address})
    await go_on(folder)
    (step,) = [attributes(span) for span in sink.spans if span.name == "step 1"]
    decision = json.loads((folder / "steps/000/decision.json").read_text(encoding="utf-8"))

    assert decision["standings"][0]["mean"] == step["autoevol.dev.incumbent"]
    assert float(decision["accepted"] is not None) == step["autoevol.accepted"]


async def test_no_text_of_prompts_or_answers_is_sent(tmp_path: Path, server: ModelServer, sink: Collector) -> None:
    """Unless it is asked for; then it is in the form of the conventions."""
    await go_on(begun(tmp_path, server.base_url, {"otel": sink.address}))
    sent = b"".join(sink.raw)
    sink.raw.clear()
    (tmp_path / "more").mkdir()
    await go_on(begun(tmp_path / "more", server.base_url, {"otel": f"{sink.address}/v1/traces", "texts": True}))
    messages = json.loads(sink.calls[0]["gen_ai.input.messages"])

    assert b"balls" not in sent
    assert b"0011223344556677" not in sent
    assert {"role", "parts"} == set(messages[0])
    assert any("balls" in call["gen_ai.input.messages"] for call in sink.calls)
    assert any("gen_ai.output.messages" in call for call in sink.calls)


async def test_a_run_that_goes_on_continues_its_trace_and_repeats_nothing(
    tmp_path: Path, server: ModelServer, sink: Collector
) -> None:
    """Stopped by a cap in the middle; what the journal answers is no call."""
    folder = begun(tmp_path, server.base_url, {"otel": sink.address}, budget={"calls": 25})
    assert "stopped" == (await go_on(folder)).state
    before = len(sink.calls)
    assert "finished" == (await go_on(folder, budget={"calls": 1000})).state

    assert 0 < before < len(sink.calls)
    assert Counter(call.key[:12] for call in read_calls(folder)) == Counter(
        call["autoevol.call"] for call in sink.calls
    )
    assert 1 == len({span.trace_id for span in sink.spans})
    assert 2 == sum(not span.parent_span_id for span in sink.spans)


@pytest.mark.parametrize("trouble", ["refuses", "nobody"])
async def test_a_collector_that_fails_changes_nothing_and_is_told_of_once(
    tmp_path: Path, server: ModelServer, sink: Collector, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """The run is the same as without it."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    sink.status = 400
    heard = Heard()
    folder = begun(tmp_path, server.base_url, {"otel": sink.address if trouble == "refuses" else "http://127.0.0.1:9"})
    ending = await go_on(folder, heard)
    (tmp_path / "plain").mkdir()
    plain = begun(tmp_path / "plain", server.base_url, {})
    await go_on(plain)
    said = [line for line in heard.lines if "OpenTelemetry" in line]

    assert "finished" == ending.state
    assert 2 == len(said), said
    assert "cannot be told" in said[0]
    assert "has not heard all" in said[1]
    with_tracker = {name: text for name, text in results(folder).items() if not name.startswith("tracking/")}
    assert results(plain) == with_tracker


def _call(**more: object) -> Request:
    return Request("far", "m", (Turn("system", "s"), Turn("user", "u sk-abcdefgh12345678")), Decoding(9, 0.5), **more)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_attributes_are_those_of_the_conventions() -> None:
    """What is not known is left out; an empty outcome is an error with its reason."""
    answer = Answer("k" * 64, "t", usage=Usage(10, 5, 4, 3), cost=None, model="m-2026", seconds=1.5)
    found = call_attributes(_call(role="judge", stage="test", place="p"), answer)

    assert ("chat", "m", "m-2026", 10, 5, 4, 3, ("stop",)) == tuple(found[f"gen_ai.{name}"] for name in (
        "operation.name", "request.model", "response.model", "usage.input_tokens", "usage.output_tokens",
        "usage.cache_read.input_tokens", "usage.reasoning.output_tokens", "response.finish_reasons"))  # fmt: skip
    assert "autoevol.usd" not in found
    assert "refused" == call_attributes(_call(form="embedding"), NoAnswer("k", "refused"))["error.type"]  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert "embeddings" == call_attributes(_call(form="embedding"), answer)["gen_ai.operation.name"]


def test_texts_hold_no_key() -> None:
    """Where they are asked for."""
    found = text_attributes(_call(), Answer("k", "\ud800 an answer", reasoning="why"))

    assert "sk-abc" not in found["gen_ai.input.messages"]
    assert "reasoning" == json.loads(found["gen_ai.output.messages"])[0]["parts"][0]["type"]


@pytest.mark.parametrize(
    ("endpoint", "provider"),
    [
        (Endpoint(base_url="https://api.anthropic.com/v1", wire="anthropic"), "anthropic"),
        (Endpoint(base_url="https://x.openai.azure.com/openai/v1"), "azure.ai.openai"),
        (Endpoint(base_url="http://127.0.0.1:8000/v1"), "openai"),
        (Endpoint(local="smollm2-135m"), "llama.cpp"),
    ],
)
def test_who_served_a_call_is_told(tmp_path: Path, endpoint: Endpoint, provider: str) -> None:
    """As far as the settings know."""
    exporter = InMemorySpanExporter()
    tracker = ToOtel(Settings(endpoints={"far": endpoint}, track=TrackSettings(otel=True)), tmp_path, exporter)
    for news in (Began(1), PartBegan(2, None, "apply"), CallEnded(10**10, _call(), Answer("k", "t", seconds=2))):
        tracker.hear(news)
    tracker.send(last=True)
    (span,) = [span for span in exporter.get_finished_spans() if span.name == "chat m"]

    assert provider == (span.attributes or {})["gen_ai.provider.name"]
    assert 2 * 10**9 == (span.end_time or 0) - (span.start_time or 0)
