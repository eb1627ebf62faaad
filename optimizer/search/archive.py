"""The methods that were accepted, with everything they showed; and the way back to one of them.

A later incumbent meets, step by step, items that earlier ones met too. Nothing is asked for it: the scores are there.
When on all items that both have met the earlier one is better, lower bound above the margin, it becomes the incumbent
again. The items on which it once lost are among them, so it has to make up for that. A tenth of the run's level is kept
for this and shared evenly by the steps, and by the methods in the archive.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..scoring.statistics import Paired, paired
from .decision import BACK_SHARE, Decision, Evidence
from .evaluate import Standing

__all__ = ["LookBack", "look_back", "never_back", "retire"]

LookBack = Callable[[Standing, Sequence[Standing]], Decision | None]
"""From the incumbent and the archive: go back, or nothing."""


@dataclass(frozen=True, slots=True)
class _Return:
    """An earlier method against the incumbent: its place in the archive, and the evidence."""

    place: int
    found: Paired


def retire(archive: Sequence[Standing], incumbent: Standing) -> list[Standing]:
    """The archive with an incumbent that another took the place of, once for each method, latest last."""
    method = incumbent.contestant.method
    return [*(standing for standing in archive if standing.contestant.method.id != method.id), incumbent]


def look_back(evidence: Evidence, incumbent: Standing, archive: Sequence[Standing]) -> Decision | None:
    """Whether an earlier method is better than the incumbent after all; None where it is not, as nearly always.

    Args:
        evidence: what a change needs.
        incumbent: with all its scored items, after the decision of the step.
        archive: earlier incumbents with theirs, oldest first.
    """
    now = incumbent.contestant.method.id  # it is in the archive too, where the search went back to it
    others = [(place, earlier) for place, earlier in enumerate(archive) if earlier.contestant.method.id != now]
    level = evidence.alpha * BACK_SHARE / max(1, evidence.steps) / max(1, len(others))
    returns: list[_Return] = []
    for place, earlier in others:
        shared = sorted(incumbent.scores.keys() & earlier.scores.keys())
        if len(shared) < evidence.least:
            continue
        found = paired([incumbent.scores[seed] for seed in shared], [earlier.scores[seed] for seed in shared])
        if found.low(level) > evidence.rules.margin:
            returns.append(_Return(place, found))
    if not returns:
        return None
    best = max(returns, key=lambda one: (one.found.low(level), -one.place))
    return _decision(best, archive, level, evidence.rules.margin)


def never_back(incumbent: Standing, archive: Sequence[Standing]) -> Decision | None:
    """The published rules never go back."""
    return None


def _decision(best: _Return, archive: Sequence[Standing], level: float, margin: float) -> Decision:
    found = best.found
    low, high, chance = found.low(level), found.high(level), found.chance(margin)
    interval = f"{1 - 2 * level:.1%} interval {low:+.3f} to {high:+.3f}".replace("%", " %")
    name = archive[best.place].contestant.method.name or archive[best.place].contestant.method.id
    reason = (
        f"Went back to {name}: on {found.n} items that both have met it is better by {found.difference:.3f} "
        f"({interval}); chance of error {chance:.2g} where {level:.2g} is granted."
    )
    return Decision(
        best.place, reason, (), kind="roll-back", n=found.n, difference=found.difference, low=low, high=high,
        confidence=1 - 2 * level, chance=chance, granted=level, used=level,
    )  # fmt: skip
