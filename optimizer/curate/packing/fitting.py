"""Rows into packs: best fit, the longest first (Ding et al., arXiv 2404.10830; as TRL's `bfd`).

O(n log n): rows are sorted once, and the fullest pack in which a row still fits is found in a tree of bit words with 64
branches, so in two or three looks for packs of up to 262,144 tokens.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from itertools import accumulate

__all__ = ["best_fit", "cu_seqlens", "document_mask", "first_fit", "position_ids", "utilisation"]

_BITS = 6
_LOW = (1 << _BITS) - 1


class _Spaces:
    """A set of whole numbers from 0 to `most` that knows its smallest member not below a number."""

    def __init__(self, most: int) -> None:
        self._levels: list[list[int]] = []
        size = most + 1
        while True:
            size = (size + _LOW) >> _BITS
            self._levels.append([0] * size)
            if size == 1:
                break

    def add(self, value: int) -> None:
        for words in self._levels:
            words[value >> _BITS] |= 1 << (value & _LOW)
            value >>= _BITS

    def remove(self, value: int) -> None:
        for words in self._levels:
            words[value >> _BITS] &= ~(1 << (value & _LOW))
            if words[value >> _BITS]:
                return
            value >>= _BITS

    def at_least(self, value: int) -> int | None:
        for level, words in enumerate(self._levels):
            if value >> _BITS >= len(words):
                return None
            word = words[value >> _BITS] >> (value & _LOW)
            if word:
                value += (word & -word).bit_length() - 1
                for below in reversed(self._levels[:level]):
                    word = below[value]
                    value = (value << _BITS) + (word & -word).bit_length() - 1
                return value
            value = (value >> _BITS) + 1
        return None


def best_fit(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Packs of rows: each row goes whole into the pack that it fills best, the longest rows first.

    Rows of one length keep their order, and of packs with the same space the one that got it first is taken, so the
    lengths in the packs do not depend on the order of the rows.

    Args:
        lengths: of the rows, in tokens, each from 1 to `most`.
        most: tokens of a pack.

    Returns:
        Indices of the rows, pack by pack.

    Raises:
        ValueError: a row that is empty, or longer than a pack.
    """
    if any(not 0 < length <= most for length in lengths):
        raise ValueError("a row is empty or longer than a pack")
    spaces = _Spaces(most)
    waiting: dict[int, deque[int]] = {}
    packs: list[list[int]] = []
    for index in sorted(range(len(lengths)), key=lambda each: -lengths[each]):
        length = lengths[index]
        space = spaces.at_least(length)
        if space is None:
            space, pack = most, len(packs)
            packs.append([])
        else:
            queue = waiting[space]
            pack = queue.popleft()
            if not queue:
                spaces.remove(space)
        packs[pack].append(index)
        rest = space - length
        if rest:
            queue = waiting.setdefault(rest, deque())
            if not queue:
                spaces.add(rest)
            queue.append(pack)
    return packs


def first_fit(lengths: Sequence[int], most: int) -> list[list[int]]:
    """Packs of rows in their order, each into the first pack with room: what best fit is held against. O(n packs)."""
    packs: list[list[int]] = []
    rooms: list[int] = []
    for index, length in enumerate(lengths):
        place = next((number for number, room in enumerate(rooms) if room >= length), len(packs))
        if place == len(packs):
            packs.append([])
            rooms.append(most)
        packs[place].append(index)
        rooms[place] -= length
    return packs


def cu_seqlens(lengths: Sequence[int]) -> list[int]:
    """Where each row of a pack begins, and where the last ends: 11 and 6 tokens give 0, 11, 17."""
    return [0, *accumulate(lengths)]


def position_ids(lengths: Sequence[int]) -> list[int]:
    """Positions of the tokens of a pack, from 0 in each row."""
    return [position for length in lengths for position in range(length)]


def document_mask(lengths: Sequence[int], most: int) -> list[int]:
    """Which row of the pack, from 1, each token belongs to; 0 is padding up to `most`: 2, 3 of 6 give 1 1 2 2 2 0."""
    rows = [number for number, length in enumerate(lengths, 1) for _ in range(length)]
    return rows + [0] * (most - len(rows))


def utilisation(packs: Sequence[Sequence[int]], lengths: Sequence[int], most: int) -> float:
    """Share of the places in all packs that hold a token."""
    return sum(lengths[index] for pack in packs for index in pack) / (most * len(packs)) if packs else 0.0
