"""What a candidate is like beside its scores: how diverse its evolutions are, how they grow, what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from ..scoring.diversity import LEAST, diversity_of, narrower, spread_of
from ..scoring.texts import units
from .decision import Decision
from .evaluate import Standing

__all__ = ["profile_row", "wide_enough"]


def profile_row(standing: Standing) -> dict[str, Any]:
    """Diversity of the evolved texts, median growth in words, USD over all of its calls (None where unknown)."""
    trajectories = list(standing.trajectories.values())
    evolved = [(t.stages[0], t.evolved) for t in trajectories if t.evolved is not None]
    growth = [units(text) / max(1, units(seed)) for seed, text in evolved]
    spread = spread_of([trajectory.vector for trajectory in trajectories if trajectory.vector])
    costs = [trajectory.cost for trajectory in trajectories]
    return {
        "diversity": replace(diversity_of([text for _, text in evolved]), spread=spread).as_row(),
        "growth": round(median(growth), 3) if growth else None,
        "calls": sum(len(trajectory.calls) for trajectory in trajectories),
        "cost": None if None in costs else sum(cost for cost in costs if cost is not None),
    }


def wide_enough(decision: Decision, standings: Sequence[Standing], margin: float | None) -> Decision:
    """The decision, but for a candidate whose evolutions are less diverse than the incumbent's: that one is refused.

    The first standing is the incumbent's. Only seeds that both have evolved count.

    Args:
        decision: by the scores.
        standings: of the race; candidates that are too narrow are marked.
        margin: allowed fall of any figure of diversity; None where none is asked for.
    """
    incumbent, *candidates = standings
    if margin is None:
        return decision
    for candidate in candidates:
        pairs = [
            (old.evolved, new.evolved)
            for seed, old in incumbent.trajectories.items()
            if (new := candidate.trajectories.get(seed))
        ]
        both = [(old, new) for old, new in pairs if old is not None and new is not None]
        candidate.refused = narrower([old for old, _ in both], [new for _, new in both], margin) or _closer(
            incumbent, candidate, margin
        )
    why = standings[decision.accepted].refused if decision.accepted is not None else ""
    if not why:
        return decision
    return replace(decision, accepted=None, reason=f"Kept the incumbent: {decision.reason} But {why}.")


def _closer(incumbent: Standing, candidate: Standing, margin: float) -> str:
    """The same by embeddings of the seeds that both have one for."""
    both = [
        (old.vector, new.vector)
        for seed, old in incumbent.trajectories.items()
        if (new := candidate.trajectories.get(seed)) and old.vector and new.vector
    ]
    was, now = (spread_of([pair[which] for pair in both]) for which in (0, 1))
    if was is None or now is None or len(both) < LEAST or was - now <= margin:
        return ""
    return f"its evolutions are less diverse: the mean distance of their embeddings falls from {was:.2f} to {now:.2f}"
