"""Who goes on, who leaves, who wins: the rules of the recommended race, told nothing but scores.

First a leader is chosen, then it is tested, on other items:

- *choosing*: all candidates and the incumbent meet the first items of the step, in rungs. After a rung those leave that
  cannot win, then all but the better half (two at least); after the last one all but the leader. Whoever leads may
  lead by luck alone.
- *testing*: the leader meets the incumbent on items that had no part in choosing it, in rungs again. So its luck is
  forgotten, and the step makes one test and not one for each candidate.

A candidate *cannot win* when even with the gain at the upper end of its interval the last rung would keep the
incumbent. Leaving early can lose a good candidate and never accepts a bad one. The leader is accepted as soon as the
lower bound of its gain is above the margin. The level of the step is shared by the rungs of the test: a rung at the
share f of the test's items may use what f cubed grants beyond the rungs before it, so nearly all is left to the last.

Nothing here knows seeds, methods or calls: the race of a run and the simulated world (`benchmarks/world`) both play by
this one referee.

Sources: successive halving (Karnin and others 2013); power-family spending of a level over looks (Kim and DeMets
1987), here by the union bound.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from ..record.rungs import choosing_items, places_after, rungs_of
from ..scoring.statistics import Paired, paired, quantile

__all__ = ["SPENDING", "Heat", "Leave", "Referee", "Rules", "Ruling"]

Why = Literal["cannot win", "not among the better half", "not the leader", "not proven"]

SPENDING = 3
"""The power that the share of the test's items is raised to for the share of the level."""

_DIGITS = 12  # means that agree in so many are ties


@dataclass(frozen=True, slots=True)
class Rules:
    """How the referee decides.

    Args:
        rungs: numbers of items of the step after which is looked; those beyond its items do not count, the last rung
            is always all of them.
        margin: what the lower bound of the gain must exceed.
        choosing: share of the items, in (0, 1), that at most go into choosing a leader.
        pruning: one-sided chance that a candidate that leaves as "cannot win" would have had more than was granted.
    """

    rungs: tuple[int, ...]
    margin: float = 0.0
    choosing: float = 0.25
    pruning: float = 0.1


@dataclass(frozen=True, slots=True)
class Heat:
    """What is to be scored next: these candidates (1, 2, ...) and the incumbent (0) on items start to stop."""

    contestants: tuple[int, ...]
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Leave:
    """A candidate that left, after how many items of the step, and why."""

    candidate: int
    at: int
    why: Why


@dataclass(frozen=True, slots=True)
class Ruling:
    """How a race ended.

    Args:
        accepted: the candidate that is better, or None where the incumbent stays.
        leader: who was tested, or None where nobody was.
        tested: the items that the leader was tested on; of `n` 0 where nobody was.
        level: chance of a false acceptance that this last look might take.
        low, high: bounds of the leader's gain, each wrong with a chance of `level`; `low` is what decides.
        chance: one-sided p of this look: the smallest level that would have accepted.
        spent: of the step's level, what is used up: all of it as soon as anyone was tested.
    """

    accepted: int | None
    leader: int | None
    tested: Paired
    level: float
    low: float
    high: float
    chance: float
    spent: float


