"""The recommended rules with one thing changed at a time: what was weighed before they became what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from autoevol.optimizer.search.decision import Decision, Evidence
from autoevol.optimizer.search.referee import Referee, Rules

from .searches import Searcher, profile

__all__ = ["CHOICES"]

_RUNGS = (16, 48, 96, 192)
_TEN = {"patience": None, "regret": None}


@dataclass(frozen=True, slots=True)
class Evenly(Evidence):
    """The same level in every step, whatever came of the steps before: Bonferroni over the steps."""

    def level(self, past: Sequence[Decision]) -> float:
        """A share of the run's level."""
        return self.alpha * 0.9 / self.steps


@dataclass(frozen=True, slots=True)
class Eagerly(Evidence):
    """A third of what is left, in every step."""

    def level(self, past: Sequence[Decision]) -> float:
        """More for the first steps, and never nothing."""
        return (self.alpha * 0.9 - sum(one.used for one in past if one.accepted is None)) / 3


@dataclass(slots=True)
class OnAllItems(Referee):
    """The leader is tested on the items that chose it, too; so the level is shared by all who might have led."""

    def _choose(self) -> None:
        Referee._choose(self)
        if self._chosen_at is not None:
            self._chosen_at, self.level = 0, self.level / self.candidates


@dataclass(frozen=True, slots=True)
class Together(Evidence):
    """Evidence by that referee."""

    def referee(self, candidates: int, items: int, level: float) -> Referee:
        """Choosing and testing on the same items."""
        return OnAllItems(self.rules, candidates, items, level)


def _with(evidence: Evidence) -> Searcher:
    return profile("recommended", evidence=evidence, **_TEN)


def _rules(**said: float) -> Evidence:
    return Evidence(Rules(_RUNGS, **said), 0.05, 10, 30)


CHOICES: dict[str, Searcher] = {
    "as it is": profile("recommended", **_TEN),
    "200 items a step of 400": profile("recommended", dev=200, dev_pool=400, **_TEN),
    "the same 200 items in each step": profile("recommended", dev=200, **_TEN),
    "800 items a step": profile("recommended", dev=800, rungs=[16, 48, 96, 192, 384], **_TEN),
    "an eighth of the items chooses": _with(_rules(choosing=0.125)),
    "half of the items chooses": _with(Evidence(Rules((*_RUNGS, 288), choosing=0.5), 0.05, 10, 30)),
    "leave at 1 in 20": _with(_rules(pruning=0.05)),
    "leave at 1 in 5": _with(_rules(pruning=0.2)),
    "no rungs but the end of choosing": _with(Evidence(Rules((96,)), 0.05, 10, 30)),
    "twice as many rungs": _with(Evidence(Rules((16, 32, 48, 72, 96, 144, 192, 256, 320)), 0.05, 10, 30)),
    "the same level in each step": _with(Evenly(Rules(_RUNGS), 0.05, 10, 30)),
    "a third of the level left": _with(Eagerly(Rules(_RUNGS), 0.05, 10, 30)),
    "tested on the choosing items too": _with(Together(Rules(_RUNGS), 0.05, 10, 30)),
}
"""Searches of ten steps, by what is changed."""
