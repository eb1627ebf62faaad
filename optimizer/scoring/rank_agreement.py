"""Whether two orders of the same things agree: Kendall's tau-b with an exact test for few things.

Source: M. G. Kendall, Biometrika 33 (1945), 239-251 (ties); the test shuffles one of the two orders.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, permutations
from typing import Any

__all__ = ["Agreement", "rank_agreement"]

_ALL_ORDERS = 7  # things up to which every order is tried: 5,040 of them
_EXACT = 33  # and up to which scipy's test is exact, where nothing is tied


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two orders agree.

    Args:
        n: things that both orders have.
        tau: tau-b, from -1 to 1; None where one side puts all in one place, or there are fewer than two.
        p: two-sided, of no agreement at all; None where there are fewer than three or tau is None.
        least_p: the smallest p that so many things can have at all, whatever their order; None as p.
        exact: whether p counts orders; else it is the normal approximation.
    """

    n: int
    tau: float | None = None
    p: float | None = None
    least_p: float | None = None
    exact: bool = True


def rank_agreement(first: Sequence[float], second: Sequence[float]) -> Agreement:
    """Tau-b of two lists of figures for the same things, in the same order."""
    n = len(first)
    tau = _tau(first, second)
    if tau is None or n < 3:
        return Agreement(n, tau)
    least = min(1.0, 2 / math.factorial(n))
    if n <= _ALL_ORDERS:
        taus = [abs(_tau(first, order) or 0.0) for order in permutations(second)]
        top = max(taus)
        return Agreement(n, tau, _share(taus, abs(tau)), _share(taus, top))
    stats: Any = importlib.import_module("scipy.stats")  # untyped, and half a second to load
    tied = len(set(first)) < n or len(set(second)) < n
    exact = not tied and n <= _EXACT
    found: Any = stats.kendalltau(first, second, method="exact" if exact else "asymptotic")
    return Agreement(n, tau, float(found.pvalue), least, exact)


def _share(values: Sequence[float], least: float) -> float:
    return sum(value >= least - 1e-12 for value in values) / len(values)


def _tau(first: Sequence[float], second: Sequence[float]) -> float | None:
    up = down = tied_first = tied_second = pairs = 0
    for (a, x), (b, y) in combinations(zip(first, second, strict=True), 2):
        pairs += 1
        tied_first += a == b
        tied_second += x == y
        way = (a - b) * (x - y)
        up, down = up + (way > 0), down + (way < 0)
    below = (pairs - tied_first) * (pairs - tied_second)
    return (up - down) / math.sqrt(below) if below else None
