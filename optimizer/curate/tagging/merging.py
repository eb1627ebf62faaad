"""Tags that mean the same, and tags that always come with another one, made one (InsTag, arXiv 2308.07074, 2.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["TagRule", "merged", "near", "rules_of", "settled"]

_BLOCK = 512


@dataclass(frozen=True, slots=True)
class TagRule:
    """Where the first tag is, the second is too.

    Args:
        tag, of: the tag that says nothing more, and the one that it always comes with.
        support: rows that have both.
        confidence: share of the rows with `tag` that have `of`.
    """

    tag: str
    of: str
    support: int
    confidence: float


def near(tags: Sequence[str], vectors: npt.NDArray[Any], counts: Mapping[str, int], distance: float) -> dict[str, str]:
    """Tags whose meaning is near, each with the tag that stands for it: the most frequent one of its group.

    DBSCAN at this radius where two make a group: the groups are what hangs together by pairs so near.

    Args:
        tags: as they are.
        vectors: (n, d), float, of length 1, in the order of the tags.
        counts: rows that have a tag.
        distance: cosine distance of two tags that are one, at most.
    """
    root = list(range(len(tags)))

    def top(at: int) -> int:
        while root[at] != at:
            root[at] = root[root[at]]
            at = root[at]
        return at

    order = sorted(range(len(tags)), key=lambda at: (-counts[tags[at]], tags[at]))
    place = {at: rank for rank, at in enumerate(order)}
    for one, other in _pairs(vectors, 1.0 - distance):
        first, second = sorted((top(one), top(other)), key=lambda at: place[at])
        root[second] = first
    return {tags[at]: tags[top(at)] for at in range(len(tags)) if top(at) != at}


def _pairs(vectors: npt.NDArray[Any], least: float) -> Iterator[tuple[int, int]]:
    """Rows whose product is so large, each pair once; a block of rows at a time."""
    import numpy as np  # noqa: PLC0415  only where an embedder is named

    for begin in range(0, len(vectors), _BLOCK):
        like = vectors[begin : begin + _BLOCK] @ vectors[begin:].T
        for one, other in np.argwhere(like >= least).tolist():
            if one < other:
                yield begin + one, begin + other


def rules_of(rows: Sequence[Collection[str]], support: int, confidence: float) -> list[TagRule]:
    """The association rules of one tag to another (Apriori; Agrawal and Srikant 1994), the surest first.

    Rules with several tags on a side are left out: they do not say which of them stands for which.

    Args:
        rows: the tags of each.
        support: rows that have both tags, at least.
        confidence: share of the rows with the first that have the second, at least.
    """
    single = Counter(tag for row in rows for tag in set(row))
    # Two tags cannot be together more often than one of them is.
    often = {tag for tag, count in single.items() if count >= support}
    both: Counter[tuple[str, str]] = Counter()
    for row in rows:
        both.update(combinations(sorted(often.intersection(row)), 2))
    found = [
        TagRule(tag, of, count, count / single[tag])
        for pair, count in both.items()
        if count >= support
        for tag, of in (pair, pair[::-1])
        if count / single[tag] >= confidence
    ]
    return sorted(found, key=lambda rule: (-rule.confidence, -rule.support, rule.tag, rule.of))


def merged(rows: Sequence[Collection[str]], support: int, confidence: float) -> tuple[dict[str, str], list[TagRule]]:
    """Merge tags by rules until no rule is left.

    A tag is merged into the more frequent tag that it always comes with. What it left is mined again, since a merge
    makes the tag that stays more frequent.

    Returns:
        by tag the one that stands for it, and the rules that were used.
    """
    into: dict[str, str] = {}
    used: list[TagRule] = []
    now: list[set[str]] = [set(row) for row in rows]
    while True:
        counts = Counter(tag for row in now for tag in row)
        taken: dict[str, str] = {}
        for rule in rules_of(now, support, confidence):
            # Only upward, so that no two tags stand for each other.
            upward = (-counts[rule.of], rule.of) < (-counts[rule.tag], rule.tag)
            if upward and rule.tag not in taken:
                taken[rule.tag] = rule.of
                used.append(rule)
        if not taken:
            return settled(into), used
        into |= taken
        last = settled(taken)
        now = [{last.get(tag, tag) for tag in row} for row in now]


def settled(into: Mapping[str, str]) -> dict[str, str]:
    """Chains of merges followed to their end."""

    def end(tag: str) -> str:
        while tag in into:
            tag = into[tag]
        return tag

    return {tag: end(tag) for tag in into}
