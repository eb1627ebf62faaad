"""Shares with their intervals, and the exact test of an uneven split.

Intervals are 95 %, by the score method (Wilson 1927), which holds for few items and at the ends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

__all__ = ["Rate", "Z", "sign_p"]

Z = 1.959963984540054
"""Two-sided 95 % point of the normal distribution."""

_WHOLE = 1000


@dataclass(frozen=True, slots=True)
class Rate:
    """`hits` of `of`."""

    hits: int
    of: int

    @property
    def share(self) -> float | None:
        """From 0 to 1; None where nothing was counted."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 % score interval of the share (Wilson 1927); 0 to 1 where nothing was counted."""
        if not self.of:
            return 0.0, 1.0
        share, n = self.hits / self.of, self.of
        middle, scale = share + Z * Z / (2 * n), 1 + Z * Z / n
        spread = Z * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
        # Exact at the ends, where rounding would leave a crumb.
        low = 0.0 if not self.hits else (middle - spread) / scale
        high = 1.0 if self.hits == n else (middle + spread) / scale
        return low, high

    def __add__(self, other: Rate) -> Rate:
        return Rate(self.hits + other.hits, self.of + other.of)

    def as_row(self) -> dict[str, Any]:
        """How the record shows it."""
        low, high = self.interval
        share = self.share
        return {
            "hits": self.hits, "of": self.of, "share": None if share is None else round(share, 6),
            "low": round(low, 6), "high": round(high, 6),
        }  # fmt: skip

    def __str__(self) -> str:
        if not self.of:
            return "none asked"
        low, high = self.interval
        return f"{self.hits} of {self.of} ({self.hits / self.of:.0%}, 95 % {low:.0%} to {high:.0%})"


def sign_p(one: int, other: int) -> float:
    """Two-sided exact binomial p-value: how often fair coins are split at least so unevenly."""
    n, most = one + other, max(one, other)
    if n <= _WHOLE:
        return min(1.0, float(2 * sum(math.comb(n, k) for k in range(most, n + 1)) / (1 << n)))
    # The same sum in logarithms: whole numbers of thousands of digits take too long.
    top = math.lgamma(n + 1) - n * math.log(2)
    return min(1.0, 2 * sum(math.exp(top - math.lgamma(k + 1) - math.lgamma(n - k + 1)) for k in range(most, n + 1)))
