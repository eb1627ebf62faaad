"""How small a difference so many items can prove, by the test that decides: the exact paired sign test.

Before a run two things are unknown: how large the difference is, and on how many items two methods differ at all (the
*discordance*). The second is assumed, for several values, and said. On each item the new method wins with probability
(d + δ) / 2, loses with (d - δ) / 2 and ties otherwise, for a discordance d and a difference δ: wins less losses, as
shares of the items. Then the number of discordant items is binomial, the wins among them are binomial, and the power is
a finite sum over both; nothing is approximated.

Where an item's score is 0 or 1, δ is the difference in mean score. Where it may also be 0.5, the difference in mean
score lies between δ / 2 and δ.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["POWER", "Provable", "items_for", "power", "smallest_difference"]

POWER = 0.8
"""The chance of being proved that a difference must have to count as provable."""

_MOST_ITEMS = 1 << 20
_PRECISION = 1e-4  # of a difference
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Provable:
    """What so many items can prove.

    Args:
        items: how many.
        alpha: level of the one comparison.
        discordance: share of the items on which the two methods are assumed to differ.
        difference: smallest provable difference, as a share of the items; None where even winning every discordant
            item proves nothing.
        items_for_half: about how many items would prove half of it; None where there is no difference, or too many.
    """

    items: int
    alpha: float
    discordance: float
    difference: float | None
    items_for_half: int | None


def smallest_difference(items: int, alpha: float, discordance: float, margin: float = 0.0) -> Provable:
    """The smallest difference that is proved with probability `POWER`, and how many items would halve it.

    Args:
        items, alpha, discordance, margin: see `power`.
    """
    if power(items, alpha, discordance, discordance, margin) < POWER:
        return Provable(items, alpha, discordance, None, None)
    low, high = 0.0, discordance
    while high - low > _PRECISION:
        middle = (low + high) / 2
        low, high = (low, middle) if power(items, alpha, discordance, middle, margin) >= POWER else (middle, high)
    return Provable(items, alpha, discordance, high, items_for(high / 2, alpha, discordance, margin))


def items_for(difference: float, alpha: float, discordance: float, margin: float = 0.0) -> int | None:
    """About how many items prove this difference with probability `POWER`; None where a million do not.

    Power grows with items in a saw-tooth, so a few items fewer or more may do as well.
    """
    high = 8
    while power(high, alpha, discordance, difference, margin) < POWER:
        high *= 2
        if high > _MOST_ITEMS:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle, alpha, discordance, difference, margin) >= POWER else (middle, high)
    return high


def power(items: int, alpha: float, discordance: float, difference: float, margin: float = 0.0) -> float:
    """Probability that the sign test on so many items accepts a method that is better by `difference`.

    Args:
        items: how many both methods are scored on.
        alpha: level of the comparison.
        discordance: share of items on which they differ, in (0, 1].
        difference: share of items won minus share lost, in [0, discordance].
        margin: gain that what is seen must exceed too, as a share of all items.
    """
    if items < 1:
        return 0.0
    binom = _binom()
    # Numbers of discordant items whose probability matters; the rest is below one in a billion.
    counts = np.arange(int(binom.ppf(1e-10, items, discordance)), int(binom.isf(1e-10, items, discordance)) + 1)
    counts = counts[counts > 0]
    if not counts.size:
        return 0.0
    # P(at least k of m fair coins) <= alpha first holds at k = isf(alpha) + 1, because isf counts P(more than k).
    needed = binom.isf(alpha, counts, 0.5) + 1
    if margin > 0:  # wins - losses > margin x items
        needed = np.maximum(needed, np.floor((counts + margin * items) / 2 + _ROUNDING) + 1)
    won = binom.sf(needed - 1, counts, (discordance + difference) / (2 * discordance))
    return float(np.sum(binom.pmf(counts, items, discordance) * won))


def _binom() -> Any:
    """Loaded when it is needed (half a second), and untyped: scipy ships no types."""
    return importlib.import_module("scipy.stats").binom
