"""Whole searches in a world: the profiles as they are shipped, and what they are held against.

A profile's slices of dev, referee, decisions, way back and stop rules are those of the optimizer, asked as the loop
asks them; only what a model would say comes from the world.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from autoevol.agents.messages import Instruction
from autoevol.agents.method import Method
from autoevol.optimizer.dataset.report import ReadReport
from autoevol.optimizer.dataset.seed import Seed
from autoevol.optimizer.dataset.split import Split
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.scoring.statistics import paired
from autoevol.optimizer.search.archive import retire
from autoevol.optimizer.search.decision import Decision, Evidence, PairedEvidence, replay
from autoevol.optimizer.search.evaluate import Contestant, Standing
from autoevol.optimizer.search.strategies import Strategies, strategies_of
from autoevol.optimizer.search.trajectory import Trajectory

from .nature import Creature, Nature, World

__all__ = ["CALLS", "Course", "Searcher", "everyone_on_everything", "in_world", "profile"]

CALLS = {"recommended": 4, "paper": 2, "official-code": 2}
"""Calls of one score: evolution and answer, and where it is judged, both orders."""

_BATCH, _ASKED = 10, 2  # seeds of a batch, and calls for each and for each candidate
_TEXT = 400  # characters of an evolved instruction


@dataclass(slots=True)
class Course:
    """What a search did, and what was true of it.

    Args:
        start, found, best: true quality of the starting method, of the one that it ended with, of the best that it saw.
        gains: true gain of each acceptance, in order.
        decided: (difference, low, high, true gain, level of each side) of every leader that was tested.
        calls: model calls of all steps.
        steps: how many were made.
        backs: how often it went back to an earlier method.
        ended: the method that it ended with.
    """

    start: float
    found: float
    best: float
    gains: list[float] = field(default_factory=list[float])
    decided: list[tuple[float, float, float, float, float]] = field(
        default_factory=list[tuple[float, float, float, float, float]]
    )
    calls: int = 0
    steps: int = 0
    backs: int = 0
    ended: Creature | None = None


Searcher = Callable[[World], Course]
"""A way to search, from the first step to the last."""


def in_world(searcher: Searcher, nature: Nature, items: int, repetitions: int, run_seed: int = 1) -> list[Course]:
    """The same worlds for every searcher: repetition r is drawn from (run_seed, r)."""
    return [searcher(World(nature, items, np.random.default_rng((run_seed, r)))) for r in range(repetitions)]


def profile(name: str, *, evidence: Evidence | None = None, per_score: int | None = None, **search: Any) -> Searcher:
    """A profile of the optimizer, with other dials where they are said.

    Args:
        name: of the profile.
        evidence: another evidence rule than the settings give, to see what it is worth.
        per_score: calls of one score, where they are not those of the profile.
        search: settings of the search.
    """
    said = {"profile": name, "model": "m", "endpoints": {"default": {"base_url": "u"}}, "search": search}
    settings = resolve(None, said)
    strategies = strategies_of(settings)
    if evidence is not None:
        strategies = replace(strategies, decide=PairedEvidence(evidence))
    each, held_out = per_score or CALLS[name], settings.search.held_out
    candidates = settings.search.candidates

    def run(world: World) -> Course:
        return _Run(world, strategies, each, held_out, candidates, graded=name == "recommended").course()

    return run


def everyone_on_everything(
    items: int, *, steps: int = 10, candidates: int = 5, patience: int | None = None
) -> Searcher:
    """Plain full evaluation: every candidate on all items, tested by the same bound with Bonferroni's correction.

    The incumbent's scores are kept. Of those that are better beyond doubt the one with the largest gain is taken.
    """
    level = 0.05 / (steps * candidates)

    def run(world: World) -> Course:
        incumbent, course = world.start, Course(world.start.quality, 0.0, world.start.quality)
        course.calls = items * CALLS["recommended"]
        idle = 0
        while course.steps < steps and (patience is None or idle < patience):
            children = [world.child(incumbent) for _ in range(candidates)]
            found = [paired(incumbent.scores[:items].tolist(), one.scores[:items].tolist()) for one in children]
            _book(course, children, items * candidates * CALLS["recommended"])
            proven = [number for number in range(candidates) if found[number].low(level) > 0]
            idle = 0 if proven else idle + 1
            if proven:
                winner = children[max(proven, key=lambda number: found[number].difference)]
                course.gains.append(winner.quality - incumbent.quality)
                incumbent = winner
        course.found, course.ended = incumbent.quality, incumbent
        return course

    return run


def _book(course: Course, children: Sequence[Creature], calls: int) -> None:
    course.steps += 1
    course.calls += calls + _ASKED * (_BATCH + len(children))
    course.best = max(course.best, *(one.quality for one in children))


@cache
def _seeds(items: int) -> tuple[Seed, ...]:
    return tuple(Seed(f"seed-{number:06d}", number, Instruction(f"item {number}")) for number in range(items))


@dataclass(slots=True)
class _Run:
    """One search by a profile: the loop of `optimizer/search/loop.py`, with the world in place of the team."""

    world: World
    strategies: Strategies
    per_score: int
    held_out: int
    candidates: int
    graded: bool
    beings: dict[str, Creature] = field(default_factory=dict[str, Creature])
    scored: int = 0

    def course(self) -> Course:
        """From the first step to the last."""
        seeds = _seeds(self.world.items)
        train = seeds[self.held_out :]
        split = Split(train, seeds[: self.held_out], (), len(seeds), "", ReadReport())
        course = Course(self.world.start.quality, 0.0, self.world.start.quality)
        incumbent = self._standing("incumbent", self.world.start)
        archive: list[Standing] = []
        past: list[Decision] = []
        while not self.strategies.stop(past):
            being = self._being(incumbent)
            children = [self.world.child(being) for _ in range(self.candidates)]
            if not self.strategies.keeps_scores:
                incumbent = self._standing("incumbent", being)
            standings = [incumbent, *(self._standing(f"c{n}", one) for n, one in enumerate(children, 1))]
            self.scored = 0
            decision = self._decide(standings, self.strategies.dev_of(split, len(past)), past)
            past.append(decision)
            _book(course, children, self.scored * self.per_score)
            self._note(course, standings, decision)
            if decision.accepted is not None:
                archive = retire(archive, incumbent)
                incumbent = standings[decision.accepted]
            back = self.strategies.look_back(incumbent, archive)
            if back is not None and back.accepted is not None:
                course.backs += 1
                archive, incumbent = retire(archive, incumbent), archive[back.accepted]
        course.ended = self._being(incumbent)
        course.found = course.ended.quality
        return course

    def _decide(self, standings: Sequence[Standing], dev: Sequence[Seed], past: Sequence[Decision]) -> Decision:
        rule = self.strategies.decide
        if not isinstance(rule, PairedEvidence):
            for standing in standings:
                self._score(standing, dev)
            return rule(len(past), standings, dev, past)
        referee = rule.evidence.referee(len(standings) - 1, len(dev), rule.evidence.level(past))
        while heat := referee.heat:
            for number in heat.contestants:
                self._score(standings[number], dev[heat.start : heat.stop])
            replay(referee, standings, dev)
        return rule(len(past), standings, dev, past)

    def _score(self, standing: Standing, seeds: Sequence[Seed]) -> None:
        being = self._being(standing)
        for seed in seeds:
            if seed.id in standing.scores:
                continue
            self.scored += 1
            standing.scores[seed.id] = float(being.scores[seed.line] if self.graded else being.passes[seed.line])
            if not self.graded:
                standing.trajectories[seed.id] = _trajectory(seed, being)

    def _standing(self, label: str, being: Creature) -> Standing:
        method = Method((f"being {len(self.beings)}",))
        self.beings[method.id] = being
        return Standing(Contestant(label, method), {}, {})

    def _being(self, standing: Standing) -> Creature:
        return self.beings[standing.contestant.method.id]

    def _note(self, course: Course, standings: Sequence[Standing], decision: Decision) -> None:
        before = self._being(standings[0]).quality
        if decision.accepted is not None:
            course.gains.append(self._being(standings[decision.accepted]).quality - before)
        tested = [number for number, row in enumerate(decision.figures) if row.get("tested")]
        if tested and decision.low is not None and decision.high is not None and decision.confidence is not None:
            gain = self._being(standings[tested[0]]).quality - before
            course.decided.append(
                (decision.difference or 0.0, decision.low, decision.high, gain, (1 - decision.confidence) / 2)
            )


def _trajectory(seed: Seed, being: Creature) -> Trajectory:
    answer = "x" * int(_TEXT * being.answered[seed.line])
    return Trajectory(seed, "", (seed.instruction.text, "x" * _TEXT), answer, "", "", "", (), ())
