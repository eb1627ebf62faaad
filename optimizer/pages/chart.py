"""The score over steps as places in a drawing. The template draws; nothing here knows of SVG but its coordinates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .steps import CandidateView, StepView

__all__ = ["Chart", "Dot", "draw_scores"]

_TOP, _BOTTOM, _LEFT, _RIGHT = 16.0, 252.0, 56.0, 704.0
_LEAST_SPAN = 0.1
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where, and what it says."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A candidate: where it is, its interval as two heights where it has one, and its words."""

    x: float
    y: float
    low: float | None
    high: float | None
    kind: Literal["accepted", "raced", "left"]
    words: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Everything the drawing shows. `line` is the incumbent: one level part for each step."""

    line: str
    dots: tuple[Dot, ...]
    rows: tuple[Tick, ...]
    columns: tuple[Tick, ...]
    left: float = _LEFT
    right: float = _RIGHT
    top: float = _TOP
    bottom: float = _BOTTOM


@dataclass(frozen=True, slots=True)
class _Scale:
    """From a score to a height."""

    low: float
    high: float

    def y(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(_BOTTOM - share * (_BOTTOM - _TOP), 1)


def draw_scores(steps: Sequence[StepView]) -> Chart | None:
    """Mean scores on dev, step by step; None where no step was scored."""
    scored = [step for step in steps if step.incumbent and _is(step.incumbent.mean)]
    if not scored:
        return None
    values = [value for step in scored for value in _values(step)]
    ticks = _ticks(min(values), max(values))
    scale = _Scale(ticks[0], ticks[-1])
    width = (_RIGHT - _LEFT) / len(scored)
    dots: list[Dot] = []
    for index, step in enumerate(scored):
        dots += _dots(step, scale, _LEFT + index * width, width)
    # With many steps not every one can be named.
    every = math.ceil(len(scored) / 14)
    return Chart(
        line=_line(scored, scale, width),
        dots=tuple(dots),
        rows=tuple(Tick(scale.y(value), _figure(value, ticks[1] - ticks[0])) for value in ticks),
        columns=tuple(
            Tick(round(_LEFT + (index + 0.5) * width, 1), str(step.number + 1))
            for index, step in enumerate(scored)
            if index % every == 0
        ),
    )


def _line(steps: Sequence[StepView], scale: _Scale, width: float) -> str:
    points: list[str] = []
    for index, step in enumerate(steps):
        mean = step.incumbent.mean if step.incumbent else None
        y = scale.y(mean or 0.0)
        points += [f"{_LEFT + index * width:.1f},{y}", f"{_LEFT + (index + 1) * width:.1f},{y}"]
    return " ".join(points)


def _dots(step: StepView, scale: _Scale, left: float, width: float) -> list[Dot]:
    raced = [view for view in step.candidates if view.record.standing and _is(view.record.standing.mean)]
    return [_dot(step, view, scale, left + width * (index + 1) / (len(raced) + 1)) for index, view in enumerate(raced)]


def _dot(step: StepView, view: CandidateView, scale: _Scale, x: float) -> Dot:
    standing = view.record.standing
    mean, items = (standing.mean or 0.0, standing.items) if standing else (0.0, 0)
    interval = _interval(step, view)
    return Dot(
        x=round(x, 1),
        y=scale.y(mean),
        low=scale.y(interval[0]) if interval else None,
        high=scale.y(interval[1]) if interval else None,
        kind=view.outcome if view.outcome in ("accepted", "left") else "raced",
        words=f"Step {step.number + 1}, {view.name}: {mean:.3f} on {items} items, {view.words}",
    )


def _interval(step: StepView, view: CandidateView) -> tuple[float, float] | None:
    """The interval of the paired difference, laid on the incumbent's mean, inside the range of scores."""
    figures = view.record.standing.figures if view.record.standing else None
    base = step.incumbent.mean if step.incumbent else None
    if figures is None or base is None or figures.low is None or figures.high is None:
        return None
    if not (_is(figures.low) and _is(figures.high)):
        return None
    return min(max(base + figures.low, 0.0), 1.0), min(max(base + figures.high, 0.0), 1.0)


def _values(step: StepView) -> list[float]:
    means = [contestant.standing.mean for contestant in step.contestants]
    values = [mean for mean in means if mean is not None and math.isfinite(mean)]
    for view in step.candidates:
        values += _interval(step, view) or ()
    return values


def _ticks(low: float, high: float) -> list[float]:
    """Round values from below `low` to above `high`, four to eight of them."""
    if high - low < _LEAST_SPAN:
        middle = (low + high) / 2
        middle = min(max(middle, _LEAST_SPAN / 2), 1 - _LEAST_SPAN / 2)  # scores lie between 0 and 1
        low, high = middle - _LEAST_SPAN / 2, middle + _LEAST_SPAN / 2
    rough = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    gap = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    first, last = math.floor(low / gap + _ROUNDING), math.ceil(high / gap - _ROUNDING)
    return [round(index * gap, 10) for index in range(first, last + 1)]


def _figure(value: float, gap: float) -> str:
    return f"{value:.{max(0, -math.floor(math.log10(gap)))}f}".replace("-", "−")


def _is(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
