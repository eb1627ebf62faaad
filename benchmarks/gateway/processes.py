"""Several processes that share one account's limit: do they use it together, fairly, without passing it?"""

from __future__ import annotations

from collections.abc import Sequence

from .jobs import Report
from .stage import Played, Scene, repeated
from .tables import Table, median, percent, say, share_of

__all__ = ["run"]

_RPM, _WARM_S, _FOR_S = 1200.0, 8.0, 35.0


def fairness(values: Sequence[float]) -> float:
    """Jain's index: 1 where all have the same, 1/n where one has all (Jain, Chiu and Hawe, 1984)."""
    squares = sum(value * value for value in values)
    return sum(values) ** 2 / (len(values) * squares) if squares else 0.0


def _scene(processes: int, told: str, latency: float) -> Scene:
    knobs: dict[str, object] = {
        "rpm": _RPM, "latency": f"lognormal/{latency}/0.1", "headers": "openai" if told == "announced" else "none",
    }  # fmt: skip
    endpoint = {"rpm": _RPM} if told == "in the settings" else {}
    jobs = tuple(
        {"calls": 10**5, "first": index * 10**6, "seconds": _FOR_S, "endpoint": endpoint} for index in range(processes)
    )
    return Scene(f"{processes} processes, {told}", knobs, jobs, limit_s=120.0)


def run(rounds: int) -> None:
    """Play two and four processes."""
    cases = [(number, told) for number in (1, 2, 4) for told in ("in the settings", "announced", "unknown")]
    scenes = [_scene(number, told, 1.0) for number, told in cases]
    table: Table = [("processes", "limit", "share of the limit", "over the limit", "Jain's fairness")]
    for (number, told), results in zip(cases, repeated(scenes, rounds, 9), strict=True):
        over = median([result.over / max(1, result.number("received")) for result in results])
        shares = [_shares(result) for result in results]
        table.append((
            f"{number}", told, percent(median([share for share, _ in shares])), percent(over, 2),
            f"{median([fair for _, fair in shares]):.3f}",
        ))  # fmt: skip
    say(f"Processes that share a limit of {_RPM:g} calls a minute", table, rounds)


def _shares(played: Played) -> tuple[float, float]:
    """The used share and the fairness while all are at work."""
    reports = [report for report in played.reports if report is not None]
    start = max(report.began for report in reports) + _WARM_S
    end = min(report.began for report in reports) + _FOR_S - 2.0
    counts = [_landed(report, start, end) for report in reports]
    return share_of(_RPM / 60, played.accepted, start, end), fairness(counts)


def _landed(report: Report, start: float, end: float) -> float:
    return float(sum(start <= at < end for at in report.landed))
