"""Storms of 429: a wait of half a minute told to one call in a hundred, and to all of them for a minute and a half.

No call may be lost, and one call that is told to wait must not hold up the others: *longest standstill* is the longest
time without a call let in, outside of the time in which all are turned away.
"""

from __future__ import annotations

from dataclasses import dataclass

from .stage import Logged, Played, Scene, repeated
from .tables import Table, longest_gap, median, percent, quantile, say, share_of

__all__ = ["run"]

_RATE = 10.0
_SHUT_AT, _SHUT_S = 10.0, 89.0


@dataclass(frozen=True)
class _Case:
    name: str
    told: float | None
    all_at_once: bool = False

    def scene(self) -> Scene:
        """The case as a scene."""
        knobs: dict[str, object] = {"rpm": 60 * _RATE, "latency": "lognormal/1/0.1"}
        if self.all_at_once:
            opens = _SHUT_AT + _SHUT_S
            knobs |= {"fault_retry_after_s": _SHUT_S, "schedule": f"{_SHUT_AT:g}:faults=429=1,{opens:g}:faults="}
        else:
            knobs |= {"fault_retry_after_s": 30.0, "faults": "429=0.01"}
        endpoint = {} if self.told is None else {"rpm": self.told}
        return Scene(self.name, knobs, ({"calls": 400, "endpoint": endpoint},), limit_s=300.0)

    def open_calls(self, played: Played) -> tuple[list[Logged], float]:
        """The calls that were let in, and from when on it was open to the end."""
        calls = played.accepted
        begin = calls[0].arrived
        return (calls, begin + _SHUT_AT + _SHUT_S) if self.all_at_once else (calls, begin)

    def standstill(self, played: Played) -> float:
        """Longest standstill in seconds; after a storm the time to the first call counts as one."""
        calls, start = self.open_calls(played)
        last = quantile([call.arrived for call in calls], 0.95)
        after = [call for call in calls if start <= call.arrived <= last]
        first = after[0].arrived - start if after else float("inf")
        return max(first, longest_gap(after))

    def share(self, played: Played) -> float:
        """What was used of the limit while it was open."""
        calls, start = self.open_calls(played)
        return share_of(_RATE, calls, start, quantile([call.arrived for call in calls], 0.95))


_CASES = (
    _Case("1 % told to wait 30 s, limit in the settings", 60 * _RATE),
    _Case("1 % told to wait 30 s, limit unknown", None),
    _Case("all told to wait 89 s for 89 s, limit in the settings", 60 * _RATE, all_at_once=True),
    _Case("all told to wait 89 s for 89 s, limit unknown", None, all_at_once=True),
)


def run(rounds: int) -> None:
    """Play every case."""
    table: Table = [("storm", "answers", "lost", "turned away", "longest standstill", "share of the limit while open")]
    for case, results in zip(_CASES, repeated([case.scene() for case in _CASES], rounds), strict=True):
        answers = min(r.answers if r else 0 for result in results for r in result.reports)
        turned = [result.number("received") - result.number("accepted") for result in results]
        table.append((
            case.name, f"{answers}", f"{400 - answers}", f"{median(turned):.0f}",
            f"{median([case.standstill(result) for result in results]):.1f} s",
            percent(median([case.share(result) for result in results])),
        ))  # fmt: skip
    say("Storms of 429", table, rounds)
