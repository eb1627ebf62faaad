"""Near-duplicates by MinHash and LSH, each verified by the true Jaccard similarity of its shingles.

A signature holds the least value of each of many hash functions over the shingles of a text; two signatures agree in a
place with the probability of the texts' Jaccard similarity (Broder, 1997). Bands of a few places each are looked up in
tables (Indyk and Motwani, 1998): only texts that agree in a whole band are compared. The bands are chosen so that a
pair at the threshold is missed less than once in 200. `python -m benchmarks.curate dedup` compares with datasketch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ...dataset.draws import generator
from .shingles import Codes, Packed, jaccard
from .twins import Twin

__all__ = ["bands_of", "minhash_twins", "signatures"]

_MISSED = 0.005  # share of the pairs exactly at the threshold that may share no band
_CHUNK = 1 << 17  # shingles that are hashed at a time
_DIRECT = 8  # candidates that are verified without a look at their signatures
_SLACK = 4.0  # standard deviations by which signatures may tell too little
_NONE = np.uint32(0xFFFFFFFF)


def bands_of(threshold: float, permutations: int) -> tuple[int, int]:
    """How many bands of how many places: as long as can be, so that pairs at the threshold are missed rarely."""
    for rows in range(permutations, 1, -1):
        bands = permutations // rows
        if (1 - threshold**rows) ** bands <= _MISSED:
            return bands, rows
    return permutations, 1


def signatures(shingles: Packed, permutations: int, run_seed: int, purpose: str) -> Codes:
    """The signature of each text; shape (texts, permutations). Empty texts have the greatest value everywhere.

    Hash functions are (a · x + b) >> 32 modulo 2**64, which are pairwise independent on 32 bits (Dietzfelbinger, 1996).
    """
    draws = generator(run_seed, purpose)
    factors = [np.uint64(draws.getrandbits(64) | 1) for _ in range(permutations)]
    shifts = [np.uint64(draws.getrandbits(64)) for _ in range(permutations)]
    count = len(shingles.ends) - 1
    found = np.full((count, permutations), _NONE, np.uint32)
    first = 0
    while first < count:
        full = int(shingles.ends[first]) + _CHUNK
        last = min(max(int(np.searchsorted(shingles.ends, full, side="right")) - 1, first + 1), count)
        _sign(found, shingles, (first, last), factors, shifts)
        first = last
    return found


def _sign(
    found: Codes, shingles: Packed, texts: tuple[int, int], factors: Sequence[np.uint64], shifts: Sequence[np.uint64]
) -> None:
    """Fill in the signatures of a stretch of texts."""
    first, last = texts
    bounds = shingles.ends[first : last + 1]
    sizes: npt.NDArray[np.int64] = np.diff(bounds)
    filled = np.flatnonzero(sizes)
    if not len(filled):
        return
    codes = shingles.codes[bounds[0] : bounds[-1]].astype(np.uint64)
    starts = (bounds[:-1] - bounds[0])[filled]
    values, high = np.empty_like(codes), np.uint64(32)
    for place, (factor, shift) in enumerate(zip(factors, shifts, strict=True)):
        np.multiply(codes, factor, out=values)
        values += shift
        values >>= high
        found[first + filled, place] = np.minimum.reduceat(values, starts)


def minhash_twins(
    shingles: Packed, order: Sequence[int], threshold: float, permutations: int, run_seed: int, purpose: str
) -> Iterator[Twin]:  # fmt: skip
    """Rows whose Jaccard similarity to a row before them in the order, which stays, is at least the threshold.

    Args:
        shingles: of all texts; those in no place of the order are passed over.
        order: the rows, preferred ones first.
        threshold: in (0, 1].
        permutations: length of a signature.
        run_seed, purpose: name the hash functions.

    Yields:
        each with the most similar row that stays, the first in the order of several.
    """
    signed = signatures(shingles, permutations, run_seed, purpose)
    marks = _shared_bands(signed, order, *bands_of(threshold, permutations))
    deviation = (threshold * (1 - threshold) / permutations) ** 0.5
    shelf = _Shelf(shingles, signed, threshold, threshold - _SLACK * deviation)
    for row in order:
        near = shelf.nearest(row, marks.get(row, ()))
        if near is None:
            shelf.add(row, marks.get(row, ()))
        else:
            yield near


def _shared_bands(signed: Codes, order: Sequence[int], bands: int, rows: int) -> dict[int, list[int]]:
    """For each row the numbers of those of its bands that another row has, too."""
    wanted = np.asarray(order, np.int64)
    wanted = wanted[signed[wanted].min(axis=1, initial=_NONE) != _NONE] if len(wanted) else wanted
    marks: dict[int, list[int]] = {}
    begin = 0
    for band in range(bands):
        keys = np.zeros(len(wanted), np.uint64)
        for place in range(band * rows, (band + 1) * rows):
            keys = keys * np.uint64(0x5851F42D4C957F2D) + signed[wanted, place] + np.uint64(1)
            keys ^= keys >> np.uint64(29)
        _, code, counts = np.unique(keys, return_inverse=True, return_counts=True)
        shared = np.flatnonzero(counts[code] > 1)
        for at, number in zip(wanted[shared].tolist(), (code[shared] + begin).tolist(), strict=True):
            marks.setdefault(at, []).append(number)
        begin += len(counts)
    return marks


class _Shelf:
    """The rows that stay, by their bands."""

    def __init__(self, shingles: Packed, signed: Codes, threshold: float, least: float) -> None:
        self._shingles = shingles
        self._signed = signed
        self._threshold = threshold
        self._least = least
        self._holders: dict[int, list[int]] = {}
        self._kept: list[int] = []
        self._stack = np.empty((16, signed.shape[1]), np.uint32)

    def add(self, row: int, marks: Sequence[int]) -> None:
        """A row stays; one that shares no band with any other is never asked for."""
        if not marks:
            return
        place = len(self._kept)
        if place == len(self._stack):
            self._stack = np.concatenate((self._stack, np.empty_like(self._stack)))
        self._stack[place] = self._signed[row]
        self._kept.append(row)
        for mark in marks:
            self._holders.setdefault(mark, []).append(place)

    def nearest(self, row: int, marks: Sequence[int]) -> Twin | None:
        """The most similar of the rows that stay; None where none reaches the threshold."""
        own, best = self._shingles.of(row), None
        for place in self._candidates(row, marks):
            other = self._kept[place]
            similarity = jaccard(own, self._shingles.of(other))
            if similarity >= self._threshold and (best is None or similarity > best.similarity):
                best = Twin(row, other, similarity)
        return best

    def _candidates(self, row: int, marks: Sequence[int]) -> list[int]:
        """Places of rows that share a band and whose signatures are alike enough, in order."""
        held = [self._holders[mark] for mark in marks if mark in self._holders]
        total = sum(map(len, held))
        if total <= _DIRECT:
            return sorted({place for places in held for place in places})
        if total >= len(self._kept):  # all at once is no dearer, where most rows are of one pattern
            places, signed = np.arange(len(self._kept)), self._stack[: len(self._kept)]
        else:
            places = np.unique(np.concatenate([np.asarray(each) for each in held]))
            signed = self._stack[places]
        agreeing = np.count_nonzero(signed == self._signed[row], axis=1)
        found: list[int] = places[agreeing >= self._least * signed.shape[1]].tolist()
        return found
