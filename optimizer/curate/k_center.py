"""k-center greedy: the row that lies farthest from all that are chosen is chosen next (DiverseEvol).

DiverseEvol, arXiv 2311.08182, section 3; the rule is the farthest-first traversal of Gonzalez (1985). Kept in memory
are two numbers a row: how near its nearest chosen row is, and how long its vector. The authors' code keeps all
distances, and a copy of them that grows by a column a step; what both choose is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .lengths import SAME, inverse_lengths

__all__ = ["Centres", "k_center", "radius_of"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
_CHOSEN = np.inf
_BLOCK = 8192
_TOGETHER = 256


@dataclass(frozen=True, slots=True)
class Centres:
    """A choice and how well it covers.

    Args:
        order: rows in the order of choosing, the start first.
        radius: by chosen row behind the start, how far from all before it the row was: the coverage radius of what
            had been chosen until then. It never grows.
        left: distance of the farthest row from the whole choice; 0 where all are chosen.
    """

    order: tuple[int, ...]
    radius: tuple[float, ...]
    left: float


def k_center(vectors: Floats, start: Sequence[int], count: int) -> Centres:
    """Choose rows one by one, each the farthest from those before it; of several the first.

    A larger count keeps all that a smaller one chooses. O(n d) a chosen row, O(n) memory beside the vectors.

    Args:
        vectors: (n, d), of about length 1, n at least 1; may be a memory map.
        start: rows to begin with, no row twice; without any, the row nearest to the mean of all.
        count: rows to choose, the start included; n at most.

    Returns:
        Euclidean distances, between 0 and 2.
    """
    count = min(count, len(vectors))
    inverse = inverse_lengths(vectors)
    order = list(start[:count]) or [_middle(vectors, inverse)][:count]
    nearest = _to_the_nearest(vectors, order, inverse)
    radius: list[float] = []
    while len(order) < count:
        near = nearest * inverse
        row = int(near.argmin())
        radius.append(distance(float(near[row])))
        order.append(row)
        np.maximum(nearest, (vectors @ vectors[row]).astype(np.float64) * inverse[row], out=nearest)
        nearest[row] = _CHOSEN
    left = float((nearest * inverse).min(initial=_CHOSEN))
    return Centres(tuple(order), tuple(radius), distance(left) if left < _CHOSEN else 0.0)


def radius_of(vectors: Floats, chosen: Sequence[int]) -> float:
    """Distance of the farthest row from its nearest chosen one."""
    inverse = inverse_lengths(vectors)
    left = float((_to_the_nearest(vectors, chosen, inverse) * inverse).min(initial=_CHOSEN))
    return distance(left) if left < _CHOSEN else 0.0


def distance(similarity: float) -> float:
    """Euclidean distance of two vectors, brought to length 1, from their cosine."""
    return 0.0 if similarity > SAME else float(np.sqrt(2.0 - 2.0 * similarity))


def _middle(vectors: Floats, inverse: Doubles) -> int:
    mean = np.zeros(vectors.shape[1], np.float64)
    for begin in range(0, len(vectors), _BLOCK):
        mean += vectors[begin : begin + _BLOCK].sum(axis=0, dtype=np.float64)
    return int(((vectors @ mean.astype(np.float32)) * inverse).argmax())


def _to_the_nearest(vectors: Floats, chosen: Sequence[int], inverse: Doubles) -> Doubles:
    """Cosine of each row with the nearest chosen one, times the row's length, (n,); infinite for the chosen ones."""
    nearest = np.full(len(vectors), -_CHOSEN)
    centres = np.asarray(chosen, np.int64)
    for at in range(0, len(centres), _TOGETHER):
        which = centres[at : at + _TOGETHER]
        some = np.ascontiguousarray(vectors[which].T)
        for begin in range(0, len(vectors), _BLOCK):
            here = slice(begin, begin + _BLOCK)
            near = (vectors[here] @ some) * inverse[which]
            np.maximum(nearest[here], near.max(axis=1), out=nearest[here])
    nearest[np.asarray(chosen, np.int64)] = _CHOSEN
    return nearest
