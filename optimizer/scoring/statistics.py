"""Is the new method better than the old one? Paired comparisons on the same items, and what they can prove.

The decision is the exact one-sided sign test. Scores here are bounded, mostly 0, 0.5 and 1, with many ties, and the
level of one comparison is small: the run's level over steps times candidates, 0.001 and below. The sign test is exact
at every level, whatever the distribution of the differences: P(p <= alpha) <= alpha as soon as neither method wins
more often than the other. Bootstrap and t-tests are only asymptotically right, which at such levels means thousands
of items. What it gives up is the size of single differences, so the mean difference has to exceed the margin as well.
The margin is held against the estimate, not against a bound: with a margin above 0 it is a demand on what was seen,
and the guarantee stays that of "wins more often". The bootstrap interval is shown, not decided on.

Sources: the sign test on discordant pairs is McNemar's exact test for 0/1 scores; BCa interval: Efron 1987, as in
`scipy.stats.bootstrap`.
"""

from __future__ import annotations

import importlib
import math
import random
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Comparison", "compare_paired", "hopeless", "sign_test"]

_CONFIDENCE = 0.95  # of the intervals that are shown
_RESAMPLES = 4000
_BATCH = 1 << 22  # differences held at once while resampling, about 32 MB
_ROUNDING = 1e-12  # two scores that differ by less are equal


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a paired comparison says about `new` against `old`.

    Args:
        n: items.
        wins, losses, ties: items on which new scores higher, lower, the same.
        difference: mean of new - old, in score units (-1 to 1).
        low, high: 95 % interval of it, for people; the decision does not use it.
        p: one-sided p-value of the sign test: how often at least so many wins come about by chance.
        better: p <= alpha and difference > margin.
    """

    n: int
    wins: int
    losses: int
    ties: int
    difference: float
    low: float
    high: float
    p: float
    better: bool


def compare_paired(
    old: Sequence[float], new: Sequence[float], *, alpha: float, margin: float, rng: random.Random
) -> Comparison:
    """Compare two methods on the same items.

    Args:
        old, new: scores in [0, 1], item by item in the same order.
        alpha: the chance of a false acceptance that this one comparison may take.
        margin: gain in mean score that must be exceeded.
        rng: draws the resamples of the interval.

    Raises:
        ValueError: the two differ in length, or a score is not a finite number.
    """
    differences = _differences(old, new)
    wins, losses = int(np.sum(differences > _ROUNDING)), int(np.sum(differences < -_ROUNDING))
    n = len(differences)
    difference = float(np.mean(differences)) if n else 0.0
    low, high = _interval(differences, rng)
    p = float(sign_test(wins, losses))
    better = p <= alpha and difference > margin
    return Comparison(n, wins, losses, n - wins - losses, difference, low, high, p, better)


def hopeless(old: Sequence[float], new: Sequence[float], *, alpha: float) -> bool:
    """Whether `new` is proven worse, by the same test turned round; used to drop losers early.

    A wrong drop loses a chance, never a guarantee: it cannot bring about an acceptance.

    Raises:
        ValueError: as `compare_paired`.
    """
    differences = _differences(old, new)
    wins, losses = int(np.sum(differences > _ROUNDING)), int(np.sum(differences < -_ROUNDING))
    return bool(sign_test(losses, wins) <= alpha and np.sum(differences) < 0)


def sign_test(wins: int | NDArray[np.int64], losses: int | NDArray[np.int64]) -> NDArray[np.float64]:
    """One-sided exact p-value: P(at least `wins` of `wins + losses` fair coins). Ties take no part; works on arrays."""
    wins = np.asarray(wins)
    p: NDArray[np.float64] = np.asarray(_scipy_stats().binom.sf(wins - 1, wins + np.asarray(losses), 0.5), dtype=float)
    return p


# ---------------------------------------------------------------- parts


def _scipy_stats() -> Any:
    """Loaded when it is needed (half a second), and untyped: scipy ships no types."""
    return importlib.import_module("scipy.stats")


def _differences(old: Sequence[float], new: Sequence[float]) -> NDArray[np.float64]:
    if len(old) != len(new):
        raise ValueError(f"paired scores must be of one length, not {len(old)} and {len(new)}")
    differences: NDArray[np.float64] = np.asarray(new, dtype=float) - np.asarray(old, dtype=float)
    if not np.all(np.isfinite(differences)):
        raise ValueError("scores must be finite numbers")
    return differences


def _interval(differences: NDArray[np.float64], rng: random.Random) -> tuple[float, float]:
    """BCa interval of the mean; the percentile interval where BCa has no answer; an exact bound where all are alike."""
    if len(differences) < 2 or np.ptp(differences) <= _ROUNDING:
        return _interval_of_constant(differences)
    draws = np.random.default_rng(rng.getrandbits(64))
    mean = float(np.mean(differences))
    with warnings.catch_warnings():
        # A degenerate BCa says so by NaN, which is looked at below.
        warnings.simplefilter("ignore")
        low, high = _bootstrap(differences, "BCa", draws)
        if not (math.isfinite(low) and math.isfinite(high)):
            low, high = _bootstrap(differences, "percentile", draws)
    return min(low, mean), max(high, mean)


def _bootstrap(differences: NDArray[np.float64], method: str, draws: np.random.Generator) -> tuple[float, float]:
    result = _scipy_stats().bootstrap(
        (differences,), np.mean, n_resamples=_RESAMPLES, batch=max(1, _BATCH // len(differences)),
        confidence_level=_CONFIDENCE, method=method, rng=draws, vectorized=True,
    )  # fmt: skip
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def _interval_of_constant(differences: NDArray[np.float64]) -> tuple[float, float]:
    """Where n items all differ by c, resampling would claim certainty.

    At 97.5 % at most a share u = 1 - 0.025^(1/n) of all items differs from c (Clopper and Pearson, none of n seen);
    those could differ by -1 or by 1.
    """
    n = len(differences)
    if n == 0:
        return -1.0, 1.0
    constant = float(np.mean(differences))
    unseen = 1 - ((1 - _CONFIDENCE) / 2) ** (1 / n)
    return constant * (1 - unseen) - unseen, constant * (1 - unseen) + unseen
