"""Texts as sets of shingles, a shingle as a number of 32 bits that depends on nothing but its text.

A shingle is a run of n words or of n characters (Broder, 1997). Words are runs of letters and digits; in scripts
without spaces each character is a word, and so is each sign, so that Chinese and code have shingles as English has.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Codes", "Shingles", "Unit", "jaccard", "shingles_of", "words_in"]

Unit = Literal["words", "characters"]
Codes = npt.NDArray[np.uint32]
# Thai, Lao, Burmese, Khmer, kana, Han and Hangul: no spaces, or syllables that stand for a word's worth of letters.
_ALONE = ("\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
          "\uf900-\ufaff")  # fmt: skip
_WORDS = re.compile(rf"[{_ALONE}]|[^\W{_ALONE}]+|[^\w\s]")
_MIX = np.uint64(0x9E3779B97F4A7C15)


class Shingles:
    """The shingles of many texts, each text's sorted and once: 4 bytes a shingle, 8 a text.

    Args:
        unit: what a shingle is a run of.
        size: how long that is. A shorter text is one shingle, an empty one has none.
    """

    def __init__(self, unit: Unit = "words", size: int = 2) -> None:
        self._unit: Unit = unit
        self._size = size
        self._known: dict[str, int] = {}
        self._codes = array("I")
        self._ends = array("Q", [0])

    def add(self, text: str) -> None:
        """The next text."""
        self._codes.frombytes(shingles_of(text, self._unit, self._size, self._known).tobytes())
        self._ends.append(len(self._codes))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def packed(self) -> Packed:
        """All of them, to be compared; nothing is added after that."""
        return Packed(np.frombuffer(self._codes, np.uint32), np.frombuffer(self._ends, np.uint64).astype(np.int64))


@dataclass(frozen=True, slots=True)
class Packed:
    """Shingles one text after the other.

    Args:
        codes: shape (all shingles,).
        ends: shape (texts + 1,): those of text i stand from ends[i] up to ends[i + 1].
    """

    codes: Codes
    ends: npt.NDArray[np.int64]

    def of(self, index: int) -> Codes:
        """The shingles of a text, sorted."""
        return self.codes[self.ends[index] : self.ends[index + 1]]


def shingles_of(text: str, unit: Unit, size: int, known: dict[str, int] | None = None) -> Codes:
    """The different shingles of a text, sorted; shape (shingles,).

    Args:
        text: any; case and the way accents are written do not matter.
        unit, size: as in `Shingles`.
        known: numbers of words that were met before, kept up here.
    """
    plain = unicodedata.normalize("NFC", text).casefold() if not text.isascii() else text.lower()
    if unit == "characters":
        numbers = np.frombuffer(" ".join(plain.split()).encode("utf-32-le", "replace"), np.uint32)
    else:
        numbers = np.fromiter(_numbers(_WORDS.findall(plain), {} if known is None else known), np.uint32)
    if not len(numbers):
        return numbers.astype(np.uint32)
    return np.unique(_runs(numbers.astype(np.uint64), min(size, len(numbers))))


def words_in(text: str) -> int:
    """How many words a text has; without the signs."""
    return sum(word[0].isalnum() or word[0] == "_" for word in _WORDS.findall(text))


def _numbers(words: Iterable[str], known: dict[str, int]) -> Iterable[int]:
    for word in words:
        number = known.get(word)
        if number is None:
            number = known[word] = zlib.crc32(word.encode("utf-8", "replace"))
        yield number


def _runs(numbers: npt.NDArray[np.uint64], size: int) -> Codes:
    """A number of 32 bits for each run of `size` numbers: a polynomial modulo 2**64, then SplitMix64's finaliser."""
    count = len(numbers) - size + 1
    codes = np.zeros(count, np.uint64)
    for place in range(size):
        codes = codes * np.uint64(0x5851F42D4C957F2D) + (numbers[place : place + count] + np.uint64(1)) * _MIX
    codes = (codes ^ (codes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    codes = (codes ^ (codes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray((codes ^ (codes >> np.uint64(31))) >> np.uint64(32), np.uint32)


def jaccard(one: Codes, other: Codes) -> float:
    """What two sets share of all that is in either, in [0, 1]; 0 where both are empty.

    Args:
        one, other: sorted, each shingle once.
    """
    if not len(one) or not len(other):
        return 0.0
    both = np.concatenate((one, other))
    both.sort(kind="stable")
    common = int(np.count_nonzero(both[1:] == both[:-1]))
    return common / (len(one) + len(other) - common)
