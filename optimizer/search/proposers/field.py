"""What a strategy may look at before it proposes: the incumbent, and everything that was tried with what it showed.

A field is a pure function of the decisions so far, so a resumed run has the same one. Nothing in it is a text of dev:
scores and the names of findings only, so that no candidate can be written to its exam.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ....agents.messages import Edit
from ....agents.method import Method
from ...dataset.draws import generator
from ...scoring.statistics import compare_paired
from ..decision import Decision
from ..evaluate import Standing

__all__ = ["Field", "Tried"]

_CHANGES = 6  # finding kinds that an edit names at most; the smaller changes are noise to who reads them


@dataclass(frozen=True, slots=True)
class Tried:
    """One method in one race.

    Args:
        method: what was measured.
        step: when, from 0 as in the folders.
        scores: what it showed on dev, by seed id.
        against: id of that race's incumbent; its own id for the incumbent itself.
        edit: its effect against that incumbent; None for the incumbent itself.
        dropped: whether it left the race early.
    """

    method: Method
    step: int
    scores: Mapping[str, float]
    against: str
    edit: Edit | None = None
    dropped: bool = False

    @property
    def mean(self) -> float | None:
        """Mean score over its items, None before the first."""
        return sum(self.scores.values()) / len(self.scores) if self.scores else None

    @property
    def items(self) -> int:
        """How many items it met."""
        return len(self.scores)

    @property
    def proven_worse(self) -> bool:
        """Whether it left the race as a clear loser, or its whole interval lies below the incumbent."""
        high = self.edit.high if self.edit else None
        return self.dropped or (high is not None and high < 0)


@dataclass(frozen=True, slots=True)
class Field:
    """What is known before a step.

    Args:
        start: the method that the run began with.
        incumbent: the best method so far.
        archive: every method of every race, in order, the incumbents too.
    """

    start: Method
    incumbent: Method
    archive: tuple[Tried, ...] = field(default=())

    @property
    def history(self) -> tuple[Edit, ...]:
        """The edits that were tried, with their effects, oldest first."""
        return tuple(tried.edit for tried in self.archive if tried.edit is not None)

    def led_by(self, incumbent: Method) -> Field:
        """The same field under another incumbent."""
        return replace(self, incumbent=incumbent)

    def after(self, run_seed: int, step: int, standings: Sequence[Standing], decision: Decision) -> Field:
        """The field with one more race in it; the first standing is the incumbent's."""
        rows = [
            Tried(
                standing.contestant.method, step, MappingProxyType(dict(standing.scores)),
                standings[0].contestant.method.id,
                _effect(run_seed, step, index, standings, accepted=decision.accepted == index) if index else None,
                dropped=standing.dropped_at is not None,
            )
            for index, standing in enumerate(standings)
        ]  # fmt: skip
        return replace(self, archive=(*self.archive, *rows))


def _effect(run_seed: int, step: int, index: int, standings: Sequence[Standing], *, accepted: bool) -> Edit:
    """What a candidate did to the scores and findings of the items that it and the incumbent both met."""
    old, new = standings[0], standings[index]
    method = new.contestant.method
    shared = [seed for seed in new.scores if seed in old.scores]
    if not shared:
        return Edit(method.why, method.clauses, None, accepted)
    compared = compare_paired(
        [old.scores[seed] for seed in shared], [new.scores[seed] for seed in shared],
        alpha=0.05, margin=0.0, rng=generator(run_seed, f"bootstrap/edit/{step}", index),
    )  # fmt: skip
    before, now = (_counts(standing, shared) for standing in (old, new))
    moved = {kind: (now[kind] - before[kind]) / len(shared) for kind in before.keys() | now.keys()}
    changes = sorted(((kind, by) for kind, by in moved.items() if by), key=lambda one: (-abs(one[1]), one[0]))
    return Edit(
        method.why, method.clauses, compared.difference, accepted, len(shared), compared.low, compared.high,
        tuple(changes[:_CHANGES]),
    )  # fmt: skip


def _counts(standing: Standing, seeds: Sequence[str]) -> Counter[str]:
    """How many of these items have each kind of finding."""
    return Counter(kind for seed in seeds for kind in {one.kind for one in standing.trajectories[seed].findings})
