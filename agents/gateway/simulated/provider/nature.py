"""The laws of a world in which the truth is known: how good methods are, and how well it can be seen.

An item has a difficulty that all methods share, and a method has an own way with each item, most of which its children
inherit. From skill, difficulty and own way a text comes out failed, no harder, about the same, or harder. The detectors
see most failures; the judge looks at what is left in both orders, with noise and a liking for the text shown first.
The true quality of a method is its mean score over endlessly many items.

`benchmarks/world` plays whole searches by these laws in a moment; `provider/world.py` answers real runs by them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["FAILED", "LESS", "SAME", "WORLDS", "Nature", "quality_of", "skill_of"]

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

FAILED, LESS, SAME = -0.55, -0.3, 0.3  # below these: failed, no harder, about the same


def quality_of(nature: Nature, skill: float) -> float:
    """Mean score over endlessly many items of a method of this skill, by the sum over a fine grid."""
    grid = np.linspace(-6, 6, 1201)
    weights = np.exp(-(grid**2) / 2)
    weights /= weights.sum()
    text = skill + grid * math.hypot(nature.shared, nature.own)
    seen = np.where(text < FAILED, nature.recall, nature.alarm)
    looks = [_expected(text + side * nature.order, nature.judge) for side in (1, -1)]
    return float(np.sum(weights * (1 - seen) * (looks[0] + looks[1]) / 2))


@cache
def _table(nature: Nature) -> tuple[Floats, Floats]:
    skills = np.linspace(-4, 5, 361)
    return np.array([quality_of(nature, float(skill)) for skill in skills]), skills


def skill_of(nature: Nature, quality: float) -> float:
    """The skill of a method of this true quality."""
    return float(np.interp(quality, *_table(nature)))


def _expected(text: Floats, noise: float) -> Floats:
    def above(edge: float) -> Floats:
        return np.array([0.5 * math.erfc((edge - value) / (noise * math.sqrt(2))) for value in text])

    return 0.5 * above(LESS) + 0.5 * above(SAME)
