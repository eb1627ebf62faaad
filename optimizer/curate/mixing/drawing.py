"""Draws of rows by hash: seeded, stratified, the same for any order of the rows, and monotone in how many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from ...dataset.draws import draw_key
from .pool import PoolRow

__all__ = ["apportioned", "drawn", "shuffled", "with_copies"]

_WHOLE = 1 << 64
_GOLDEN = 0x9E3779B97F4A7C15  # 2**64 by the golden ratio, odd
Copy = tuple[PoolRow, int]
"""A row, and which copy of it, from 1."""


def drawn(rows: Iterable[PoolRow], count: int, seed: int, purpose: str) -> list[PoolRow]:
    """So many of the rows, each stratum (set and group) in its share.

    Systematic sampling: in a stratum of n rows, ordered by a hash of each row's key, the r-th (from 0) stands at
    (r + u) / n, and the `count` rows that stand first are drawn. The u of the strata are spread over [0, 1) by the
    golden ratio, from a start that the seed says, so that of many small strata, each too small for a row, as many get
    one as all of them together should have. A larger draw holds every smaller one, and nothing hangs on the order of
    `rows`.
    """
    strata: dict[tuple[str, str], list[tuple[int, str, PoolRow]]] = {}
    for row in rows:
        strata.setdefault((row.name, row.group), []).append((draw_key(seed, purpose, row.key), row.key, row))
    start = draw_key(seed, f"{purpose}/start", "")
    placed: list[tuple[float, int, str, PoolRow]] = []
    for number, name in enumerate(sorted(strata)):
        members = sorted(strata[name], key=lambda each: each[:2])
        begin = (start + number * _GOLDEN) % _WHOLE / _WHOLE
        placed += [((rank + begin) / len(members), *member) for rank, member in enumerate(members)]
    placed.sort(key=lambda each: each[:3])
    return [each[3] for each in placed[:count]]


def with_copies(rows: Sequence[PoolRow], count: int, seed: int, purpose: str) -> list[Copy]:
    """As many as wanted: whole copies of all rows, then a draw for the rest."""
    whole, rest = divmod(count, len(rows)) if rows else (0, 0)
    copies = [(row, copy) for copy in range(1, whole + 1) for row in rows]
    return copies + [(row, whole + 1) for row in drawn(rows, rest, seed, purpose)]


def shuffled(rows: Iterable[Copy], seed: int, purpose: str) -> list[Copy]:
    """In an order that only seed, purpose and the rows themselves say."""
    return sorted(rows, key=lambda each: (draw_key(seed, f"{purpose}/order/{each[1]}", each[0].key), each[0].key))


def apportioned(weights: Mapping[str, float], count: int) -> dict[str, int]:
    """Whole numbers in the ratio of the weights that add up to `count` (largest remainders; ties to the first).

    Raises:
        ValueError: a weight is negative, or none is above 0.
    """
    if not weights or min(weights.values()) < 0 or not any(weights.values()):
        raise ValueError("weights must not be negative, and one must be above 0")
    parts = {name: Fraction(weight) for name, weight in weights.items()}  # as floats the sum could miss by one
    total = sum(parts.values())
    exact = {name: count * weight / total for name, weight in parts.items()}
    counts = {name: int(value) for name, value in exact.items()}
    by_rest = sorted(exact, key=lambda name: counts[name] - exact[name])
    for name in by_rest[: count - sum(counts.values())]:
        counts[name] += 1
    return counts
