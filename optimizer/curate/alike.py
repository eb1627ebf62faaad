"""Rows met in an order, each kept unless it is too much like one that is kept: what Deita and `dedup` share.

Rows are met in blocks, so that the work is in products of matrices; memory is that of the kept vectors. A cosine is a
product divided by both lengths, which only needs to be done where a product comes near the bound: it is the same
whatever the size of a block, and that of a vector with itself is 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .lengths import SAME, inverse_of

__all__ = ["Met", "met_in_order"]

_BLOCK, _AGAINST = 512, 8192
_ROUNDING = 1e-6  # more than what 32 bits leave of a cosine, twice
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


class Met(NamedTuple):
    """A row; of one that is too much like a kept one that one, the nearest, and their cosine; else -1 and 0."""

    row: int
    twin: int
    cosine: float


def met_in_order(vectors: Floats, order: Sequence[int], least: float) -> Iterator[Met]:
    """Go through rows, and keep each whose cosine with all that are kept is below a bound.

    Args:
        vectors: (n, d), of about length 1; may be a memory map. One of length 0 has cosines of 0.
        order: rows, no row twice; of kept ones that are equally near the first one counts.
        least: the bound.

    Yields:
        the rows, in their order.
    """
    kept = _Kept(vectors.shape[1])
    names: list[int] = []
    for begin in range(0, len(order), _BLOCK):
        rows = order[begin : begin + _BLOCK]
        block = np.ascontiguousarray(vectors[np.asarray(rows, np.int64)])
        products = block @ block.T
        inverse = inverse_of(products.diagonal())
        best, place = kept.nearest(block, inverse, least)
        bound = least - _apart(inverse, inverse)
        stay: list[int] = []
        for number, row in enumerate(rows):
            cosine, twin = float(best[number]), int(place[number])
            if stay:
                near = products[number, stay]
                if near.max() >= bound:
                    cosines = near * (inverse[stay] * inverse[number])
                    at = int(cosines.argmax())
                    if cosines[at] > cosine:
                        cosine, twin = float(cosines[at]), len(names) - len(stay) + at
            cosine = 1.0 if cosine > SAME else cosine
            if twin >= 0 and cosine >= least:
                yield Met(row, names[twin], cosine)
                continue
            stay.append(number)
            names.append(row)
            yield Met(row, -1, 0.0)
        kept.add(block[stay], inverse[stay])


class _Kept:
    """The vectors that are kept, in room that doubles, and 1 / their lengths."""

    def __init__(self, width: int) -> None:
        self._room: Floats = np.empty((_BLOCK, width), np.float32)
        self._inverse: Doubles = np.empty(_BLOCK, np.float64)
        self._count = 0

    def add(self, more: Floats, inverse: Doubles) -> None:
        while self._count + len(more) > len(self._room):
            self._room = np.concatenate((self._room, np.empty_like(self._room)))
            self._inverse = np.concatenate((self._inverse, np.empty_like(self._inverse)))
        self._room[self._count : self._count + len(more)] = more
        self._inverse[self._count : self._count + len(more)] = inverse
        self._count += len(more)

    def nearest(self, block: Floats, inverse: Doubles, least: float) -> tuple[Doubles, Whole]:
        """The highest cosine of each, and with which: of those that come near the bound; of others -inf and -1."""
        best = np.full(len(block), -np.inf)
        place = np.full(len(block), -1, np.int64)
        for begin in range(0, self._count, _AGAINST):
            end = min(begin + _AGAINST, self._count)
            theirs = self._inverse[begin:end]
            near = block @ self._room[begin:end].T
            rows = np.flatnonzero(near.max(axis=1) >= least - _apart(inverse, theirs))
            if not len(rows):
                continue
            at = _highest(near[rows], theirs)
            cosines = near[rows, at] * (theirs[at] * inverse[rows])
            better = cosines > best[rows]
            best[rows[better]], place[rows[better]] = cosines[better], begin + at[better]
        return best, place


def _highest(near: Floats, inverse: Doubles) -> Whole:
    """Of each row the column of the highest product / length: in 32 bits, and in 64 where several come as near."""
    scaled = near * inverse.astype(np.float32)
    at: Whole = np.asarray(scaled.argmax(axis=1), np.int64)
    top = scaled[np.arange(len(near)), at]
    several = np.count_nonzero(scaled >= (top - _ROUNDING * np.abs(top))[:, None], axis=1) > 1
    at[several] = (near[several] * inverse).argmax(axis=1)
    return at


def _apart(some: Doubles, others: Doubles) -> float:
    """How far a product can be from its cosine, at most: a cosine is no more than 1."""
    least, most = some.min() * others.min(), some.max() * others.max()
    return float(max(1 - 1 / most, 1 / least - 1, 0.0)) + _ROUNDING
