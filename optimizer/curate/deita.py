"""Deita's choice: the best rows first, without those that are too much like one that is already chosen.

Deita, arXiv 2312.15685, section 2.4; the rule as the authors' code has it: a row is refused where its cosine
*similarity* to any accepted row is above 0.9. (Another library's filter of that name asks for a distance of 0.9 to the
nearest of all rows, which hardly any row has.)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["ScoreFirst", "score_first"]

Floats = npt.NDArray[np.float32]
_BLOCK = 512
_AGAINST = 8192


@dataclass(frozen=True, slots=True)
class ScoreFirst:
    """A choice.

    Args:
        order: accepted rows, the best first.
        twins: refused rows, each with the accepted row that is most like it and their similarity.
        looked_at: how many rows were looked at before there were enough; those behind them are in neither.
    """

    order: tuple[int, ...]
    twins: Mapping[int, tuple[int, float]]
    looked_at: int


def score_first(vectors: Floats, ranking: Sequence[int], count: int, threshold: float = 0.9) -> ScoreFirst:
    """Go through rows from the best one and accept what is not too much like an accepted one.

    A larger count keeps all that a smaller one accepts. Looks at blocks of rows, so that the work is in products of
    matrices; memory is that of the accepted vectors.

    Args:
        vectors: (n, d), of length 1; may be a memory map.
        ranking: rows, the best first, no row twice.
        count: accept at most so many.
        threshold: cosine similarity above which two rows are too much alike.
    """
    held = np.empty((min(count, len(ranking)), vectors.shape[1]), np.float32)
    order: list[int] = []
    twins: dict[int, tuple[int, float]] = {}
    for begin in range(0, len(ranking), _BLOCK):
        if len(order) >= count:
            return ScoreFirst(tuple(order), twins, begin)
        rows = ranking[begin : begin + _BLOCK]
        block = vectors[np.asarray(rows, np.int64)]
        like, most = _most_like(block, held[: len(order)])
        inside = block @ block.T
        before = len(order)
        accepted: list[int] = []  # places in the block
        for place, row in enumerate(rows):
            twin, similarity = (int(like[place]), float(most[place])) if before else (-1, -np.inf)
            if accepted:
                near = inside[place, accepted]
                at = int(near.argmax())
                if near[at] > similarity:
                    twin, similarity = before + at, float(near[at])
            if similarity > threshold:
                twins[row] = (order[twin], similarity)
                continue
            held[len(order)] = block[place]
            order.append(row)
            accepted.append(place)
            if len(order) == count:
                return ScoreFirst(tuple(order), twins, begin + place + 1)
    return ScoreFirst(tuple(order), twins, len(ranking))


def _most_like(block: Floats, held: Floats) -> tuple[npt.NDArray[np.int64], Floats]:
    """By row of the block, the held vector that is most like it and their cosine."""
    like = np.full(len(block), -1, np.int64)
    most = np.full(len(block), -np.inf, np.float32)
    for begin in range(0, len(held), _AGAINST):
        near = block @ held[begin : begin + _AGAINST].T
        at = near.argmax(axis=1)
        values = near[np.arange(len(block)), at]
        nearer = values > most
        like[nearer], most[nearer] = at[nearer] + begin, values[nearer]
    return like, most
