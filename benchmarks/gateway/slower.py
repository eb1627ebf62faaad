"""A server of one's own that never says 429: it works on eight calls at once, queues the rest, and only gets slower.

It can do 39 calls a second, each in about 0.2 s. More in flight than eight brings nothing but waiting.
"""

from __future__ import annotations

import math

from .jobs import Report
from .stage import Played, Scene, repeated
from .tables import Table, median, percent, quantile, say

__all__ = ["run"]

_WORKERS, _CALLS = 8, 1200
_SERVICE_S, _SPREAD = 0.2, 0.2
_CALLS_PER_S = _WORKERS / (_SERVICE_S * math.exp(_SPREAD**2 / 2))
_CASES: dict[str, dict[str, object]] = {
    "found by the gateway": {},
    "8 in flight, told": {"endpoint": {"concurrency": 8}},
    "200 in flight, told": {"endpoint": {"concurrency": 200}},
}


def _goodput(report: Report) -> float:
    """Answers a second in the middle nine tenths."""
    landed = sorted(report.landed)
    low, high = len(landed) // 20, len(landed) - len(landed) // 20 - 1
    return (high - low) / (landed[high] - landed[low])


def run(rounds: int) -> None:
    """Play every case."""
    knobs = {"workers": _WORKERS, "service": f"lognormal/{_SERVICE_S}/{_SPREAD}", "latency": "0.01"}
    scenes = [Scene(name, knobs, ({"calls": _CALLS, **job},), limit_s=120.0) for name, job in _CASES.items()]
    table: Table = [("calls in flight", "share of what the server can do", "latency p50", "p99", "peak in flight")]
    for scene, results in zip(scenes, repeated(scenes, rounds, 3), strict=True):
        table.append((
            scene.name,
            percent(median([_goodput(result.report) / _CALLS_PER_S for result in results])),
            f"{median([_seconds(result, 0.5) for result in results]):.2f} s",
            f"{median([_seconds(result, 0.99) for result in results]):.2f} s",
            f"{median([result.number('peak') for result in results]):.0f}",
        ))  # fmt: skip
    say("A server that only gets slower", table, rounds)


def _seconds(played: Played, part: float) -> float:
    return quantile([call.done - call.arrived for call in played.accepted], part)
