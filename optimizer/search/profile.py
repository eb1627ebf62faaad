"""What a candidate is like beside its scores: how diverse its evolutions are, how they grow, what they cost."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any

from ..dataset.seed import Seed
from ..scoring.diversity import diversity_of, narrower
from ..scoring.texts import units
from .evaluate import Standing

__all__ = ["profile_row", "refuse_narrow"]


def profile_row(standing: Standing) -> dict[str, Any]:
    """Diversity of the evolved texts, median growth in words, USD over all of its calls (None where unknown)."""
    trajectories = list(standing.trajectories.values())
    evolved = [(t.stages[0], t.evolved) for t in trajectories if t.evolved is not None]
    growth = [units(text) / max(1, units(seed)) for seed, text in evolved]
    costs = [trajectory.cost for trajectory in trajectories]
    return {
        "diversity": diversity_of([text for _, text in evolved]).as_row(),
        "growth": round(median(growth), 3) if growth else None,
        "calls": sum(len(trajectory.calls) for trajectory in trajectories),
        "cost": None if None in costs else sum(cost for cost in costs if cost is not None),
    }


def refuse_narrow(standings: Sequence[Standing], seeds: Sequence[Seed], margin: float) -> None:
    """Mark candidates whose evolutions of the same seeds are less diverse than the incumbent's by more than the margin.

    The first standing is the incumbent's. Only seeds that both have evolved count.
    """
    incumbent, *candidates = standings
    for candidate in candidates:
        pairs = [
            (old.evolved, new.evolved)
            for seed in seeds
            if (old := incumbent.trajectories.get(seed.id)) and (new := candidate.trajectories.get(seed.id))
        ]
        both = [(old, new) for old, new in pairs if old is not None and new is not None]
        candidate.refused = narrower([old for old, _ in both], [new for _, new in both], margin)
