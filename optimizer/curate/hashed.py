"""Vectors of texts without a model: words and pairs of neighbouring words, weighted by how rare they are, hashed.

TF-IDF with signed feature hashing (Weinberger et al., arXiv 0902.2206): each word goes to a place, and to a sign, that
its hash names, so that cosines of the long vectors are kept in the mean, with an error of about 1 / sqrt(width). It
knows words, not meaning: a paraphrase in other words is as far away as another topic. A Chinese character is a word.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Callable, Iterable, Iterator

import numpy as np
import numpy.typing as npt

__all__ = ["WIDTH", "hashed_vectors"]

Floats = npt.NDArray[np.float32]
WIDTH = 512
_SEEN = 1 << 20
_CJK = "぀-ヿ㐀-䶿一-鿿가-힯"
_WORDS = re.compile(rf"[{_CJK}]|[^\W{_CJK}_]+")


def hashed_vectors(texts: Callable[[], Iterable[str]], width: int = WIDTH) -> Iterator[Floats | None]:
    """The vector of each text, of length 1 and shape (width,); None for one without a word.

    Args:
        texts: gives them, the same at every call; they are passed twice.
        width: numbers in a vector.
    """
    number, seen = 0, np.zeros(_SEEN, np.int64)
    for text in texts():
        number += 1
        seen[list({_hash(feature) % _SEEN for feature in _features(text)})] += 1
    for text in texts():
        yield _vector(text, width, number, seen)


def _vector(text: str, width: int, number: int, seen: npt.NDArray[np.int64]) -> Floats | None:
    counts: dict[int, int] = {}
    for feature in _features(text):
        hashed = _hash(feature)
        counts[hashed] = counts.get(hashed, 0) + 1
    values = np.zeros(width, np.float64)
    for hashed, count in counts.items():
        rarity = math.log((1 + number) / (1 + int(seen[hashed % _SEEN]))) + 1
        sign = 1 if hashed & 1 else -1
        values[(hashed >> 1) % width] += sign * (1 + math.log(count)) * rarity
    length = float(np.linalg.norm(values))
    return (values / length).astype(np.float32) if length else None


def _features(text: str) -> Iterator[str]:
    before = ""
    for word in _WORDS.findall(text.lower()):
        yield word
        if before:
            yield f"{before} {word}"
        before = word


def _hash(feature: str) -> int:
    # crc32 alone sends words that differ in one letter to neighbouring places.
    return (zlib.crc32(feature.encode("utf-8", "surrogatepass")) * 0x9E3779B1 & 0xFFFFFFFF) ^ 0x5BD1E995
