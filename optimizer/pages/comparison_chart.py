"""Differences with their intervals as places in a drawing: one line for each, zero in the middle of nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Forest", "Gap", "draw_gaps"]

_LEFT, _RIGHT, _TOP, _ROW = 200.0, 690.0, 18.0, 26.0
_STEPS = (0.05, 0.1, 0.2, 0.5)
_LONGEST_NAME = 28


@dataclass(frozen=True, slots=True)
class Gap:
    """What is to be drawn: a name, a difference and its interval; `shown` says which way it is beyond chance."""

    name: str
    value: float
    low: float
    high: float
    shown: Literal["", "better", "worse"]


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on the axis."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of the drawing."""

    name: str
    y: float
    at: float
    low: float
    high: float
    shown: str
    words: str


@dataclass(frozen=True, slots=True)
class Forest:
    """Everything the drawing shows, in the units of its view."""

    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    zero: float
    height: float
    bottom: float
    left: float = _LEFT
    right: float = _RIGHT
    top: float = _TOP


def draw_gaps(gaps: Sequence[Gap]) -> Forest | None:
    """A drawing of differences, in their order; None where there is none."""
    if not gaps:
        return None
    most = max(0.05, *(max(abs(gap.low), abs(gap.high)) for gap in gaps))
    step = next((each for each in _STEPS if most / each <= 4), _STEPS[-1])
    reach = step * -(-most // step)
    bottom = _TOP + _ROW * len(gaps)
    count = round(reach / step)
    return Forest(
        marks=tuple(_mark(gap, _TOP + _ROW * (number + 0.5), reach) for number, gap in enumerate(gaps)),
        ticks=tuple(Tick(_x(step * n, reach), f"{step * n:+.2f}".replace("-", "−") if n else "0")
                    for n in range(-count, count + 1)),
        zero=_x(0.0, reach),
        height=bottom + 46,
        bottom=bottom,
    )  # fmt: skip


def _mark(gap: Gap, y: float, reach: float) -> Mark:
    name = gap.name if len(gap.name) <= _LONGEST_NAME else f"{gap.name[: _LONGEST_NAME - 1]}…"
    words = f"{gap.name}: {gap.value:+.3f}, 95 % interval {gap.low:+.3f} to {gap.high:+.3f}"
    return Mark(name, round(y, 1), _x(gap.value, reach), _x(gap.low, reach), _x(gap.high, reach), gap.shown, words)


def _x(value: float, reach: float) -> float:
    share = (min(max(value, -reach), reach) + reach) / (2 * reach)
    return round(_LEFT + share * (_RIGHT - _LEFT), 1)
