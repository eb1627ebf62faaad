"""Complexity first, and diverse: InsTag's way to choose rows by their tags (arXiv 2308.07074, section 3.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

__all__ = ["complexity_first", "coverage"]


def complexity_first(tags: Mapping[str, Collection[str]], count: int) -> list[tuple[str, int, int]]:
    """Rows in the order in which they are taken.

    Rounds over the rows from the one with most tags on: in a round a row is taken where it has a tag that none has that
    was taken in this round. So every round covers what is left of the vocabulary once. A larger count keeps all of a
    smaller one, and ties break by id, so that the order of the rows does not matter.

    Args:
        tags: by row id; a row without tags is never taken.
        count: take at most so many.

    Returns:
        id, round (from 1), and how many tags it was the first to have in its round.
    """
    left: Sequence[str] = sorted((name for name in tags if tags[name]), key=lambda name: (-len(set(tags[name])), name))
    taken: list[tuple[str, int, int]] = []
    number = 0
    while left and len(taken) < count:
        number += 1
        covered: set[str] = set()
        passed: list[str] = []
        for at, name in enumerate(left):
            new = set(tags[name]) - covered
            if not new:
                passed.append(name)
                continue
            covered |= new
            taken.append((name, number, len(new)))
            if len(taken) == count:
                passed += left[at + 1 :]
                break
        left = passed
    return taken


def coverage(rows: Collection[Collection[str]], vocabulary: Collection[str]) -> float:
    """The share of a vocabulary that rows have; 0 of none."""
    return len({tag for row in rows for tag in row}.intersection(vocabulary)) / len(vocabulary) if vocabulary else 0.0
