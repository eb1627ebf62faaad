"""A run as a trace: spans for the session, its steps and parts, and every call. Only this file imports `opentelemetry`.

Names are those of OpenTelemetry's semantic conventions for generative AI (gen_ai.*, status: development), of our own
things `autoevol.*`. All sessions of a run are one trace. A call that the journal answers is no span: nothing was
called. So a step or part has a span where a call was made in it. Texts are in no span unless that is asked for.
"""

from __future__ import annotations

import json
import logging
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

from ...agents.gateway.endpoints import Endpoint
from ...agents.gateway.errors import StorageError
from ...agents.gateway.outcomes import Answer, Outcome
from ...agents.gateway.requests import Form, Request
from ..pages.files import RunFiles
from ..pages.records import StatusRecord
from ..record.keys import hide_keys
from ..record.settings import Settings
from .figures import steps_of
from .news import Began, CallEnded, News, PartBegan, StepDecided
from .notes import Notes

__all__ = ["ToOtel", "call_attributes", "text_attributes"]

_AT_ONCE = 512
_MOST_KEPT = 5_000  # news, and spans, while the collector does not answer
_PATH = "/v1/traces"
_OPERATIONS: Mapping[Form, str] = {
    "chat": "chat", "rendered": "chat", "completion": "text_completion", "given_text": "text_completion",
    "embedding": "embeddings", "reward": "reward",
}  # fmt: skip
# The library's own words go to whoever listens to its logger, and not onto the terminal.
logging.getLogger("opentelemetry").addHandler(logging.NullHandler())