@dataclass(slots=True)
class Referee:
    """A race of one step, item by item. Ask for `heat`, score it, `tell`; when `heat` is None, `ruling` is there.

    Args:
        rules: see there.
        candidates: how many there are; they are called 1, 2, ..., and the incumbent 0.
        items: how many items the step may use at most, in their order.
        level: chance of a false acceptance in this step.

    Raises:
        ValueError: there is no candidate, no item, or the level or a share is not in (0, 1).
    """

    rules: Rules
    candidates: int
    items: int
    level: float
    left: list[Leave] = field(default_factory=list[Leave])
    ruling: Ruling | None = None
    _scores: dict[int, list[float]] = field(default_factory=dict[int, list[float]])
    _done: int = 0
    _chosen_at: int | None = None  # items that choosing took; None while it lasts

    def __post_init__(self) -> None:
        """Begin; a lone candidate needs no choosing."""
        rules = self.rules
        if self.candidates < 1 or self.items < 1:
            raise ValueError("a race needs a candidate and an item")
        if not (0 < self.level < 1 and 0 < rules.choosing < 1 and 0 < rules.pruning <= 0.5):
            raise ValueError("the level and the shares of a race lie between 0 and 1")
        self._scores = {number: [] for number in range(self.candidates + 1)}
        if self.candidates == 1:
            self._chosen_at = 0

    @property
    def standing(self) -> tuple[int, ...]:
        """The candidates that have not left."""
        gone = {leave.candidate for leave in self.left}
        return tuple(number for number in range(1, self.candidates + 1) if number not in gone)

    @property
    def heat(self) -> Heat | None:
        """What is to be scored next, or None when the race is over."""
        if self.ruling is not None:
            return None
        return Heat((0, *self.standing), self._done, self._next_rung())

    def tell(self, scores: Mapping[int, Sequence[float]]) -> tuple[Leave, ...]:
        """Take the scores of a whole heat; who leaves after it.

        Args:
            scores: of each contestant of the heat, in the order of the items.

        Raises:
            ValueError: the race is over, or the scores are not those of the heat, or not in [0, 1].
        """
        heat = self.heat
        if heat is None:
            raise ValueError("the race is over")
        if set(scores) != set(heat.contestants):
            raise ValueError(f"scores of {sorted(heat.contestants)} are due, not of {sorted(scores)}")
        for number in heat.contestants:
            if len(scores[number]) != heat.stop - heat.start:
                raise ValueError(f"{heat.stop - heat.start} scores are due, not {len(scores[number])}")
            self._scores[number].extend(scores[number])
        self._done = heat.stop
        before = len(self.left)
        if self._chosen_at is None:
            self._choose()
        else:
            self._test()
        return tuple(self.left[before:])

    # ---------------------------------------------------------------- choosing

    def _choose(self) -> None:
        last = self._done >= choosing_items(self.rules.rungs, self.rules.choosing, self.items)
        gains = {number: self.gain(number) for number in self.standing}
        for number, gain in gains.items():
            if not self._may_be_proven(gain):
                self._leave(number, "cannot win")
        ranked = sorted(self.standing, key=lambda number: (-round(gains[number].difference, _DIGITS), number))
        places = 1 if last else places_after(len(ranked))
        for number in ranked[places:]:
            self._leave(number, "not the leader" if last else "not among the better half")
        if not ranked:
            best = max(gains, key=lambda number: (gains[number].high(self.level), -number))
            found = gains[best]
            low, high = found.low(self.level), found.high(self.level)
            self.ruling = Ruling(None, None, found, self.level, low, high, 1.0, 0.0)
        elif len(self.standing) == 1:
            self._chosen_at = self._done

    def _may_be_proven(self, gain: Paired) -> bool:
        """Whether at the upper end of its interval the gain would be proven on the items kept for testing."""
        fresh = self.items - self._done
        if fresh < 1:
            return False
        needed = quantile(self._granted(fresh), fresh + 1) * gain.spread / math.sqrt(fresh + 2)
        return gain.high(self.rules.pruning) > self.rules.margin + needed

    # ---------------------------------------------------------------- testing

    def _test(self) -> None:
        (leader,) = self.standing
        found = self._between(leader, self._chosen_at or 0, self._done)
        level = self._granted(found.n)
        low = found.low(level)
        accepted = low > self.rules.margin
        if not accepted:
            if self._may_still_be_proven(found):
                return
            self._leave(leader, "not proven" if self._done == self.items else "cannot win")
        self.ruling = Ruling(
            leader if accepted else None, leader, found, level, low, found.high(level),
            found.chance(self.rules.margin), self.level,
        )  # fmt: skip

    def _may_still_be_proven(self, found: Paired) -> bool:
        """Whether the last rung would accept if the items to come were at the upper end of the interval."""
        whole = self.items - (self._chosen_at or 0)
        if found.n >= whole:
            return False
        hoped = (found.n * found.difference + (whole - found.n) * found.high(self.rules.pruning)) / whole
        needed = quantile(self._granted(whole), whole + 1) * found.spread / math.sqrt(whole + 2)
        return hoped > self.rules.margin + needed

    def _granted(self, n: int) -> float:
        """The level of the look after n items of the test: what f cubed grants beyond the looks before it.

        While a leader is being chosen, the test is thought to begin now.
        """
        start = self._chosen_at if self._chosen_at is not None else self._done
        before = max((rung for rung in self._rungs() if start < rung < start + n), default=start)
        shares = [((at - start) / (self.items - start)) ** SPENDING for at in (start + n, before)]
        return self.level * (shares[0] - shares[1])

    # ---------------------------------------------------------------- parts

    def gain(self, candidate: int) -> Paired:
        """What a candidate has shown against the incumbent on all its items of this step."""
        return self._between(candidate, 0, len(self._scores[candidate]))

    def _between(self, candidate: int, start: int, stop: int) -> Paired:
        return paired(self._scores[0][start:stop], self._scores[candidate][start:stop])

    def _leave(self, number: int, why: Why) -> None:
        self.left.append(Leave(number, self._done, why))

    def _next_rung(self) -> int:
        return next(rung for rung in self._rungs() if rung > self._done)

    def _rungs(self) -> list[int]:
        """All rungs of the race: those of the rules, the end of choosing, and all items."""
        return rungs_of(self.rules.rungs, self.rules.choosing, self.candidates, self.items)
