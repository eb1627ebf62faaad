"""Other bounds than the one that decides, to see what it is worth: Student's t, Hall's t, and a bet that is exact."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from autoevol.optimizer.scoring.statistics import paired, quantile

__all__ = ["BOUNDS", "SHAPES", "draw_differences"]

Floats = NDArray[np.float64]

SHAPES: dict[str, dict[float, float]] = {
    "alike on both sides": {-1: 0.06, -0.75: 0.03, -0.5: 0.06, -0.25: 0.05, 0: 0.6, 0.25: 0.05, 0.5: 0.06, 0.75: 0.03,
                            1: 0.06},
    "mostly ties": {-1: 0.02, -0.5: 0.03, -0.25: 0.02, 0: 0.86, 0.25: 0.02, 0.5: 0.03, 1: 0.02},
    "heavy losses": {-0.75: 0.1, 0: 0.6, 0.25: 0.3},
    "rare, heavier losses": {-1: 0.05, 0: 0.75, 0.25: 0.2},
    "rare wins": {-0.25: 0.3, 0: 0.6, 0.75: 0.1},
}  # fmt: skip
"""Differences of two methods that are equally good: value and share."""


def draw_differences(shape: str, n: int, rng: np.random.Generator) -> Floats:
    """n paired differences of this shape, of mean 0."""
    values, shares = list(SHAPES[shape]), list(SHAPES[shape].values())
    return rng.choice(np.array(values, dtype=float), n, p=shares)


def ours(differences: Floats, level: float) -> float:
    """The bound of `optimizer/scoring/statistics.py`."""
    return paired(np.maximum(-differences, 0).tolist(), np.maximum(differences, 0).tolist()).low(level)


def students(differences: Floats, level: float) -> float:
    """Student's t."""
    n = len(differences)
    return float(differences.mean() - quantile(level, n - 1) * differences.std(ddof=1) / math.sqrt(n))


def halls(differences: Floats, level: float) -> float:
    """Student's t with the skewness taken out (Hall 1992), without the two items more."""
    n, spread = len(differences), float(differences.std(ddof=1))
    if spread == 0:
        return float(differences.mean())
    skew = float(((differences - differences.mean()) ** 3).mean()) / spread**3
    t = quantile(level, n - 1)
    if abs(skew) > 1e-6:
        part = skew / math.sqrt(n)
        t = 3 / part * (float(np.cbrt(1 + part * (t - part / 6))) - 1)
    return float(differences.mean() - t * spread / math.sqrt(n))


def betting(differences: Floats, level: float) -> float:
    """Above 0 where a mixture of fixed bets on a mean above 0 has earned 1 / level at any moment: exact at every level.

    Only the sign of what comes back means anything (Waudby-Smith and Ramdas 2024; Ville's inequality).
    """
    bets = np.array([0.05, 0.1, 0.2, 0.35, 0.55, 0.8])
    wealth = np.exp(np.cumsum(np.log1p(np.outer(differences, bets)), axis=0)).mean(axis=1)
    return 1.0 if wealth.max() >= 1 / level else -1.0


BOUNDS = {"ours": ours, "Student": students, "Hall": halls, "betting (exact)": betting}
"""Lower bounds of a mean difference, from differences and a level."""
