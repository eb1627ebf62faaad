"""Chance without a state: every draw is a function of numbers, so that it is the same in every run and every order."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

__all__ = ["Distribution", "digest_of", "distribution", "mixed", "share"]

_MASK = (1 << 64) - 1
_NORMAL = NormalDist()
_SMALLEST = 1e-9
_Shape = Literal["fixed", "uniform", "lognormal", "pareto"]
_SHAPES: dict[str, _Shape] = {"uniform": "uniform", "lognormal": "lognormal", "pareto": "pareto"}


def digest_of(data: bytes) -> int:
    """64 bits that name some bytes."""
    return int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "big")


def mixed(*numbers: int) -> int:
    """64 evenly spread bits from whole numbers.

    The numbers are folded by a linear congruence (Knuth's MMIX constants); SplitMix64's finalizer (Steele, Lea, Flood
    2014) spreads what comes of it.
    """
    state = 0
    for number in numbers:
        state = (state * 6364136223846793005 + number + 1442695040888963407) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)


def share(*numbers: int) -> float:
    """A number in [0, 1) from whole numbers."""
    return (mixed(*numbers) >> 11) * 2.0**-53


@dataclass(frozen=True, slots=True)
class Distribution:
    """A distribution of numbers from 0 upwards.

    `fixed` is always `a`; `uniform` lies between `a` and `b`; `lognormal` has the median `a` and the sigma `b` of its
    logarithm; `pareto`, which is heavy-tailed, has the median `a` and the tail index `b` (its mean is infinite for b
    of 1 and less).
    """

    shape: _Shape
    a: float
    b: float = 0.0

    def at(self, part: float) -> float:
        """The quantile of a part in [0, 1)."""
        if self.shape == "fixed":
            return self.a
        match self.shape:
            case "uniform":
                return self.a + (self.b - self.a) * part
            case "lognormal":
                return self.a * math.exp(self.b * _NORMAL.inv_cdf(min(max(part, _SMALLEST), 1 - _SMALLEST)))
            case "pareto":
                return self.a * math.pow(2.0 * max(1.0 - part, _SMALLEST), -1.0 / self.b)


def distribution(text: str) -> Distribution:
    """Read `0.2`, `uniform/0.1/0.4`, `lognormal/0.8/0.5` or `pareto/0.5/1.5`.

    Raises:
        ValueError: it is none of these.
    """
    name, _, rest = text.strip().partition("/")
    shape: _Shape = _SHAPES.get(name, "fixed")
    words = rest.split("/") if shape != "fixed" else [text]
    try:
        numbers = [float(word) for word in words]
    except ValueError:
        numbers = []
    wrong = (
        len(numbers) != (1 if shape == "fixed" else 2)
        or not all(math.isfinite(number) and number >= 0 for number in numbers)
        or (shape == "uniform" and numbers[0] > numbers[1])
        or (shape == "pareto" and numbers[1] == 0)
    )
    if wrong:
        raise ValueError(f"'{text}' is none of NUMBER, uniform/LOW/HIGH, lognormal/MEDIAN/SIGMA, pareto/MEDIAN/INDEX")
    return Distribution(shape, *numbers)
