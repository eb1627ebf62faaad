"""What it costs to tell how a run goes: the same job with nothing, with status and messages as ever, with traces.

    python -m benchmarks.tracking --rounds 5
    python -m benchmarks.tracking --rounds 5 --latency 0.5

The job applies a method to 200 seeds on the simulated provider (400 calls, 16 at once). With answers after 50 ms it
keeps a core busy; with answers after half a second it waits, as sessions with real models do. Each job is a process
of its own, as are provider and collector; the ways take turns, and each round gives one ratio a way. CPU is user and
system time of the job's process, all its threads, from before its session to its end. What OpenTelemetry takes to be
imported is paid once a session and is told apart. Wall times say something on a quiet machine alone.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio

from autoevol.agents.gateway.simulated.provider.process import start_provider
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings
from autoevol.optimizer.pages.watcher import QuietWatcher
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.run import Run
from autoevol.optimizer.session import create_run, run
from autoevol.optimizer.steering import listener

from .gateway.tables import Table, median, percent, say

__all__ = ["main"]

_SEEDS = 200
_WAYS = {
    "nothing": "no status, no messages, no forecast",
    "as ever": "status, messages and forecast, as every run has them",
    "traces": "and a span for every call, sent to a collector",
    "texts": "and prompts and answers in the spans",
}
_LIMIT_S = 300


def main() -> None:
    """Measure, and print a table; with `--child` be one job, with `--sink` the collector."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=_SEEDS)
    parser.add_argument("--latency", default="0.05", help="seconds until an answer")
    parser.add_argument("--child", nargs=4, metavar=("WAY", "PROVIDER", "SINK", "FOLDER"))
    parser.add_argument("--sink", action="store_true")
    said = parser.parse_args()
    if said.sink:
        _sink()
    elif said.child:
        way, provider, sink, folder = said.child
        print(json.dumps(_job(way, provider, sink, Path(folder), said.seeds)))  # noqa: T201
    else:
        _measure(said.rounds, said.seeds, said.latency)


def _measure(rounds: int, seeds: int, latency: str) -> None:
    told: dict[str, list[dict[str, float]]] = {way: [] for way in _WAYS}
    provided = ProviderSettings(latency=latency)
    with start_provider(provided) as provider, _collector() as sink, TemporaryDirectory() as at:
        for turn in range(rounds):
            ways = list(_WAYS)
            for way in ways[turn % len(ways) :] + ways[: turn % len(ways)]:
                folder = Path(at) / f"{turn}-{way.replace(' ', '-')}"
                command = [sys.executable, "-m", "benchmarks.tracking", "--seeds", str(seeds), "--child", way, provider,
                           sink, str(folder)]  # fmt: skip
                done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_LIMIT_S)  # noqa: S603
                told[way].append(json.loads(done.stdout.splitlines()[-1]))
    table: Table = [
        ("the same job with", "CPU a call", "CPU against as ever", "wall", "wall against as ever", "import")
    ]
    for way, words in _WAYS.items():
        rows, base = told[way], told["as ever"]
        cells = [f"{way}: {words}", f"{1e3 * median([row['cpu'] / row['calls'] for row in rows]):.2f} ms"]
        for name in ("cpu", "wall"):
            cells += [f"{median([row['wall'] for row in rows]):.2f} s"] if name == "wall" else []
            ratios = [row[name] / other[name] - 1 for row, other in zip(rows, base, strict=True)]
            cells.append("" if way == "as ever" else f"{'+' if median(ratios) >= 0 else ''}{percent(median(ratios))}")
        table.append((*cells, f"{median([row['import'] for row in rows]):.2f} s" if "t" in way[0] else ""))
    say(f"What it costs to tell how a run goes, {2 * seeds} calls, answers after {latency} s", table, rounds)


def _job(way: str, provider: str, sink: str, folder: Path, seeds: int) -> dict[str, float]:
    """One job; what it took."""
    folder.mkdir(parents=True)
    rows = [{"question": f"Box {n} holds {n + 3} red and {2 * n + 5} blue balls. How many?"} for n in range(seeds)]
    (folder / "seeds.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    traced = way in {"traces", "texts"}
    settings = resolve(None, {
        "recipe": "evolve", "model": "sim", "judge": False, "secret": "00",
        "seeds": {"source": str(folder / "seeds.jsonl")},
        "endpoints": {"default": {"base_url": provider, "concurrency": 16, "share_limits": False}},
        "track": {"otel": sink if traced else False, "texts": way == "texts"},
    })  # fmt: skip
    before = _cpu()
    if traced:
        import_module("autoevol.optimizer.tracking.to_otel")
    imported = _cpu() - before
    if way == "nothing":
        _quiet()
    made = create_run(settings, folder / "runs")
    begun, worked = time.perf_counter(), _cpu()
    ending = anyio.run(run, made, QuietWatcher())
    if ending.state != "finished":
        raise RuntimeError(ending.summary)
    return {"wall": time.perf_counter() - begun, "cpu": _cpu() - worked, "import": imported, "calls": 2.0 * seeds}


def _quiet() -> None:
    """A run that tells nobody anything."""

    def nothing(*_given: Any, **_named: Any) -> None:
        return None

    for owner, name in ((listener, "tell"), (Run, "heard"), (Run, "update"), (Run, "_show_forecast")):
        setattr(owner, name, nothing)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextmanager
def _collector() -> Generator[str]:
    """The address of a collector in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.tracking", "--sink"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        yield process.stdout.readline().strip() if process.stdout else ""
        process.terminate()


def _sink() -> None:
    """Take whatever comes, until the end."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name of the standard library
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201
    server.serve_forever()


if __name__ == "__main__":
    main()
