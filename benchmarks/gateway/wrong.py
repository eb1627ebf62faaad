"""A limit that is told wrong, and one that changes: what is used of what was permitted, and what is turned away.

*Back at 95 %* is when the gateway uses the limit again after it came back up: the first moment from which on the next
five seconds hold 95 % of what they may.
"""

from __future__ import annotations

from dataclasses import dataclass

from .stage import Logged, Played, Scene, repeated
from .tables import Table, median, percent, quantile, say, share_of

__all__ = ["run"]

_RATE = 10.0
_DOWN_AT, _UP_AT, _CALLS = 30.0, 90.0, 1100
_SPAN_S = 5.0


@dataclass(frozen=True)
class _Case:
    name: str
    headers: str = "none"
    told: float | None = None
    halves: bool = False

    def scene(self) -> Scene:
        """The case as a scene."""
        knobs: dict[str, object] = {"rpm": 60 * _RATE, "latency": "lognormal/1/0.1", "headers": self.headers}
        if self.halves:
            knobs["schedule"] = f"{_DOWN_AT:g}:rpm={30 * _RATE:g},{_UP_AT:g}:rpm={60 * _RATE:g}"
        endpoint = {} if self.told is None else {"rpm": self.told * 60 * _RATE}
        calls = _CALLS // 2 if self.told == 0.5 else _CALLS
        return Scene(self.name, knobs, ({"calls": calls, "endpoint": endpoint},), limit_s=300.0)

    def share(self, played: Played) -> float:
        """Calls let in, of those that were permitted from five seconds on."""
        calls = played.accepted
        begin = calls[0].arrived
        start, end = begin + _SPAN_S, quantile([call.arrived for call in calls], 0.95)
        if not self.halves:
            return share_of(_RATE, calls, start, end)
        down, up = begin + _DOWN_AT, begin + _UP_AT
        permitted = _RATE * ((down - start) + (up - down) / 2 + max(0.0, end - up))
        return share_of(1.0, calls, start, end) * (end - start) / permitted

    def back(self, played: Played) -> float | None:
        """Seconds until 95 % is used again after the limit came back up; None where it did not go down."""
        if not self.halves:
            return None
        calls = played.accepted
        up = calls[0].arrived + _UP_AT
        return next((step / 4 for step in range(400) if _full(calls, up + step / 4)), float("inf"))


def _full(calls: list[Logged], start: float) -> bool:
    end = start + _SPAN_S
    return calls[-1].arrived >= end and share_of(_RATE, calls, start, end) >= 0.95


_CASES = (
    _Case("twice too high in the settings", told=2.0),
    _Case("twice too high in the settings, the true one announced", "openai", told=2.0),
    _Case("half of it in the settings", told=0.5),
    _Case("halves for a minute, announced", "openai", halves=True),
    _Case("halves for a minute, known at first, not announced", told=1.0, halves=True),
    _Case("halves for a minute, never told", halves=True),
)


def run(rounds: int) -> None:
    """Play every case."""
    table: Table = [("limit", "share of what was permitted", "over the limit", "back at 95 %", "rows")]
    for case, results in zip(_CASES, repeated([case.scene() for case in _CASES], rounds), strict=True):
        backs = [back for result in results if (back := case.back(result)) is not None]
        table.append((
            case.name, percent(median([case.share(result) for result in results])),
            percent(median([result.over / result.number("received") for result in results]), 2),
            f"{median(backs):.1f} s" if backs else "–",
            f"{min(r.answers if r else 0 for result in results for r in result.reports)}",
        ))  # fmt: skip
    say("A limit that is told wrong, or changes", table, rounds)
