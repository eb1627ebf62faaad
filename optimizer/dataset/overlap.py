"""Overlap of made data with benchmarks: runs of n words that stand in both (n-gram contamination).

As in the reports on GPT-3 (arXiv 2005.14165, appendix C: 13 words, lower case, no punctuation) and Llama 3
(arXiv 2407.21783, section 5.1.4: 8 tokens, share of what is covered). A word here is what stands between white space
once the text is in lower case (NFKC, case folded) and all but letters, digits and white space is taken away; a Chinese,
Japanese or Korean character is a word of its own.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, repeat
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["BATCH", "Benchmarks", "Overlap", "Side", "batches_of", "words_of"]

BATCH = 256
ItemT = TypeVar("ItemT")
_MARKS = re.compile(r"[^\w\s]|_")
_ASCII_MARKS = {code: None for code in range(128) if _MARKS.match(chr(code))}
_ALONE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_STEP = np.uint64(0x9E3779B97F4A7C15)
_Codes = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a row, `instruction` or `response`: its texts, over whose borders nothing is looked for."""

    name: str
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overlap:
    """A stretch of a row that stands in a benchmark, too.

    Args:
        n: length of the n-grams that it was found by.
        side: of the row.
        benchmark, item: name of the benchmark, and the line or row in it.
        text: the words, as they were compared.
        words: how many.
        share: part of the side's words that any benchmark covers, in [0, 1].
    """

    n: int
    side: str
    benchmark: str
    item: int
    text: str
    words: int
    share: float


def words_of(text: str) -> list[str]:
    """A text as the words that are compared."""
    if text.isascii():
        return text.lower().translate(_ASCII_MARKS).split()
    plain = _MARKS.sub("", unicodedata.normalize("NFKC", text).casefold())
    return _ALONE.sub(r" \g<0> ", plain).split()


def batches_of(items: Iterable[ItemT], size: int = BATCH) -> Iterator[list[ItemT]]:
    """Lists of at most `size`."""
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch


