"""Whose text is harder: the judge sees the evolved texts of every two contestants side by side, in both orders.

Only texts that passed the gates of both are shown: which of two is harder says nothing where one is broken. A win
needs both orders together, so that a judge that favours a place decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import combinations
from typing import Any

from ....agents.messages import Instruction, JudgeTask, Task, Verdict
from ....agents.team import Journey
from ...dataset.seed import Seed
from ...record.run import Run
from ...scoring.ranking import duel_of, places, settled
from ...scoring.strengths import Strength, bradley_terry, by_pairs
from ...search.course import Plan
from ...search.trajectory import Trajectory
from .lineup import Lineup
from .tally import Heat

__all__ = ["SideBySide", "pairwise_object", "show_side_by_side"]

_VALUE = {"evolved": 1.0, "same": 0.5, "original": 0.0}


@dataclass(slots=True)
class SideBySide:
    """What the judge said of pairs of texts.

    Args:
        values: by pair, by item, the mean over draws: above a half the second's text is harder.
        looks: looks in all; `silent` of them named none, and their pairs do not count.
        contrary: pairs of looks that favoured a place.
    """

    values: dict[tuple[str, str], dict[str, list[float]]] = field(
        default_factory=dict[tuple[str, str], dict[str, list[float]]]
    )
    looks: int = 0
    silent: int = 0
    contrary: int = 0


@dataclass(frozen=True, slots=True)
class _Bout:
    """Two texts of one item."""

    place: str
    stage: str
    names: tuple[str, str]
    item: str
    texts: tuple[Instruction, Instruction]
    sample: int

    def task(self, *, turned: bool, parent: str = "") -> JudgeTask:
        one, other = self.texts
        end = "/turned" if turned else ""
        return JudgeTask(
            id=f"{self.place}{end}", parent=parent, stage=self.stage, sample=self.sample, original=one, evolved=other,
            response="", swap=turned,
        )  # fmt: skip


async def show_side_by_side(run: Run, plan: Plan, lineup: Lineup, heat: Heat, sample: int, found: SideBySide) -> None:
    """Have the judge look at every pair of one heat, and add what it said.

    Raises:
        SessionStopped: budget, key, quota or outage.
    """
    stage = f"compare/s{heat.number + 1}/e{heat.evolver + 1}/d{heat.draw + 1}"
    bouts = {bout.place: bout for bout in _bouts(plan, lineup, heat, stage, sample)}
    tick = run.phase(None, "side by side", len(bouts))

    def route(journey: Journey) -> Task | None:
        if sum(isinstance(message, JudgeTask) for message in journey) == 2:
            return None
        return bouts[journey[0].id].task(turned=True, parent=journey[-1].id)

    async def deliver(journey: Journey) -> None:
        run.messages.write(journey)
        _add(bouts[journey[0].id], journey, found)
        tick()

    await run.team.work((bout.task(turned=False) for bout in bouts.values()), route, deliver)


def pairwise_object(found: SideBySide, lineup: Lineup, alpha: float, run_seed: int) -> dict[str, Any]:
    """What it came to, as plain JSON values."""
    labels = [player.label for player in lineup.players]
    values = {pair: {item: sum(each) / len(each) for item, each in items.items()}
              for pair, items in found.values.items()}  # fmt: skip
    pairs = settled(
        [
            duel_of(
                pair, [1 - value for value in items.values()], list(items.values()), run_seed=run_seed, purpose="side"
            )
            for pair, items in values.items()
        ],
        alpha,
    )
    strengths = bradley_terry(labels, by_pairs(labels, values), lineup.baseline, run_seed)
    order = sorted(labels, key=lambda label: -strengths[label].value) if strengths else labels
    return {
        "looks": found.looks,
        "silent": found.silent,
        "contrary": found.contrary,
        "pairs": [asdict(duel) for duel in pairs],
        "ranking": [
            {**asdict(place), "bradley_terry": _strength(strengths.get(place.label))} for place in places(order, pairs)
        ],
    }


def _strength(strength: Strength | None) -> dict[str, Any] | None:
    return None if strength is None else {**asdict(strength), "chance": strength.chance}


def _bouts(plan: Plan, lineup: Lineup, heat: Heat, stage: str, sample: int) -> Iterator[_Bout]:
    for one, other in combinations(lineup.players, 2):
        if heat.evolver and one.fixed and other.fixed:
            continue  # they met with the first evolver
        names = (one.label, other.label)
        first, second = (heat.standings[name].trajectories for name in names)
        for seed in lineup.sets[heat.number].items:
            texts = _text(plan, seed, first.get(seed.id)), _text(plan, seed, second.get(seed.id))
            if texts[0] is None or texts[1] is None or texts[0] == texts[1]:
                continue
            place = f"{stage}/{one.label}~{other.label}/{seed.id}/side"
            yield _Bout(place, stage, names, f"{heat.number}/{seed.id}", (texts[0], texts[1]), sample)


def _text(plan: Plan, seed: Seed, trajectory: Trajectory | None) -> Instruction | None:
    """What it made of the seed, where nothing is wrong with it."""
    if trajectory is None or trajectory.evolved is None:
        return None
    if any(finding.kind in plan.gates for finding in trajectory.findings):
        return None
    asked = seed.instruction
    return Instruction(trajectory.evolved, asked.system, asked.context, asked.language)


def _add(bout: _Bout, journey: Journey, found: SideBySide) -> None:
    looks = [message.harder for message in journey if isinstance(message, Verdict)]
    said = [_VALUE[look] for look in looks if look is not None]
    found.looks += 2
    found.silent += 2 - len(said)
    found.contrary += len(said) == 2 and abs(said[0] - said[1]) == 1
    if len(said) == 2:  # one order alone may be a favour for a place
        found.values.setdefault(bout.names, {}).setdefault(bout.item, []).append(sum(said) / len(said))
