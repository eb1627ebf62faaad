"""The score over steps as a chart: a level line for the incumbent of each step, a mark for each candidate."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .plot import Axis, Drawing, Mark, draw
from .steps import CandidateView, StepView

__all__ = ["draw_scores"]

_LEAST_SPAN = 0.1
_MOST_NAMED = 14  # steps that can be named on the axis
_HEIGHT = 320


def draw_scores(steps: Sequence[StepView]) -> Drawing | None:
    """Mean scores on dev, step by step; None where no step was scored."""
    scored = [(step, step.incumbent.mean) for step in steps if step.incumbent and _is(step.incumbent.mean)]
    if not scored:
        return None
    line: list[tuple[float, float]] = []
    marks: list[Mark] = []
    for place, (step, mean) in enumerate(scored, start=1):
        base = mean or 0.0
        line += [(place - 0.5, base), (place + 0.5, base)]
        raced = [view for view in step.candidates if view.record.standing and _is(view.record.standing.mean)]
        marks += [
            _mark(step, view, base, place - 0.5 + (number + 1) / (len(raced) + 1)) for number, view in enumerate(raced)
        ]
    every = math.ceil(len(scored) / _MOST_NAMED)
    named = [(float(place), str(step.number + 1)) for place, (step, _) in enumerate(scored, start=1)][::every]
    return draw(
        marks,
        line,
        Axis(0.5, len(scored) + 0.5, "Step", named),
        _height_of([value for _, value in line] + [each for mark in marks for each in (mark.y, mark.low, mark.high)]),
        _HEIGHT,
    )


def _height_of(values: Sequence[float | None]) -> Axis:
    """The range of scores: never so narrow that noise looks like a mountain."""
    known = [value for value in values if value is not None]
    low, high = min(known), max(known)
    if high - low < _LEAST_SPAN:
        middle = min(max((low + high) / 2, _LEAST_SPAN / 2), 1 - _LEAST_SPAN / 2)
        low, high = min(low, middle - _LEAST_SPAN / 2), max(high, middle + _LEAST_SPAN / 2)
    return Axis(low, high, "Mean score on dev")


def _mark(step: StepView, view: CandidateView, base: float, x: float) -> Mark:
    standing = view.record.standing
    mean, items = (standing.mean or 0.0, standing.items) if standing else (0.0, 0)
    low, high = _interval(view, base) or (None, None)
    return Mark(
        x=x, y=mean, low=low, high=high, along="y",
        kind=view.outcome if view.outcome in ("accepted", "left") else "raced",
        words=f"Step {step.number + 1}, {view.name}: {mean:.3f} on {items} items, {view.words}",
    )  # fmt: skip


def _interval(view: CandidateView, base: float) -> tuple[float, float] | None:
    """The interval of the paired difference, laid on the incumbent's mean, inside the range of scores."""
    figures = view.record.standing.figures if view.record.standing else None
    if figures is None or figures.low is None or figures.high is None:
        return None
    if not (_is(figures.low) and _is(figures.high)):
        return None
    return min(max(base + figures.low, 0.0), 1.0), min(max(base + figures.high, 0.0), 1.0)


def _is(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
