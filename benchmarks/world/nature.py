"""A world in which the truth is known: items, methods of known quality, evolvers and judges of known error.

An item has a difficulty that all methods share, and a method has an own way with each item, most of which its children
inherit; so two methods agree on most items, and comparing them item by item pays. From the sum of the two a text comes
out failed, no harder, about the same, or harder. The detectors see most failures. The judge looks at what is left in
both orders, with noise and with a liking for the text shown first; the score is 0, .25, .5, .75 or 1, as in
`optimizer/scoring/item.py`. The published rules see almost nothing, as measured on the authors' released items.

The true quality of a method is its mean score over endlessly many items. The laws are those of the simulated provider's
`world` (agents/gateway/simulated/provider/nature.py), by which whole runs are answered.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from autoevol.agents.gateway.simulated.provider.nature import FAILED, LESS, SAME, WORLDS, Nature, quality_of, skill_of

__all__ = ["WORLDS", "Creature", "Nature", "World", "quality_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Creature:
    """A method of this world: its true quality and what it does on every item of the pool (and of a test split)."""

    quality: float
    skill: float
    own: Floats = field(repr=False)
    length: float
    scores: Floats = field(repr=False)
    passes: Floats = field(repr=False)
    answered: Floats = field(repr=False)


class World:
    """One draw of a world: its items, and methods that are born in it.

    Args:
        nature: its laws.
        items: how many there are, pool and test together.
        rng: draws everything.
    """

    def __init__(self, nature: Nature, items: int, rng: np.random.Generator) -> None:
        self.nature, self.items, self._rng = nature, items, rng
        self._difficulty = rng.normal(0, nature.shared, items)
        own = rng.normal(0, nature.own, items)
        self.start = self._born(nature.start, own, 0.0)

    def child(self, parent: Creature) -> Creature:
        """A proposal: mostly what its parent is, a bit worse, equal or better."""
        nature, rng = self.nature, self._rng
        luck = rng.random()
        room = (1 - parent.quality) / (1 - nature.start)
        change = 0.0
        if luck < nature.better:
            change = rng.exponential(nature.gain) * room
        elif luck >= nature.better + nature.equal:
            change = -rng.exponential(nature.loss)
        anew = rng.random(self.items) < rng.uniform(0.2, 0.8)
        own = np.where(anew, rng.normal(0, nature.own, self.items), parent.own)
        length = parent.length + rng.normal(0, nature.length)
        return self._born(float(np.clip(parent.quality + change, 0.03, 0.93)), own, length)

    def _born(self, quality: float, own: Floats, length: float) -> Creature:
        nature, rng = self.nature, self._rng
        skill = skill_of(nature, quality)
        text = skill + self._difficulty + own
        failed = text < FAILED
        seen = np.where(failed, rng.random(self.items) < nature.recall, rng.random(self.items) < nature.alarm)
        looks = [
            _verdict(text + side * nature.order + rng.normal(0, nature.judge, self.items)) for side in (1, -1)
        ]  # one in each order
        scores = np.where(seen, 0.0, (looks[0] + looks[1]) / 2)
        passes = np.where(rng.random(self.items) < np.where(failed, *nature.blind), 0.0, 1.0)
        answered = np.exp(length + rng.normal(0, 0.5, self.items))
        return Creature(quality, skill, own, length, scores, passes, answered)


def _verdict(seen: Floats) -> Floats:
    return np.where(seen < LESS, 0.0, np.where(seen < SAME, 0.5, 1.0))
