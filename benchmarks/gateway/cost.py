"""What a call costs the processor, where that goes, and what the gateway adds to the time of a call.

The ladder adds one part after the other over the same calls; the shares come from a profile, which makes everything
slower, so they are shares and not times. Added latency is the client's time less the provider's own, at a hundred calls
a second and no limit in the way.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from .jobs import Job, Report
from .stage import Logged, Scene, asked, provider, repeated, start
from .tables import Table, median, percent, quantile, say
from .throughput import LONG, REPLIES

__all__ = ["run"]

_IN_FLIGHT, _CALLS = 200, 5000
_PER_SECOND, _PACED_CALLS = 100.0, 1500
# Who asks, how, and what is told of it.
_LADDER = (
    ("a bare aiohttp loop", "bare", "workers"),
    ("our transport alone", "transport", "workers"),
    ("and the wire form", "wire", "workers"),
    ("and everything: limits, journal, ledger, budget", "gateway", "stream"),
    ("everything but the wire: a model in the process", "scripted", "stream"),
)


def run(rounds: int) -> None:
    """Print three tables."""
    _costs(rounds)
    _latency(rounds)


def _costs(rounds: int) -> None:
    told: dict[str, list[Report]] = {name: [] for name, _, _ in _LADDER}
    knobs = {"latency": "0.05", **REPLIES}
    with tempfile.TemporaryDirectory(prefix="autoevol-bench-") as folder, provider(knobs) as place:
        for turn in range(rounds):
            for name, who, how in _LADDER:
                told[name].append(_one(place, Path(folder) / f"{who}-{turn}", who, how))
        spent = _one(place, Path(folder) / "profiled", "gateway", "stream", profile=True).spent
    table: Table = [("what runs", "CPU per call")]
    for name, reports in told.items():
        table.append((name, f"{median([1e3 * report.cpu_s / _CALLS for report in reports]):.2f} ms"))
    say(f"Processor time of a call, {_IN_FLIGHT} in flight, 2 KB out and back", table, rounds)
    say("Where it goes, by a profile", [("part", "share"), *((part, percent(much)) for part, much in spent.items())], 1)


def _one(place: str, folder: Path, who: str, how: str, *, profile: bool = False) -> Report:
    asked(place, "/reset", {})
    job = Job.model_validate({
        "base_url": place, "folder": folder, "who": who, "how": how, "calls": _CALLS, "at_once": _IN_FLIGHT,
        "endpoint": {"concurrency": _IN_FLIGHT}, "profile": profile, **LONG,
    })  # fmt: skip
    client = start(job)
    client.go()
    report = client.report(120.0)
    if report is None or report.answers < _CALLS:
        raise RuntimeError(f"{who} lost calls: {report and report.outcomes}")
    return report


def _latency(rounds: int) -> None:
    job = {"how": "paced", "calls": _PACED_CALLS, "per_second": _PER_SECOND, **LONG}
    cases = {
        "AutoEvol": {**job, "endpoint": {"concurrency": _IN_FLIGHT}},
        "AutoEvol, a limit that does not bind": {**job, "endpoint": {"rpm": 60_000.0}},
        "a bare aiohttp loop": {**job, "who": "bare"},
    }
    table: Table = [("client", "added p50", "added p99")]
    for name, case in cases.items():
        scene = Scene(name, {"latency": "0.05", **REPLIES}, (case,), limit_s=60.0)
        added = [_added(result.report, result.accepted) for result in repeated([scene], rounds, 1)[0]]
        table.append(
            (name, *(f"{1e3 * median([quantile(each, part) for each in added]):.2f} ms" for part in (0.5, 0.99)))
        )
    say(f"Added latency at {_PER_SECOND:g} calls a second", table, rounds)


def _added(report: Report, calls: list[Logged]) -> list[float]:
    """The client's time of each call less the provider's. Calls a hundredth of a second apart arrive in their order."""
    clients = sorted(zip(report.asked, report.landed, strict=True))
    return [
        (landed - began) - (call.done - call.arrived)
        for (began, landed), call in zip(clients, calls, strict=True)
    ]  # fmt: skip
