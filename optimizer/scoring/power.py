"""How small a difference so many items can prove, by the bound that decides (`statistics.Paired.low`).

Before a run two things are unknown: how large the difference is, and on how many items two methods differ at all (the
*discordance*). The second is assumed, for several values, and said. On each item the new method wins a full point with
probability (d + δ) / 2, loses one with (d - δ) / 2 and ties otherwise, for a discordance d and a difference δ. That is
the widest that scores in [0, 1] can spread at this discordance; where they differ by less than a full point, gains
that are smaller in the same measure are proved.

The power is that of a normal mean against the bound, the plus-two items included and the skewness not: it is right to
about five points from some 30 items on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from .statistics import quantile

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
        difference: smallest provable difference in mean score; None where even winning every discordant item proves
            nothing.
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
    """About how many items prove this difference with probability `POWER`; None where a million do not."""
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
    """Probability that one look at so many items accepts a method that is better by `difference`.

    Args:
        items: how many both methods are scored on.
        alpha: level of the look.
        discordance: share of items on which they differ, in (0, 1].
        difference: gain in mean score, in [0, discordance].
        margin: gain that the lower bound must exceed.
    """
    if items < 1:
        return 0.0
    spread = max(discordance - difference**2, 0.0)
    centre = items * difference / (items + 2)
    squares = items * (spread + (difference - centre) ** 2) + (1 - centre) ** 2 + (1 + centre) ** 2
    error = math.sqrt(squares / (items + 1) / (items + 2))
    over = centre - margin - quantile(alpha, items + 1) * error
    moves = math.sqrt(spread * items) / (items + 2)  # of the centre, from sample to sample
    return float(over > 0) if moves == 0 else NormalDist().cdf(over / moves)
