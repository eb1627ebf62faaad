"""A small run with trackers, on a model server of its own, and a collector that keeps the spans it is sent."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from autoevol.optimizer.pages.watcher import QuietWatcher
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.session import Ending, create_run, run
from tests.optimizer.small_run import write_config

__all__ = ["Collector", "Heard", "begun", "collector", "go_on"]


class Heard(QuietWatcher):
    """Keeps the lines for the person."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, line: str) -> None:
        """Keep it."""
        self.lines.append(line)


class Collector:
    """What came in, as the protocol has it.

    Attributes:
        status: that it answers with.
    """

    def __init__(self) -> None:
        self.status = 200
        self.raw: list[bytes] = []
        self.address = ""

    @property
    def spans(self) -> list[Any]:
        """All spans, in the order in which they came."""
        asked = [ExportTraceServiceRequest.FromString(raw) for raw in self.raw]
        return [
            span
            for each in asked
            for resource in each.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The attributes of the spans of calls."""
        return [found for span in self.spans if "gen_ai.operation.name" in (found := attributes(span))]


def attributes(span: Any) -> dict[str, Any]:
    """By name; a list as a list."""
    found: dict[str, Any] = {}
    for each in span.attributes:
        kind = each.value.WhichOneof("value")
        value = getattr(each.value, kind)
        found[each.key] = [one.string_value for one in value.values] if kind == "array_value" else value
    return found


@contextmanager
def collector() -> Generator[Collector]:
    """It listens as long as the block lasts."""
    kept = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            raw = gzip.decompress(raw) if self.headers.get("content-encoding") == "gzip" else raw
            if kept.status == 200 and self.path == "/v1/traces":
                kept.raw.append(raw)
            self.send_response(kept.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name of the standard library
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield kept
    server.shutdown()
    server.server_close()
    thread.join()


def begun(folder: Path, base_url: str, track: dict[str, Any], **said: Any) -> Path:
    """A new run of one step."""
    config = write_config(folder, base_url)
    return create_run(resolve(config, {"track": track, **said}), folder / "runs")


async def go_on(folder: Path, watcher: QuietWatcher | None = None, **said: Any) -> Ending:
    """Run it, or go on with it."""
    return await run(folder, watcher or QuietWatcher(), said=said)
