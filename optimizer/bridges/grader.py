"""The user's metric: three arguments or GEPA's five, a number or a number with feedback, plain or a coroutine."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from ...agents.gateway.errors import UsageError

__all__ = ["Grade", "Grader", "grader_of"]

_LEAST = 2  # gold, prediction
_ALONE = 3  # gold, prediction, trace
_WITH_PARTS = 5  # gold, prediction, trace, name of the part, trace of the part


@dataclass(frozen=True, slots=True)
class Grade:
    """What a metric said: a score from 0 to 1, and words where it has some."""

    score: float
    feedback: str = ""


@dataclass(frozen=True, slots=True)
class Grader:
    """A metric that can be asked.

    Args:
        metric: `(gold, prediction, trace=None)`, or `(gold, prediction, trace, pred_name, pred_trace)` as GEPA's.
        takes: how many arguments it is given: 2, 3 or 5.
    """

    metric: Callable[..., Any]
    takes: int

    @property
    def of_parts(self) -> bool:
        """Whether it can speak of single parts."""
        return self.takes >= _WITH_PARTS

    def score(self, gold: Any, prediction: Any) -> Grade:
        """The score of a prediction. No trace is given: many metrics take one for a wish to be strict.

        Raises:
            UsageError: it gave no score from 0 to 1.
            Exception: whatever the metric raises.
        """
        return _grade(self._asked(gold, prediction, *(None for _ in range(self.takes - _LEAST))))

    def feedback(self, gold: Any, prediction: Any, trace: list[Any], part: str, uses: list[Any]) -> str:
        """Words about one part of the program; empty where the metric knows nothing of parts.

        Args:
            gold, prediction: the example, and what the program gave.
            trace: of the whole program, as DSPy keeps it: (predictor, inputs, prediction).
            part: the name of the predictor.
            uses: the steps of the trace that are its own.

        Raises:
            Exception: whatever the metric raises.
        """
        # The score that may come with the words is of no use here, and many metrics give none.
        return _parted(self._asked(gold, prediction, trace, part, uses))[1] if self.of_parts else ""

    def _asked(self, *said: Any) -> Any:
        value = self.metric(*said)
        return asyncio.run(_awaited(value)) if inspect.isawaitable(value) else value


def grader_of(metric: Callable[..., Any]) -> Grader:
    """The metric, with how it wants to be asked.

    Raises:
        UsageError: it takes less than two arguments, or cannot be called.
    """
    try:
        taken = list(inspect.signature(metric).parameters.values())
    except (TypeError, ValueError):
        taken = None
    if taken is None or not callable(metric):
        raise UsageError("The metric cannot be called.", fix="Give a function of (gold, prediction, trace=None).")
    many = any(one.kind is one.VAR_POSITIONAL for one in taken)
    placed = [one for one in taken if one.kind in {one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD}]
    needed = sum(one.default is one.empty for one in placed)
    taken_at_most = _WITH_PARTS if many else min(len(placed), _WITH_PARTS)
    if taken_at_most < _LEAST or needed > _WITH_PARTS:
        raise UsageError(
            f"The metric takes {len(placed)} arguments.",
            fix="It takes (gold, prediction, trace=None), or GEPA's (gold, prediction, trace, pred_name, pred_trace).",
        )
    return Grader(metric, taken_at_most if taken_at_most in {_LEAST, _WITH_PARTS} else _ALONE)


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value


def _parted(value: Any) -> tuple[Any, str]:
    """The score of what a metric gave, and the words; words alone have no score."""
    feedback: Any = ""
    if isinstance(value, Mapping):
        said = cast("Mapping[str, Any]", value)
        value, feedback = said.get("score"), said.get("feedback")
    elif isinstance(value, str):
        feedback = value
    elif not isinstance(value, int | float):
        value, feedback = getattr(value, "score", value), getattr(value, "feedback", "")
    return value, str(feedback or "")


def _grade(given: Any) -> Grade:
    value, feedback = _parted(given)
    try:
        score = float(value)
    except (TypeError, ValueError):
        score = math.nan
    if not 0 <= score <= 1:
        raise UsageError(
            f"The metric gave {value!r}, not a score from 0 to 1.",
            fix="Return a number from 0 to 1, True or False, or {'score': …, 'feedback': …}.",
        )
    return Grade(score, feedback)
