"""How fast: 200 calls in flight at 50 ms, with the journal on, beside a bare loop of aiohttp that keeps nothing.

Rounds alternate, so that both meet the same machine; the rate is that of the middle nine tenths of the outcomes.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from .jobs import Job, Report
from .stage import asked, provider, start
from .tables import Table, median, percent, say

__all__ = ["LONG", "REPLIES", "rate", "run"]

_IN_FLIGHT = 200
_CALLS = 10_000
# Bodies of about 1.9 KB both ways.
LONG = {"prompt_tokens": "450", "max_tokens": 1024}
REPLIES = {"output_tokens": "420"}


def rate(report: Report) -> float:
    """Outcomes a second."""
    landed = sorted(report.landed)
    first, last = len(landed) // 20, len(landed) - len(landed) // 20 - 1
    return (last - first) / (landed[last] - landed[first])


def run(rounds: int) -> None:
    """Measure both in turns."""
    ways = {"AutoEvol": ("gateway", "stream"), "a bare aiohttp loop": ("bare", "workers")}
    reports: dict[str, list[Report]] = {name: [] for name in ways}
    served: dict[str, list[float]] = {name: [] for name in ways}
    with (
        tempfile.TemporaryDirectory(prefix="autoevol-bench-") as folder,
        provider({"latency": "0.05", **REPLIES}) as place,
    ):
        for turn in range(rounds):
            for name, (who, how) in ways.items():
                asked(place, "/reset", {})
                settings = {"concurrency": _IN_FLIGHT}
                job = Job.model_validate({
                    "base_url": place, "folder": Path(folder) / f"{name}-{turn}", "who": who, "how": how,
                    "calls": _CALLS, "at_once": _IN_FLIGHT, "endpoint": settings, **LONG,
                })  # fmt: skip
                client = start(job)
                client.go()
                report = client.report()
                if report is None or report.answers < _CALLS:
                    raise RuntimeError(f"{name} lost calls: {report and report.outcomes}")
                reports[name].append(report)
                served[name].append(float(str(asked(place, "/stats")["peak"])))
    bare = [rate(report) for report in reports["a bare aiohttp loop"]]
    table: Table = [("client", "calls/s", "of the bare loop", "CPU per call", "peak in flight")]
    for name in ways:
        rates = [rate(report) for report in reports[name]]
        ratio = median([ours / theirs for ours, theirs in zip(rates, bare, strict=True)])
        cpu = median([1e3 * report.cpu_s / _CALLS for report in reports[name]])
        table.append((name, f"{median(rates):.0f}", percent(ratio, 0), f"{cpu:.2f} ms", f"{median(served[name]):.0f}"))
    say(f"Throughput, {_IN_FLIGHT} in flight, 50 ms, {_CALLS} calls", table, rounds)
