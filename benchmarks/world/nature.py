"""A world in which the truth is known: items, methods of known quality, evolvers and judges of known error.

An item has a difficulty that all methods share, and a method has an own way with each item, most of which its children
inherit; so two methods agree on most items, and comparing them item by item pays. From the sum of the two a text comes
out failed, no harder, about the same, or harder. The detectors see most failures. The judge looks at what is left in
both orders, with noise and with a liking for the text shown first; the score is 0, .25, .5, .75 or 1, as in
`optimizer/scoring/item.py`. The published rules see almost nothing, as measured on the authors' released items.

The true quality of a method is its mean score over endlessly many items.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["WORLDS", "Creature", "Nature", "World", "quality_of"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Nature:
    """The laws of a world.

    Args:
        start: true quality of the starting method.
        equal, better: shares of the proposals that change nothing in quality, and that are better; the rest is worse.
        gain, loss: mean of the (exponential) gains and losses of those.
        shared, own: spread of the items' difficulty, and of a method's own way with them.
        judge: spread of the judge's noise in one look.
        order: how much the judge favours what is shown first.
        recall, alarm: of the detectors: share of failures seen, and of good texts refused.
        blind: chance that a published rule fires on a failed text, and on another.
        length: spread of the length of a method's texts around its parent's (a log), which says nothing of quality.
    """

    start: float = 0.45
    equal: float = 0.35
    better: float = 0.2
    gain: float = 0.06
    loss: float = 0.05
    shared: float = 0.8
    own: float = 0.6
    judge: float = 0.4
    order: float = 0.25
    recall: float = 0.9
    alarm: float = 0.02
    blind: tuple[float, float] = (0.015, 0.004)
    length: float = 0.15


WORLDS: dict[str, Nature] = {
    "as published": Nature(),
    "nothing is better": Nature(better=0.0),
    "nothing differs": Nature(better=0.0, equal=1.0),
    "rare and large": Nature(better=0.06, gain=0.15),
    "often and small": Nature(better=0.35, gain=0.03),
    "noisy judge": Nature(judge=1.0, order=0.6),
}

_FAILED, _LESS, _SAME = -0.55, -0.3, 0.3  # below these: failed, no harder, about the same


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
        skill = _skill_of(nature, quality)
        text = skill + self._difficulty + own
        failed = text < _FAILED
        seen = np.where(failed, rng.random(self.items) < nature.recall, rng.random(self.items) < nature.alarm)
        looks = [
            _verdict(text + side * nature.order + rng.normal(0, nature.judge, self.items)) for side in (1, -1)
        ]  # one in each order
        scores = np.where(seen, 0.0, (looks[0] + looks[1]) / 2)
        passes = np.where(rng.random(self.items) < np.where(failed, *nature.blind), 0.0, 1.0)
        answered = np.exp(length + rng.normal(0, 0.5, self.items))
        return Creature(quality, skill, own, length, scores, passes, answered)


def quality_of(nature: Nature, skill: float) -> float:
    """Mean score over endlessly many items of a method of this skill, by the sum over a fine grid."""
    grid = np.linspace(-6, 6, 1201)
    weights = np.exp(-(grid**2) / 2)
    weights /= weights.sum()
    text = skill + grid * math.hypot(nature.shared, nature.own)
    seen = np.where(text < _FAILED, nature.recall, nature.alarm)
    looks = [_expected(text + side * nature.order, nature.judge) for side in (1, -1)]
    return float(np.sum(weights * (1 - seen) * (looks[0] + looks[1]) / 2))


@cache
def _table(nature: Nature) -> tuple[Floats, Floats]:
    skills = np.linspace(-4, 5, 361)
    return np.array([quality_of(nature, float(skill)) for skill in skills]), skills


def _skill_of(nature: Nature, quality: float) -> float:
    return float(np.interp(quality, *_table(nature)))


def _verdict(seen: Floats) -> Floats:
    return np.where(seen < _LESS, 0.0, np.where(seen < _SAME, 0.5, 1.0))


def _expected(text: Floats, noise: float) -> Floats:
    def above(edge: float) -> Floats:
        return np.array([0.5 * math.erfc((edge - value) / (noise * math.sqrt(2))) for value in text])

    return 0.5 * above(_LESS) + 0.5 * above(_SAME)
