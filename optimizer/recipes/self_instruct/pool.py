"""The pool of instructions, and how near a new one is to it by ROUGE-L: exact, and fast at 50,000.

ROUGE-L F1 of word lists a and b is 2 · LCS(a, b) / (|a| + |b|), which is the normalised similarity of insertions and
deletions (Indel). Each different word is written as one character, so that a list of words is a string that rapidfuzz
compares bit-parallel. Self-Instruct (arXiv 2212.10560, section 2.2) keeps what is below 0.7 to all others.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import NamedTuple

from rapidfuzz import process
from rapidfuzz.distance import Indel, LCSseq

from .words import Tokens, words_of

__all__ = ["Nearest", "Pool", "rouge_l"]

_SLACK = 1e-6  # the library's cut-off is floating point: what is so near below is computed again from whole numbers
_Coded = str | list[int]


class Nearest(NamedTuple):
    """The most similar text of a pool: its number (-1 for none) and ROUGE-L F1 in [0, 1]."""

    number: int
    score: float


class Pool:
    """Instructions as strings of word characters, by length.

    Memory: about 60 bytes and one to four for each word of an instruction; each different word once.

    Args:
        tokens: how texts are parted into words.
        letters: how many different words are written as a character; those beyond as whole numbers, which is slower.
    """

    def __init__(self, tokens: Tokens = "unicode", letters: int = sys.maxunicode + 1) -> None:
        self._tokens: Tokens = tokens
        self._letters = letters
        self._codes: dict[str, int] = {}
        self._texts: dict[int, list[_Coded]] = {}
        self._numbers: dict[int, list[int]] = {}
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, text: str) -> int:
        """Take a text in; the value is its number, from 0."""
        coded = self._coded([self._codes.setdefault(word, len(self._codes)) for word in words_of(text, self._tokens)])
        self._texts.setdefault(len(coded), []).append(coded)
        self._numbers.setdefault(len(coded), []).append(self._size)
        self._size += 1
        return self._size - 1

    def nearest(self, text: str, above: float = 0.0) -> Nearest:
        """The most similar text, the first of several; none where no score is above `above`.

        Lengths are looked through in the order of what they could reach at best, 2 · min / (|a| + |b|), and only as
        long as that is more than what was found.
        """
        words = words_of(text, self._tokens)
        # Words that the pool does not know cannot match; they get numbers that nothing else has.
        known = [self._codes.get(word, len(self._codes) + place) for place, word in enumerate(words)]
        coded, size = self._coded(known), len(words)
        best = Nearest(-1, above)
        for reach, length in sorted(((_reach(size, other), other) for other in self._texts), reverse=True):
            if reach < best.score or reach <= above:
                break
            found = self._best_of(coded, length, best.score)
            if found.score > best.score or (found.score == best.score > above and found.number < best.number):
                best = found
        return best if best.number >= 0 else Nearest(-1, 0.0)

    def _best_of(self, coded: _Coded, length: int, least: float) -> Nearest:
        """The first most similar one of a length; none where it is below `least`."""
        texts = self._texts[length]
        found = process.extractOne(
            coded, texts, scorer=Indel.normalized_similarity, processor=None, score_cutoff=max(0.0, least - _SLACK)
        )
        if found is None:
            return Nearest(-1, 0.0)
        score = _f1(LCSseq.similarity(coded, texts[found[2]]), len(coded), length)
        return Nearest(self._numbers[length][found[2]], score)

    def _coded(self, codes: Sequence[int]) -> _Coded:
        if all(code < self._letters for code in codes):
            return "".join(map(chr, codes))
        return list(codes)


def rouge_l(one: str, other: str, tokens: Tokens = "unicode") -> float:
    """ROUGE-L F1 of two texts, in [0, 1]; 0 where either has no words."""
    first, second = words_of(one, tokens), words_of(other, tokens)
    return _f1(LCSseq.similarity(first, second), len(first), len(second))


def _reach(one: int, other: int) -> float:
    return _f1(min(one, other), one, other)


def _f1(common: int, one: int, other: int) -> float:
    """From whole numbers, so that 14 of 20 words is 0.7 and not a hair more."""
    return 2 * common / (one + other) if one + other else 0.0
