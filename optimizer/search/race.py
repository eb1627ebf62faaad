"""How candidates meet the incumbent: on the same items, all at once, or in the rungs of the referee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from ..dataset.seed import Seed
from ..record.run import Run
from .candidates import Proposed
from .course import Plan
from .decision import Decision, Evidence, replay
from .evaluate import Contestant, Score, Standing, Work, evaluate

__all__ = ["FullRace", "Race", "RungRace", "entrants"]


class Race(Protocol):
    """Bring incumbent and candidates to comparable standings. The first standing is the incumbent's."""

    async def __call__(
        self, run: Run, step: int, standings: Sequence[Standing], dev: Sequence[Seed], past: Sequence[Decision]
    ) -> None:
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

    async def __call__(
        self, run: Run, step: int, standings: Sequence[Standing], dev: Sequence[Seed], past: Sequence[Decision]
    ) -> None:
        """Evaluate all standings on all of dev."""
        stage = f"steps/{step:03d}/dev"
        await evaluate(run, self.plan, self.score, standings, Work(stage, "dev", step, dev))


@dataclass(frozen=True, slots=True)
class RungRace:
    """The referee says who is scored on what next; here it is done, a whole heat at a time.

    What the incumbent has shown on earlier items is not asked again.
    """

    plan: Plan
    score: Score
    evidence: Evidence

    async def __call__(
        self, run: Run, step: int, standings: Sequence[Standing], dev: Sequence[Seed], past: Sequence[Decision]
    ) -> None:
        """Evaluate rung by rung; the incumbent runs with the rest and never leaves."""
        if not dev or len(standings) < 2:
            return
        stage = f"steps/{step:03d}/dev"
        referee = self.evidence.referee(len(standings) - 1, len(dev), self.evidence.level(past))
        while heat := referee.heat:
            name = f"dev {heat.stop} of {len(dev)}" if heat.stop < len(dev) else "dev"
            field = [standings[number] for number in heat.contestants]
            await evaluate(run, self.plan, self.score, field, Work(stage, name, step, dev[heat.start : heat.stop]))
            replay(referee, standings, dev)
        for leave in referee.left:
            if leave.at < len(dev):
                standings[leave.candidate].dropped_at = leave.at
