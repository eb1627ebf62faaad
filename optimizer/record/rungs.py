"""After how many items a race is looked at, and how many scores it takes at most: sums that the estimate needs too."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["choosing_items", "most_scores", "places_after", "rungs_of"]


def places_after(standing: int) -> int:
    """How many candidates go on from a rung while a leader is chosen: the better half, and two at least."""
    return max(2, -(-standing // 2))


def choosing_items(rungs: Sequence[int], share: float, items: int) -> int:
    """How many of the items choosing a leader takes: up to the last rung inside its share, else the share itself."""
    part = int(items * share)
    return max((rung for rung in rungs if 0 < rung <= part), default=max(1, part))


def rungs_of(rungs: Sequence[int], share: float, candidates: int, items: int) -> list[int]:
    """All rungs of a race: those that are said, the end of choosing where there is a choice, and all items."""
    ends = {items} if candidates < 2 else {choosing_items(rungs, share, items), items}
    return sorted(ends | {rung for rung in rungs if 0 < rung < items})


def most_scores(rungs: Sequence[int], share: float, candidates: int, items: int) -> int:
    """Scores of candidates (the incumbent's apart) that a race takes if nobody leaves before he must."""
    if items < 1 or candidates < 1:
        return 0
    total, done, standing = 0, 0, candidates
    cut = choosing_items(rungs, share, items) if candidates > 1 else 0
    for rung in rungs_of(rungs, share, candidates, items):
        total += standing * (rung - done)
        done, standing = rung, 1 if rung >= cut else min(standing, places_after(standing))
    return total
