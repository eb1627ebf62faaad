"""Differences with their intervals as a chart: one line for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .plot import Axis, Drawing, Mark, draw

__all__ = ["Gap", "draw_gaps"]

_ROW = 30
_LEAST = 0.05
_LONGEST_NAME = 28
_KINDS = {"better": "accepted", "worse": "worse", "": "raced"}


@dataclass(frozen=True, slots=True)
class Gap:
    """What is to be drawn: a name, a difference and its interval; `shown` says which way it is beyond chance."""

    name: str
    value: float
    low: float
    high: float
    shown: Literal["", "better", "worse"]


def draw_gaps(gaps: Sequence[Gap], title: str) -> Drawing | None:
    """A chart of differences, the first on top; None where there is none. `title` names the axis."""
    if not gaps:
        return None
    reach = max(_LEAST, *(abs(each) for gap in gaps for each in (gap.low, gap.high, gap.value)))
    count = len(gaps)
    names = [
        (float(count - place), gap.name if len(gap.name) <= _LONGEST_NAME else f"{gap.name[: _LONGEST_NAME - 1]}…")
        for place, gap in enumerate(gaps)
    ]
    marks = [_mark(gap, float(count - place)) for place, gap in enumerate(gaps)]
    return draw(marks, (), Axis(-reach, reach, title), Axis(0.5, count + 0.5, "", names), 96 + _ROW * count)


def _mark(gap: Gap, y: float) -> Mark:
    words = f"{gap.name}: {gap.value:+.3f}, 95 % interval {gap.low:+.3f} to {gap.high:+.3f}"
    return Mark(gap.value, y, gap.low, gap.high, "x", _KINDS[gap.shown], words)
