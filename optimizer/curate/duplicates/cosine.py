"""Near-duplicates by embeddings: the cosine of every pair, block by block, in O(n · d) memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from .twins import Twin

__all__ = ["cosine_twins"]

_BLOCK, _OTHERS = 1024, 4096
_Floats = npt.NDArray[np.float32]


def cosine_twins(vectors: _Floats, order: Sequence[int], threshold: float) -> Iterator[Twin]:
    """Rows whose cosine with a row before them in the order, which stays, is at least the threshold.

    Args:
        vectors: shape (rows, dimensions), each of length 1; one of length 0 is like no other.
        order: the rows, preferred ones first.
        threshold: in (0, 1].

    Yields:
        each with the most similar row that stays, the first in the order of several.
    """
    kept = np.empty((min(len(order), _OTHERS), vectors.shape[1]), np.float32)
    names: list[int] = []
    for start in range(0, len(order), _BLOCK):
        block = list(order[start : start + _BLOCK])
        own = np.ascontiguousarray(vectors[block])
        score, place = _nearest(own, kept[: len(names)])
        inside = own @ own.T
        stayed: list[int] = []
        for number, row in enumerate(block):
            best, of = float(score[number]), int(place[number])
            twin = names[of] if of >= 0 else -1
            if stayed:
                near = inside[number, stayed]
                at = int(near.argmax())
                if near[at] > best:
                    best, twin = float(near[at]), block[stayed[at]]
            if twin >= 0 and best >= threshold:
                yield Twin(row, twin, min(1.0, best))
            else:
                stayed.append(number)
        kept = _added(kept, len(names), own[stayed])
        names += [block[number] for number in stayed]


def _nearest(own: _Floats, kept: _Floats) -> tuple[_Floats, npt.NDArray[np.int64]]:
    """The highest cosine of each with any that is kept, and which that is; -1 where nothing is kept."""
    best = np.full(len(own), -np.inf, np.float32)
    place = np.full(len(own), -1)
    for start in range(0, len(kept), _OTHERS):
        cosine = own @ kept[start : start + _OTHERS].T
        at = cosine.argmax(axis=1)
        score = cosine[np.arange(len(own)), at]
        better = score > best
        best = np.where(better, score, best)
        place = np.where(better, at + start, place)
    return best, place


def _added(kept: _Floats, count: int, more: _Floats) -> _Floats:
    while count + len(more) > len(kept):
        kept = np.concatenate((kept, np.empty_like(kept)))
    kept[count : count + len(more)] = more
    return kept
