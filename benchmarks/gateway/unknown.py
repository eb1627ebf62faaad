"""A limit that nobody tells: how much is lost in finding it. The provider sends 429 and no headers about limits."""

from __future__ import annotations

from dataclasses import dataclass

from .stage import Played, Scene, repeated
from .tables import Table, median, percent, quantile, say, share_of

__all__ = ["run"]


@dataclass(frozen=True)
class _Case:
    rpm: float
    prompts: int
    latency: float

    def scene(self) -> Scene:
        """The case as a scene."""
        knobs = {"rpm": self.rpm, "latency": f"lognormal/{self.latency}/0.1"}
        return Scene(f"{self.rpm:g} a minute unknown", knobs, ({"calls": self.prompts},), limit_s=180.0)

    def share(self, played: Played, since: float) -> float:
        """What was used of the limit from the call at this part of all on, to the 95th percentile."""
        calls = played.accepted
        moments = [call.arrived for call in calls]
        return share_of(self.rpm / 60, calls, quantile(moments, since), quantile(moments, 0.95)) if calls else 0.0


_CASES = (
    _Case(120, 60, 0.2),
    _Case(120, 60, 2.0),
    _Case(600, 600, 0.2),
    _Case(600, 600, 8.0),
    _Case(3000, 2500, 1.0),
    _Case(3000, 2500, 8.0),
)


def run(rounds: int) -> None:
    """Play every case."""
    table: Table = [("limit", "prompts", "latency", "rows", "wasted calls", "share of the limit",
                     "in the second half", "peak in flight")]  # fmt: skip
    for case, results in zip(_CASES, repeated([case.scene() for case in _CASES], rounds), strict=True):
        table.append((
            f"{case.rpm:g}/min", f"{case.prompts}", f"{case.latency:g} s",
            f"{min(result.reports[0].answers if result.reports[0] else 0 for result in results)}",
            f"{median([result.over for result in results]):.0f}",
            percent(median([case.share(result, 0.0) for result in results])),
            percent(median([case.share(result, 0.5) for result in results])),
            f"{median([result.number('peak') for result in results]):.0f}",
        ))  # fmt: skip
    say("A limit that nobody tells", table, rounds)
