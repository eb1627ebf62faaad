"""What a strategy may look at before it proposes: the incumbent, and everything that was tried with what it showed.

A field is a pure function of the decisions so far, so a resumed run has the same one. Nothing in it is a text of dev:
scores and the names of findings only, so that no candidate can be written to its exam.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from rapidfuzz import fuzz

from ....agents.messages import Edit, MethodFinding, Recurrence
from ....agents.method import Method
from ...dataset.draws import generator
from ...scoring.statistics import compare_paired
from ..decision import Decision
from ..evaluate import Standing

__all__ = ["Field", "Tried"]

_SAME_PROBLEM = 80.0  # of 100; "not harder" and "the text is not harder" are one
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
    """

    method: Method
    step: int
    scores: Mapping[str, float]
    against: str
    edit: Edit | None = None

    @property
    def proven_worse(self) -> bool:
        """Whether its whole interval lies below the incumbent. That it left a race early is not enough: others led."""
        high = self.edit.high if self.edit else None
        return high is not None and high < 0


@dataclass(frozen=True, slots=True)
class Field:
    """What is known before a step.

    Args:
        start: the method that the run began with.
        incumbent: the best method so far.
        archive: every method of every race, in order, the incumbents too.
        found: every finding of every analysis, with its step.
        banned: ids of methods that a person wants out; they have no children.
    """

    start: Method
    incumbent: Method
    archive: tuple[Tried, ...] = ()
    found: tuple[tuple[int, MethodFinding], ...] = ()
    banned: frozenset[str] = frozenset()

    @property
    def history(self) -> tuple[Edit, ...]:
        """The edits that were tried, with their effects, oldest first."""
        return tuple(tried.edit for tried in self.archive if tried.edit is not None)

    def led_by(self, incumbent: Method) -> Field:
        """The same field under another incumbent."""
        return replace(self, incumbent=incumbent)

    def barring(self, banned: Iterable[str]) -> Field:
        """The same field with these methods banned, by their ids."""
        return replace(self, banned=frozenset(banned))

    def without(self, method_id: str) -> Field:
        """The same field after the search went back from this method: its edits are no longer accepted ones."""
        rows = (
            replace(row, edit=replace(row.edit, accepted=False)) if row.edit and row.method.id == method_id else row
            for row in self.archive
        )
        return replace(self, archive=tuple(rows))

    def scores(self, method_id: str) -> dict[str, float]:
        """All that a method showed on dev, by seed id; of an item that it met twice the later."""
        return {seed: score for row in self.archive if row.method.id == method_id for seed, score in row.scores.items()}

    def others(self) -> list[Tried]:
        """The latest measurement of every method that is not the incumbent, in the order of the first."""
        latest = {row.method.id: row for row in self.archive if row.method.id != self.incumbent.id}
        return list(latest.values())

    def barren(self) -> set[str]:
        """Ids of the methods that may have no children: proven worse than the incumbent, or banned by a person."""
        return {row.method.id for row in self.others() if row.proven_worse} | self.banned

    def tried(self) -> dict[int, list[Method]]:
        """Methods that were raced and are not the incumbent, by step."""
        steps: dict[int, list[Method]] = {}
        for row in self.archive:
            if row.method.id != self.incumbent.id:
                steps.setdefault(row.step, []).append(row.method)
        return steps

    def recurring(self, step: int) -> tuple[Recurrence, ...]:
        """Problems that the last step still had, over all steps; the most persistent first."""
        clusters: list[list[tuple[int, MethodFinding]]] = []
        for one in self.found:
            same = next((cluster for cluster in clusters if _alike(cluster[0][1], one[1])), None)
            clusters.append([one]) if same is None else same.append(one)
        last = [cluster for cluster in clusters if cluster[-1][0] == step - 1]
        counted = [
            Recurrence(
                cluster[0][1].cluster, cluster[-1][1].rule, len({at for at, _ in cluster}),
                len({(at, case) for at, finding in cluster for case in finding.cases}),
            )
            for cluster in last
        ]  # fmt: skip
        return tuple(sorted(counted, key=lambda one: (-one.steps, -one.cases)))

    def after(
        self, run_seed: int, step: int, standings: Sequence[Standing], decision: Decision,
        findings: Sequence[MethodFinding] = (),
    ) -> Field:  # fmt: skip
        """The field with one more step in it: its race, whose first standing is the incumbent's, and its findings."""
        rows = [
            Tried(
                standing.contestant.method, step, MappingProxyType(dict(standing.scores)),
                standings[0].contestant.method.id,
                _effect(run_seed, step, index, standings, accepted=decision.accepted == index) if index else None,
            )
            for index, standing in enumerate(standings)
        ]  # fmt: skip
        found = tuple((step, finding) for finding in findings)
        return replace(self, archive=(*self.archive, *rows), found=(*self.found, *found))


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


def _alike(one: MethodFinding, other: MethodFinding) -> bool:
    """Whether two analyses mean the same problem, by the words of its name."""
    return fuzz.token_set_ratio(one.cluster.casefold(), other.cluster.casefold()) >= _SAME_PROBLEM
