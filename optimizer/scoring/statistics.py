"""Is the new method better than the old one? Paired comparisons on the same items, and the bounds that decide.

Scores lie in [0, 1], mostly on a few values, so the differences of two methods are bounded, full of ties, and often
skewed: a method that is a little better on many items and fails badly on a few. At the small levels of a search (a
share of 5 %) Student's t is then wrong two to five times as often as it says on a hundred items and more, and up to
eighteen times on thirty, towards false acceptances. The bound used here is Student's with two repairs:

- Hall's transformation takes the skewness out of the t statistic, to second order;
- *plus two*: the sample is taken as if it held two items more, one won and one lost by a full point. What a small
  sample has not shown yet, a rare heavy loss above all, is so never taken for impossible, and equal differences claim
  no certainty. The idea is that of Agresti and Coull for shares.

In the simulated world (`python -m benchmarks.world bounds`) it keeps its level for every shape of differences that was
tried, from 30 items on, at 5 % and 0.5 %, and loses little power; an exact bound (betting) needs about twice as many
items. It is no exact test; on a few items it is too careful rather than wrong.

Sources: Hall 1992, "On the removal of skewness by transformation"; Agresti and Coull 1998; the BCa interval that is
shown beside it on the test split: Efron 1987, as in `scipy.stats.bootstrap`.
"""

from __future__ import annotations

import importlib
import math
import random
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Comparison", "Paired", "compare_paired", "paired", "quantile"]

_CONFIDENCE = 0.95  # of the intervals that are shown
_RESAMPLES = 4000
_BATCH = 1 << 22  # differences held at once while resampling, about 32 MB
_ROUNDING = 1e-12  # two scores that differ by less are equal
_LEAST_SKEW = 1e-6


@dataclass(frozen=True, slots=True)
class Paired:
    """Paired differences of two methods, summed up, and the bounds of their mean in all items like these.

    Args:
        n: items.
        wins, losses: items on which new scores higher, lower; the rest are ties.
        difference: mean of new - old, in score units (-1 to 1); 0 where there are no items.
        centre, error: mean of the differences and its standard error, with the two items more.
        skew: skewness of the differences; the two items widen the spread and bring no skewness of their own.
    """

    n: int
    wins: int
    losses: int
    difference: float
    centre: float
    error: float
    skew: float

    @property
    def spread(self) -> float:
        """Standard deviation of the differences, with the two items more."""
        return self.error * math.sqrt(self.n + 2)

    def low(self, level: float) -> float:
        """The mean difference is above this but for a chance of `level` (in (0, 0.5])."""
        if self.n == 0:
            return -1.0
        return min(self.difference, max(-1.0, self.centre - self.error * self._back(quantile(level, self.n + 1))))

    def high(self, level: float) -> float:
        """The mean difference is below this but for a chance of `level` (in (0, 0.5])."""
        if self.n == 0:
            return 1.0
        return max(self.difference, min(1.0, self.centre - self.error * self._back(-quantile(level, self.n + 1))))

    def chance(self, margin: float = 0.0) -> float:
        """One-sided p: the smallest level at which the lower bound is above the margin; 1 without items."""
        if self.n == 0 or self.difference <= margin:
            return 1.0
        return float(_special().stdtr(self.n + 1, -self._there((self.centre - margin) / self.error)))

    def _there(self, t: float) -> float:
        """Hall's transformation of the t statistic: a monotone cubic."""
        root = math.sqrt(self.n + 2)
        return t + self.skew * t**2 / (3 * root) + self.skew**2 * t**3 / (27 * (self.n + 2)) + self.skew / (6 * root)

    def _back(self, x: float) -> float:
        """The t statistic that is transformed to x."""
        if abs(self.skew) < _LEAST_SKEW:
            return x
        part = self.skew / math.sqrt(self.n + 2)
        return 3 / part * (float(np.cbrt(1 + part * (x - part / 6))) - 1)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a single paired comparison says about `new` against `old`.

    Args:
        n: items.
        wins, losses, ties: items on which new scores higher, lower, the same.
        difference: mean of new - old, in score units (-1 to 1).
        low, high: 95 % BCa interval of it, for people.
        bound: the lower bound that decides, at the level of the comparison.
        p: one-sided chance that a difference of no more than the margin shows itself as large as this.
        better: bound > margin.
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
    bound: float = -1.0


def paired(old: Sequence[float], new: Sequence[float]) -> Paired:
    """Sum up two methods' scores on the same items.

    Args:
        old, new: scores in [0, 1], item by item in the same order.

    Raises:
        ValueError: the two differ in length, or a score is no number in [0, 1].
    """
    return _summed(_differences(old, new))


def compare_paired(
    old: Sequence[float], new: Sequence[float], *, alpha: float, margin: float, rng: random.Random
) -> Comparison:
    """Compare two methods on the same items, once.

    Args:
        old, new: as in `paired`.
        alpha: the chance of a false "better" that this comparison may take.
        margin: gain in mean score that the lower bound must exceed.
        rng: draws the resamples of the interval that is shown.

    Raises:
        ValueError: as `paired`.
    """
    differences = _differences(old, new)
    found = _summed(differences)
    low, high = _interval(differences, rng)
    bound, chance = found.low(alpha), found.chance(margin)
    ties = found.n - found.wins - found.losses
    return Comparison(
        found.n, found.wins, found.losses, ties, found.difference, low, high, chance, bound > margin, bound
    )


@cache
def quantile(level: float, freedom: int) -> float:
    """The value that Student's t with so many degrees of freedom exceeds with a probability of `level`."""
    return -float(_special().stdtrit(freedom, level))


# ---------------------------------------------------------------- parts


def _special() -> Any:
    """Loaded when it is needed, and untyped: scipy ships no types."""
    return importlib.import_module("scipy.special")


def _scipy_stats() -> Any:
    """Half a second, so only where an interval is resampled."""
    return importlib.import_module("scipy.stats")


def _differences(old: Sequence[float], new: Sequence[float]) -> NDArray[np.float64]:
    if len(old) != len(new):
        raise ValueError(f"paired scores must be of one length, not {len(old)} and {len(new)}")
    before: NDArray[np.float64] = np.asarray(old, dtype=float)
    after: NDArray[np.float64] = np.asarray(new, dtype=float)
    for scores in (before, after):
        if not np.all((scores >= -_ROUNDING) & (scores <= 1 + _ROUNDING)):  # false for what is no number, too
            raise ValueError("scores must be numbers from 0 to 1")
    differences: NDArray[np.float64] = after - before
    return differences


def _summed(differences: NDArray[np.float64]) -> Paired:
    n = len(differences)
    wins, losses = int(np.sum(differences > _ROUNDING)), int(np.sum(differences < -_ROUNDING))
    if n == 0:
        return Paired(0, 0, 0, 0.0, 0.0, 1.0, 0.0)
    # Exactly rounded sums: the order of the items cannot decide anything.
    total = math.fsum(differences)
    centre = total / (n + 2)
    off = differences - centre
    second = math.fsum([*(off**2), (1 - centre) ** 2, (1 + centre) ** 2])
    third = math.fsum(off**3)
    spread = math.sqrt(second / (n + 1))
    return Paired(n, wins, losses, total / n, centre, spread / math.sqrt(n + 2), third / (n + 2) / spread**3)


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
