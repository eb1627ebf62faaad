"""How candidates meet the incumbent: on the same items, all at once or in rungs that drop clear losers early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..dataset.seed import Seed
from ..record.run import Run
from ..scoring.statistics import hopeless
from .candidates import Proposed
from .course import Plan
from .evaluate import Contestant, Score, Standing, Work, evaluate

__all__ = ["FullRace", "Race", "RungRace", "entrants"]


class Race(Protocol):
    """Bring incumbent and candidates to comparable standings. The first standing is the incumbent's."""

    async def __call__(self, run: Run, step: int, standings: Sequence[Standing], dev: Sequence[Seed]) -> None:
        """Fill the standings; one that leaves early says at how many items (`dropped_at`)."""
        ...


def entrants(incumbent: Standing, proposed: Sequence[Proposed]) -> list[Standing]:
    """The standings of a race: the incumbent with what it has shown before, and the new ones from nothing.

    A candidate is called by the number of its proposal, so that `c2` is the one in `candidates/2`.
    """
    fresh = [Contestant(f"c{p.number}", method) for p in proposed if (method := p.method)]
    return [incumbent, *(Standing(contestant, {}, {}) for contestant in fresh)]


@dataclass(frozen=True, slots=True)
class FullRace:
    """Everyone on every item, as published (Auto Evol-Instruct, section 3.3)."""

    plan: Plan
    score: Score

    async def __call__(self, run: Run, step: int, standings: Sequence[Standing], dev: Sequence[Seed]) -> None:
        """Evaluate all standings on all of dev."""
        stage = f"steps/{step:03d}/dev"
        await evaluate(run, self.plan, self.score, standings, Work(stage, "dev", step, dev))


@dataclass(frozen=True, slots=True)
class RungRace:
    """Successive rungs: after each, candidates that are clearly worse than the incumbent leave.

    A candidate is only ever *accepted* on the last rung, all of dev, so early looks do not add false acceptances.

    Args:
        rungs: numbers of items after which the field is looked at; those beyond dev do not count.
        alpha: level of the test that drops a candidate.
    """

    plan: Plan
    score: Score
    rungs: tuple[int, ...]
    alpha: float

    async def __call__(self, run: Run, step: int, standings: Sequence[Standing], dev: Sequence[Seed]) -> None:
        """Evaluate rung by rung; the incumbent runs with the rest and never leaves."""
        stage = f"steps/{step:03d}/dev"
        incumbent, *candidates = standings
        for size in [rung for rung in self.rungs if rung < len(dev)] + [len(dev)]:
            field = [standing for standing in candidates if standing.dropped_at is None]
            if not field:
                return
            items = dev[:size]
            name = f"dev {size} of {len(dev)}" if size < len(dev) else "dev"
            await evaluate(run, self.plan, self.score, [incumbent, *field], Work(stage, name, step, items))
            if size < len(dev):
                self._drop(incumbent, field, items)

    def _drop(self, incumbent: Standing, field: Sequence[Standing], items: Sequence[Seed]) -> None:
        for standing in field:
            if hopeless(incumbent.values(items), standing.values(items), alpha=self.alpha):
                standing.dropped_at = len(items)
