"""Bradley-Terry strengths of many contestants, out of who wins which item against whom.

The model (Bradley and Terry, Biometrika 39, 1952): i wins against j with probability exp(s_i) / (exp(s_i) + exp(s_j)).
It puts everybody on one scale, also where not everybody met on the same items. A tie is half a win for each, and
half a win more goes to both sides of each pair that met, so that strengths stay finite where one wins always. The fit
is `choix` (iterative Luce spectral ranking: Maystre and Grossglauser 2015); intervals come of resampling items, so what
the items of all pairs have in common is in them. They describe; claims are made by `ranking` alone.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from ..dataset.draws import generator
from .ranking import Scores

__all__ = ["Outcomes", "Strength", "bradley_terry", "by_pairs", "by_scores"]

_RESAMPLES = 1000
_ROUNDING = 1e-12
_Matrix = NDArray[np.float64]
Outcomes = NDArray[np.float64]
"""One item: entry (i, j) is what i won of j: 1, a half or 0; 0 both ways where the two did not meet on it."""


@dataclass(frozen=True, slots=True)
class Strength:
    """A strength in log-odds against the baseline, with a 95 % interval, and the chance to win an item from it."""

    value: float
    low: float
    high: float

    @property
    def chance(self) -> float:
        """Of winning an item from the baseline, ties counted as half."""
        return 1 / (1 + math.exp(-self.value))


def bradley_terry(
    labels: Sequence[str], outcomes: Sequence[Outcomes], baseline: str, run_seed: int
) -> dict[str, Strength]:
    """Strengths by contestant; empty where some never met, directly or by way of others.

    Args:
        labels: the contestants.
        outcomes: of each item.
        baseline: whose strength is 0.
        run_seed: names the generator of the resamples.
    """
    if len(labels) < 2 or not outcomes:
        return {}
    each = np.stack(outcomes)
    met = each.sum(axis=0)
    half = np.where(met + met.T > 0, 0.5, 0.0)
    fitted = _fit(met + half)
    if fitted is None:
        return {}
    draws = np.random.default_rng(generator(run_seed, "bootstrap/strengths").getrandbits(64))
    counts = draws.multinomial(len(each), np.full(len(each), 1 / len(each)), size=_RESAMPLES).astype(float)
    resampled = [_fit(wins + half) for wins in np.tensordot(counts, each, axes=1)]
    place = labels.index(baseline)
    spread = np.stack([fit - fit[place] for fit in resampled if fit is not None])
    low, high = np.percentile(spread, [2.5, 97.5], axis=0)
    own = fitted - fitted[place]
    return {label: _strength(own[n], low[n], high[n]) for n, label in enumerate(labels)}


def by_scores(scores: Mapping[str, Scores]) -> list[Outcomes]:
    """The outcomes of each item, where everybody has a score: who scores higher wins."""
    items = dict.fromkeys(item for each in scores.values() for item in each)
    return [_outcomes([each.get(item) for each in scores.values()]) for item in items]


def by_pairs(labels: Sequence[str], pairs: Mapping[tuple[str, str], Scores]) -> list[Outcomes]:
    """The outcomes of each item, where it was said of pairs: a value above a half is won by the second."""
    found: dict[str, Outcomes] = {}
    for (first, second), values in pairs.items():
        one, other = labels.index(first), labels.index(second)
        for item, value in values.items():
            won = found.setdefault(item, np.zeros((len(labels), len(labels))))
            share = 0.5 if abs(value - 0.5) <= _ROUNDING else float(value > 0.5)
            won[other, one], won[one, other] = share, 1 - share
    return list(found.values())


def _strength(value: float, low: float, high: float) -> Strength:
    # Rounded, so that the last bits of a linear algebra library do not show in the record.
    return Strength(round(float(value), 6), round(float(low), 6), round(float(high), 6))


def _outcomes(row: Sequence[float | None]) -> _Matrix:
    values = np.array([np.nan if value is None else value for value in row])
    gap = values[:, None] - values[None, :]
    won = np.where(gap > _ROUNDING, 1.0, np.where(np.abs(gap) <= _ROUNDING, 0.5, 0.0))
    won[np.isnan(gap)] = 0.0
    np.fill_diagonal(won, 0.0)
    return cast("_Matrix", won)


def _fit(wins: _Matrix) -> _Matrix | None:
    # Loaded when it is needed: it brings scipy.
    choix = importlib.import_module("choix")
    try:
        return cast("_Matrix", choix.ilsr_pairwise_dense(wins))
    except (ValueError, RuntimeError):  # not all met; or it does not converge
        return None