class Benchmarks:
    """The n-grams of benchmarks, as hashes of 64 bits: 12 bytes each, and a dictionary of their words.

    Fill with `add`, then `find`; nothing can be added after that.

    Args:
        lengths: the lengths n that are looked for.
    """

    def __init__(self, lengths: Sequence[int]) -> None:
        self.lengths = tuple(sorted(set(lengths)))
        self.items: dict[str, int] = {}
        self.short: dict[tuple[str, int], int] = {}
        self._places: list[tuple[str, int]] = []
        self._words: dict[str, int] = {}
        self._filling = {n: (array("Q"), array("I")) for n in self.lengths}
        self._known: dict[int, _Grams] = {}

    def add(self, benchmark: str, item: int, texts: Sequence[str]) -> None:
        """One item of a benchmark with its texts."""
        number = len(self._places)
        self._places.append((benchmark, item))
        self.items[benchmark] = self.items.get(benchmark, 0) + 1
        longest = 0
        for text in texts:
            words = words_of(text)
            longest = max(longest, len(words))
            ids = np.array([self._words.setdefault(word, len(self._words) + 1) for word in words], dtype=np.uint64)
            codes = _mixed(ids)
            for n in self.lengths:
                if len(words) >= n:
                    hashes = _hashes(codes, n)
                    self._filling[n][0].frombytes(hashes.tobytes())
                    self._filling[n][1].extend([number] * len(hashes))
        for n in self.lengths:
            self.short[benchmark, n] = self.short.get((benchmark, n), 0) + (longest < n)

    def grams(self, n: int) -> int:
        """How many different ones there are."""
        return len(self._ready(n).hashes)

    def find(self, rows: Sequence[Sequence[Side]]) -> list[list[Overlap]]:
        """For each row what stands in a benchmark, too: for each n and side the stretches, the longest first."""
        pieces = [(row, side.name, words_of(text)) for row, sides in enumerate(rows) for side in sides
                  for text in side.texts]  # fmt: skip
        found: list[list[Overlap]] = [[] for _ in rows]
        numbers = array("Q")
        for *_, words in pieces:
            numbers.extend(map(self._words.get, words, repeat(0)))
            numbers.append(0)
        ids = np.frombuffer(numbers, dtype=np.uint64)
        starts = np.concatenate(([0], np.cumsum([len(words) + 1 for *_, words in pieces], dtype=np.int64)))
        codes = _mixed(ids)
        gaps = np.concatenate(([0], np.cumsum(ids == 0)))
        sizes: dict[tuple[int, str], int] = {}
        for row, side, words in pieces:
            sizes[row, side] = sizes.get((row, side), 0) + len(words)
        for n in self.lengths:
            spans = self._spans(codes, gaps, n)
            covered: dict[tuple[int, str], int] = {}
            mine: list[tuple[int, Overlap]] = []
            for first, last, number in spans:
                piece = int(np.searchsorted(starts, first, side="right")) - 1
                row, side, words = pieces[piece]
                at = first - int(starts[piece])
                text = words[at : at + last - first]
                covered[row, side] = covered.get((row, side), 0) + len(text)
                mine.append((row, Overlap(n, side, *self._places[number], " ".join(text), len(text), 0.0)))
            for row, each in mine:
                share = min(1.0, covered[row, each.side] / max(1, sizes[row, each.side]))
                found[row].append(Overlap(n, each.side, each.benchmark, each.item, each.text, each.words, share))
        for overlaps in found:
            overlaps.sort(key=lambda each: (-each.n, each.side, -each.words))
        return found

    def _spans(self, codes: _Codes, gaps: NDArray[Any], n: int) -> Iterator[tuple[int, int, int]]:
        """Stretches `[first, last)` of the batch that n-grams of benchmarks cover, and an item that has the first."""
        if len(codes) < n:
            return
        whole = np.flatnonzero(gaps[n:] == gaps[:-n])  # no unknown word and no border in it
        places, items = self._ready(n).look_up(_hashes(codes, n)[whole])
        first = last = -1
        number = 0
        for place, item in zip(whole[places].tolist(), items.tolist(), strict=True):
            if place > last or first < 0:
                if first >= 0:
                    yield first, last, number
                first, number = place, item
            last = place + n
        if first >= 0:
            yield first, last, number

    def _ready(self, n: int) -> _Grams:
        if n not in self._known:
            hashes, items = self._filling.pop(n)
            unique, first = np.unique(np.frombuffer(hashes, dtype=np.uint64), return_index=True)
            self._known[n] = _Grams(unique, np.frombuffer(items, dtype=np.uint32)[first])
        return self._known[n]


class _Grams:
    """Sorted hashes of the n-grams of one length, each with the first item that has it."""

    def __init__(self, hashes: _Codes, items: NDArray[np.uint32]) -> None:
        self.hashes = hashes
        self._items = items
        # Which leading bits there are: nearly all n-grams of a row are turned away here, before the search.
        bits = min(26, max(8, len(hashes).bit_length() + 4))
        self._shift = np.uint64(64 - bits)
        self._there = np.zeros(1 << bits, dtype=np.bool_)
        self._there[hashes >> self._shift] = True

    def look_up(self, wanted: _Codes) -> tuple[NDArray[np.intp], NDArray[np.uint32]]:
        """Which of the hashes are known, by index, and the items that have them."""
        maybe = np.flatnonzero(self._there[wanted >> self._shift])
        at = np.searchsorted(self.hashes, wanted[maybe])
        at[at == len(self.hashes)] = 0
        hit = self.hashes[at] == wanted[maybe] if len(self.hashes) else np.zeros(0, dtype=np.bool_)
        return maybe[hit], self._items[at[hit]]


def _mixed(ids: NDArray[np.uint64]) -> _Codes:
    """Numbers of words, spread over 64 bits (the finaliser of SplitMix64)."""
    codes = ids * _STEP
    codes = (codes ^ (codes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    codes = (codes ^ (codes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(codes ^ (codes >> np.uint64(31)), dtype=np.uint64)


def _hashes(codes: _Codes, n: int) -> _Codes:
    """A hash for every run of n words: a polynomial modulo 2**64."""
    count = len(codes) - n + 1
    found = np.zeros(count, dtype=np.uint64)
    for place in range(n):
        found = found * np.uint64(0x5851F42D4C957F2D) + codes[place : place + count]
    return found
