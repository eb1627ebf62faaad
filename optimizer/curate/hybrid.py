"""A choice by several figures at once: a weighted sum of them, or fronts of rows that none other beats in all.

The sum is over figures made comparable: by rank (0 the worst, 1 the best, ties in the middle of their ranks), or by
distance from the mean in standard deviations. Fronts are those of non-dominated sorting (Deb et al., NSGA-II, 2002,
section III), within a front by the sum. Diversity, where it counts, is that of maximal marginal relevance (Carbonell
and Goldstein, 1998): the similarity with the nearest chosen row is taken off.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Scale", "fronts", "relevant", "scaled", "weighted"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Scale = Literal["rank", "z"]


def scaled(values: Doubles, scale: Scale) -> Doubles:
    """A figure of all rows, made comparable with others: higher stays higher, equal stays equal.

    Args:
        values: (n,), finite.
        scale: `rank` gives 0 to 1, `z` standard deviations from the mean; both 0.5 or 0 where all are equal.
    """
    if scale == "z":
        spread = values.std()
        return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)
    if len(values) < 2:
        return np.full(len(values), 0.5)
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    # The middle of the ranks that equal values share.
    middle = np.cumsum(counts) - (counts + 1) / 2
    return np.asarray(middle[place] / (len(values) - 1), np.float64)


def weighted(figures: Doubles, weights: Sequence[float], scale: Scale) -> Doubles:
    """Mean of the scaled figures by the size of their weights, (n,); a negative weight asks for low values.

    Args:
        figures: (n, figures), finite.
        weights: of the figures, not all 0.
        scale: how they are made comparable.
    """
    total = np.zeros(len(figures), np.float64)
    for column, weight in enumerate(weights):
        total += abs(weight) * scaled(np.sign(weight) * figures[:, column], scale)
    return total / sum(abs(weight) for weight in weights)


def fronts(figures: Doubles, weights: Sequence[float]) -> npt.NDArray[np.int64]:
    """The front of each row, (n,): 0 where no row is at least as good in every figure and better in one, and so on.

    Each front is found after those before it were taken away. Alike rows share a front. O(n) memory; rows are compared
    from the best sum of ranks on, so that a row meets only rows that can be better than it.

    Args:
        figures: (n, figures), finite.
        weights: their signs say what is better: positive high, negative low; figures of weight 0 do not count.
    """
    used = [column for column, weight in enumerate(weights) if weight]
    better = np.stack([np.sign(weights[column]) * figures[:, column] for column in used], axis=1)
    different, place = np.unique(better, axis=0, return_inverse=True)
    # From the last one down: whatever is better than a row in the order of texts stands behind it.
    found = np.zeros(len(different), np.int64)
    members: list[list[int]] = []
    for row in range(len(different) - 1, -1, -1):
        found[row] = _front_of(row, different, members)
        if found[row] == len(members):
            members.append([])
        members[found[row]].append(row)
    return np.asarray(found[place.reshape(-1)], np.int64)


def _front_of(row: int, rows: Doubles, members: list[list[int]]) -> int:
    """The first front none of whose members is better; being better passes on, so that they can be halved."""
    low, high = 0, len(members)
    while low < high:
        middle = (low + high) // 2
        if bool((rows[members[middle]] >= rows[row]).all(axis=1).any()):
            low = middle + 1
        else:
            high = middle
    return low


def relevant(scores: Doubles, vectors: Floats, count: int, diversity: float) -> tuple[int, ...]:
    """Choose greedily by (1 - diversity) x score - diversity x cosine with the nearest chosen row; ties to the first.

    A larger count keeps all that a smaller one chooses. O(n d) a chosen row, O(n) memory beside the vectors.

    Args:
        scores: (n,), comparable with a cosine: about 0 to 1.
        vectors: (n, d), of length 1; may be a memory map.
        count: rows to choose.
        diversity: 0 to 1.
    """
    worth = (1 - diversity) * scores
    nearest = np.full(len(scores), -1.0, np.float64)
    order: list[int] = []
    for _ in range(min(count, len(scores))):
        row = int((worth - diversity * nearest).argmax())
        order.append(row)
        np.maximum(nearest, vectors @ vectors[row], out=nearest)
        worth[row] = -np.inf
    return tuple(order)
