"""How much several choices of the same rows share, and how much they would if they were drawn."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

__all__ = ["Chance", "Overlap", "by_chance", "overlaps"]

_OUTSIDE = 0.025  # of draws at most on either side of the range


@dataclass(frozen=True, slots=True)
class Chance:
    """Rows that two drawn sets share: the mean, and the range of 95 of 100 such pairs of sets."""

    mean: float
    low: int
    high: int

    def __str__(self) -> str:
        """The range in words."""
        return f"{self.low:,} to {self.high:,}" if self.low < self.high else f"{self.low:,}"


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two choices share.

    Args:
        one, other: their names.
        shared: rows in both.
        smaller: rows of the smaller of the two.
        chance: what two drawn sets of these sizes would share.
    """

    one: str
    other: str
    shared: int
    smaller: int
    chance: Chance

    @property
    def share(self) -> float:
        """Of the smaller of the two; 0 where that is empty."""
        return self.shared / self.smaller if self.smaller else 0.0

    @property
    def beyond(self) -> float:
        """The share beyond that of drawn sets: sets of nearly all rows share nearly all, whatever they go by."""
        return (self.shared - self.chance.mean) / self.smaller if self.smaller else 0.0


def overlaps(sets: Mapping[str, Collection[int]], total: int) -> list[Overlap]:
    """Every pair of choices out of so many rows, in the order of the names."""
    chosen = {name: frozenset(rows) for name, rows in sets.items()}
    found: list[Overlap] = []
    for (one, mine), (other, theirs) in combinations(chosen.items(), 2):
        shared, smaller = len(mine & theirs), min(len(mine), len(theirs))
        found.append(Overlap(one, other, shared, smaller, by_chance(total, len(mine), len(theirs))))
    return found


@lru_cache(maxsize=1024)
def by_chance(total: int, one: int, other: int) -> Chance:
    """What sets of two sizes share that are drawn out of so many rows: the hypergeometric distribution.

    Args:
        total: rows.
        one, other: sizes; no more than `total`.
    """
    first, last = max(0, one + other - total), min(one, other)
    whole = _log_ways(total, other)
    below, low, high = 0.0, first, last
    for shared in range(first, last + 1):
        chance = math.exp(_log_ways(one, shared) + _log_ways(total - one, other - shared) - whole)
        low = shared + 1 if below + chance <= _OUTSIDE else low
        below += chance
        if below >= 1 - _OUTSIDE:
            high = shared
            break
    return Chance(one * other / total if total else 0.0, low, high)


def _log_ways(of: int, some: int) -> float:
    """Logarithm of the number of ways to take some of so many."""
    return math.lgamma(of + 1) - math.lgamma(some + 1) - math.lgamma(of - some + 1)
