"""The pool of instructions, and how near a new one is to it by ROUGE-L: exact, and fast at 50,000.

ROUGE-L F1 of word lists a and b is 2 · LCS(a, b) / (|a| + |b|). What two texts have in common as bags of words bounds
their longest common subsequence from above; lists of who holds which word give that bound for the whole pool at once.
Only texts whose bound reaches what was found are compared exactly, bit-parallel by rapidfuzz, each different word
written as one character. Self-Instruct (arXiv 2212.10560, section 2.2) keeps what is not above 0.7 to any other.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rapidfuzz import process
from rapidfuzz.distance import LCSseq

from .words import Tokens, words_of

__all__ = ["Nearest", "Pool", "rouge_l"]

_FIRST, _MORE = 64, 8  # texts that are compared at first, best bound first, and by how much more each time after
_Coded = str | list[int]
_Scores = npt.NDArray[np.float64]
_Numbers = npt.NDArray[np.int64]


class Nearest(NamedTuple):
    """The most similar text of a pool: its number (-1 for none) and ROUGE-L F1 in [0, 1]."""

    number: int
    score: float


class Pool:
    """Instructions as strings of word characters, and for each word who holds it.

    Memory: about 60 bytes and six for each word of an instruction; each different word once.

    Args:
        tokens: how texts are parted into words.
        letters: how many different words are written as a character; those beyond as whole numbers, which is slower.
    """

    def __init__(self, tokens: Tokens = "unicode", letters: int = sys.maxunicode + 1) -> None:
        self._tokens: Tokens = tokens
        self._letters = letters
        self._codes: dict[str, int] = {}
        self._texts: list[_Coded] = []
        self._lengths = array("I")
        # Texts that hold a word once at least, twice at least, and so on: (word, times) → their numbers.
        self._holders: dict[tuple[int, int], array[int]] = {}

    def __len__(self) -> int:
        return len(self._texts)

    def add(self, text: str) -> int:
        """Take a text in; the value is its number, from 0."""
        number = len(self._texts)
        codes = [self._codes.setdefault(word, len(self._codes)) for word in words_of(text, self._tokens)]
        for code, times in Counter(codes).items():
            for time in range(times):
                self._holders.setdefault((code, time), array("I")).append(number)
        self._texts.append(self._coded(codes))
        self._lengths.append(len(codes))
        return number

    def nearest(self, text: str, above: float = 0.0) -> Nearest:
        """The most similar text, the first of several; none where no score is above `above`."""
        words = words_of(text, self._tokens)
        # Words that the pool does not know cannot match; they get numbers that nothing else has.
        codes = [self._codes.get(word, len(self._codes) + place) for place, word in enumerate(words)]
        bounds = self._bounds(codes)
        reaching = np.flatnonzero(bounds > above)
        coded, best, size = self._coded(codes), Nearest(-1, above), _FIRST
        while reaching.size:
            some, reaching = _top(reaching, bounds[reaching], size)
            best = self._better(coded, some, best)
            reaching = reaching[bounds[reaching] >= best.score]
            size *= _MORE
        return best if best.number >= 0 else Nearest(-1, 0.0)

    def _bounds(self, codes: Sequence[int]) -> _Scores:
        """What ROUGE-L can be at most, for each text."""
        common = np.zeros(len(self._texts), np.uint32)
        for code, times in Counter(codes).items():
            for time in range(times):
                holders = self._holders.get((code, time))
                if holders is not None:
                    common[np.frombuffer(holders, np.uint32)] += 1
        return _f1(common, len(codes), np.frombuffer(self._lengths, np.uint32))

    def _better(self, coded: _Coded, numbers: _Numbers, best: Nearest) -> Nearest:
        """The best of these texts, compared exactly, or what was the best before."""
        chosen: list[_Coded] = [self._texts[number] for number in numbers.tolist()]
        common = process.cdist([coded], chosen, scorer=LCSseq.similarity, dtype=np.uint32)
        lengths = np.frombuffer(self._lengths, np.uint32)[numbers]
        scores = _f1(common[0], len(coded), lengths)
        score = float(scores.max())
        number = int(numbers[scores == score].min())
        if score > best.score or (score == best.score and 0 <= number < best.number):
            return Nearest(number, score)
        return best

    def _coded(self, codes: Sequence[int]) -> _Coded:
        if all(code < self._letters for code in codes):
            return "".join(map(chr, codes))
        return list(codes)


def rouge_l(one: str, other: str, tokens: Tokens = "unicode") -> float:
    """ROUGE-L F1 of two texts, in [0, 1]; 0 where either has no words."""
    first, second = words_of(one, tokens), words_of(other, tokens)
    common = LCSseq.similarity(first, second)
    return 2 * common / (len(first) + len(second)) if common else 0.0


def _top(numbers: _Numbers, bounds: _Scores, size: int) -> tuple[_Numbers, _Numbers]:
    """The `size` of the highest bounds, and the others."""
    if numbers.size <= size:
        return numbers, numbers[:0]
    order = np.argpartition(bounds, numbers.size - size)
    return numbers[order[-size:]], numbers[order[:-size]]


def _f1(common: npt.NDArray[np.uint32], size: int, sizes: npt.NDArray[np.uint32]) -> _Scores:
    """From whole numbers, so that 14 of 20 words is 0.7 and not a hair more; 0 where there are no words at all."""
    return 2 * common.astype(np.float64) / np.maximum(1, sizes.astype(np.float64) + size)