class _Kept(SpanProcessor):
    """Ended spans until they are exported; the oldest go where there are too many."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.lost = 0

    def on_end(self, span: ReadableSpan) -> None:
        """Keep it."""
        self.spans.append(span)
        if len(self.spans) > _MOST_KEPT:
            del self.spans[0]
            self.lost += 1


class _OneTrace(RandomIdGenerator):
    """Every span of a run is in the same trace, whichever session it is of."""

    def __init__(self, trace: int) -> None:
        self._trace = trace

    def generate_trace_id(self) -> int:
        """That of the run."""
        return self._trace


class ToOtel:
    """See `courier.Tracker`.

    Args:
        settings: of the run.
        folder: of the run.
        exporter: takes the spans; None for OTLP over HTTP.
    """

    def __init__(self, settings: Settings, folder: Path, exporter: SpanExporter | None = None) -> None:
        self._settings = settings
        self._folder = folder
        self._exporter = exporter or OTLPSpanExporter(_endpoint(settings.track.otel))
        self._kept = _Kept()
        resource = Resource.create({"service.name": "autoevol", "autoevol.run": folder.name})
        provider = TracerProvider(
            resource=resource, id_generator=_OneTrace(_trace_of(folder)), shutdown_on_exit=False
        )  # fmt: skip
        provider.add_span_processor(self._kept)
        self._tracer = provider.get_tracer("autoevol")
        self._providers = {name: _provider(endpoint) for name, endpoint in settings.endpoints.items()}
        self._news: list[News] = []
        self._session: Span | Any = None
        self._step: tuple[int, Any] | None = None
        self._part: Any = None
        self._place: tuple[int, int | None, str] = (0, None, "")

    def hear(self, news: News) -> None:
        """Spans are made of it when they are sent."""
        if len(self._news) < _MOST_KEPT or not isinstance(news, CallEnded):
            self._news.append(news)
        else:
            self._kept.lost += 1

    def send(self, *, last: bool) -> None:
        """Export what there is.

        Raises:
            StorageError: the collector did not take it; the spans are kept.
        """
        news, self._news = self._news, []
        for each in news:
            self._span(each)
        if last:
            self._end()
        kept = self._kept.spans
        while kept:
            batch = kept[:_AT_ONCE]
            if self._exporter.export(batch) is not SpanExportResult.SUCCESS:
                raise StorageError("The collector of OpenTelemetry did not take the spans.",
                                   fix="See whether it is there and speaks OTLP over HTTP.")  # fmt: skip
            del kept[: len(batch)]
        if last:
            self._exporter.shutdown()
        if self._kept.lost:
            lost, self._kept.lost = self._kept.lost, 0
            raise StorageError(f"{lost:,} spans came in while the collector did not answer, and were dropped.")

    def _span(self, news: News) -> None:
        match news:
            case Began():
                attributes = {"autoevol.recipe": self._settings.recipe, "autoevol.profile": self._settings.profile}
                self._session = self._tracer.start_span(
                    f"autoevol {self._folder.name}", attributes=attributes, start_time=news.at
                )
            case PartBegan():
                self._leave(news.at, news.step)
                self._place = (news.at, news.step, news.name)
            case CallEnded():
                self._call(news)
            case StepDecided():
                self._decided(news)

    def _call(self, news: CallEnded) -> None:
        request, outcome = news.request, news.outcome
        provider = self._providers.get(_served_by(request, outcome), {})
        attributes = {**call_attributes(request, outcome), **provider}
        if self._settings.track.texts:
            attributes |= text_attributes(request, outcome)
        span = self._tracer.start_span(
            f"{attributes['gen_ai.operation.name']} {request.model}", context=set_span_in_context(self._where()),
            kind=SpanKind.CLIENT, attributes=attributes, start_time=news.at - int(outcome.seconds * 1e9),
        )  # fmt: skip
        if not isinstance(outcome, Answer):
            span.set_status(Status(StatusCode.ERROR, outcome.reason))
        span.end(news.at)

    def _where(self) -> Any:
        """The span of the part that goes on, begun with its first call; that of its step before."""
        at, step, name = self._place
        if not name:
            return self._session
        if step is not None and self._step is None:
            self._step = (step, self._begun(f"step {step + 1}", self._session, at, {"autoevol.step": step + 1}))
        if self._part is None:
            above = self._step[1] if self._step else self._session
            self._part = self._begun(name, above, at, {"autoevol.part": name})
        return self._part

    def _begun(self, name: str, above: Any, at: int, attributes: dict[str, Any]) -> Any:
        context = set_span_in_context(above) if above is not None else None
        return self._tracer.start_span(name, context=context, attributes=attributes, start_time=at)

    def _leave(self, at: int, step: int | None) -> None:
        """The part is over, and its step where the next part is of another one."""
        if self._part is not None:
            self._part.end(at)
            self._part = None
        if self._step is not None and self._step[0] != step:
            self._step[1].end(at)
            self._step = None

    def _decided(self, news: StepDecided) -> None:
        if self._step is None or self._step[0] != news.step:
            return
        for one in steps_of(self._folder):
            if (one.place, one.step) == (news.place, news.step + 1):
                figures = {f"autoevol.{name.replace('/', '.')}": value for name, value in one.figures.items()}
                self._step[1].set_attributes(figures)
        self._leave(news.at, None)

    def _end(self) -> None:
        self._leave(time.time_ns(), None)
        if self._session is not None:
            status = RunFiles(self._folder).record("status.json", StatusRecord) or StatusRecord()
            self._session.set_attribute("autoevol.state", status.state)
            self._session.end()
            self._session = None


def call_attributes(request: Request, outcome: Outcome) -> dict[str, Any]:
    """What the conventions say of a call, and where in the run it was asked; no text of it."""
    decoding, usage = request.decoding, outcome.usage
    found: dict[str, Any] = {
        "gen_ai.operation.name": _OPERATIONS[request.form], "gen_ai.request.model": request.model,
        "gen_ai.request.max_tokens": decoding.max_tokens, "gen_ai.request.temperature": decoding.temperature,
        "gen_ai.usage.input_tokens": usage.input_tokens, "gen_ai.usage.output_tokens": usage.output_tokens,
        "autoevol.role": request.role, "autoevol.stage": request.stage, "autoevol.place": request.place,
        "autoevol.call": outcome.key[:12], "autoevol.sample": request.sample,
    }  # fmt: skip
    if decoding.top_p is not None:
        found["gen_ai.request.top_p"] = decoding.top_p
    if request.form == "chat":
        found["gen_ai.output.type"] = "json" if decoding.json_schema else "text"
    if usage.cached_tokens:
        found["gen_ai.usage.cache_read.input_tokens"] = usage.cached_tokens
    if usage.written_tokens:
        found["gen_ai.usage.cache_creation.input_tokens"] = usage.written_tokens
    if usage.reasoning_tokens:
        found["gen_ai.usage.reasoning.output_tokens"] = usage.reasoning_tokens
    if outcome.cost is not None:
        found["autoevol.usd"] = outcome.cost
    if isinstance(outcome, Answer):
        found["gen_ai.response.finish_reasons"] = (outcome.finish,)
        found |= {"gen_ai.response.model": outcome.model} if outcome.model else {}
        found |= {"autoevol.fallback": outcome.fallback} if outcome.fallback else {}
    else:
        found["error.type"] = outcome.reason
    return found


def text_attributes(request: Request, outcome: Outcome) -> dict[str, str]:
    """Prompt and answer, in the form of the conventions, without what looks like a key."""
    asked = [{"role": turn.speaker, "parts": _parts(("text", turn.text))} for turn in request.turns]
    found = {"gen_ai.input.messages": json.dumps(asked, ensure_ascii=False)}
    if isinstance(outcome, Answer) and (outcome.text or outcome.reasoning):
        parts = _parts(("reasoning", outcome.reasoning), ("text", outcome.text))
        said = [{"role": "assistant", "parts": parts, "finish_reason": outcome.finish}]
        found["gen_ai.output.messages"] = json.dumps(said, ensure_ascii=False)
    return {name: text.encode("utf-8", "replace").decode() for name, text in found.items()}


def _parts(*texts: tuple[str, str]) -> list[dict[str, str]]:
    return [{"type": kind, "content": hide_keys(text)} for kind, text in texts if text]


def _served_by(request: Request, outcome: Outcome) -> str:
    return (outcome.fallback if isinstance(outcome, Answer) else "") or request.endpoint


def _provider(endpoint: Endpoint) -> dict[str, Any]:
    """Who serves the models of an endpoint, as far as its settings tell, and where."""
    if endpoint.base_url is None:
        return {
            "gen_ai.provider.name": "llama.cpp" if endpoint.local else "onnxruntime" if endpoint.packaged else "script"
        }
    parts = urlsplit(endpoint.base_url)
    host = parts.hostname or ""
    name = "anthropic" if endpoint.wire == "anthropic" else "openai"
    name = "azure.ai.openai" if host.endswith(".openai.azure.com") else name
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return {"gen_ai.provider.name": name, "server.address": host, "server.port": port}


def _endpoint(said: bool | str) -> str | None:
    """The address of the traces; None for what the library's own variables say."""
    if not isinstance(said, str):
        return None
    return said if said.rstrip("/").endswith(_PATH) else said.rstrip("/") + _PATH


def _trace_of(folder: Path) -> int:
    """The trace of the run, drawn when it is asked for first."""
    notes = Notes(folder, "otel")
    try:
        trace = int(notes.run, 16)
    except ValueError:
        trace = 0
    if not 0 < trace < 1 << 128:
        trace = secrets.randbits(128) or 1
        notes.run = f"{trace:032x}"
        notes.save()
    return trace
