"""What is left of a run while it is at work: calls, time and money at the present rate.

The calls that may come are those of the estimate, less what is finished; in a search also at most the share of the
steps that are left. Early losers, refused proposals and a search that stops early make it less: it is an upper bound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from ...agents.gateway.books.ledger import Entry, Sum, step_of
from ...agents.gateway.endpoints import Budget
from ...agents.gateway.progress import Forecast, Progress, binding
from .estimate import PARTS, Estimate, Line, part_of

__all__ = ["Course", "Forecaster", "first_cap", "remaining"]

# Calls of a session after which its rate says something: so many, and this share of all that may come. The first calls
# of a run are the longest, and would make what is left look longer than it ever gets.
_ENOUGH, _ENOUGH_SHARE = 5, 0.1
_SEARCH = PARTS[:3]
_SEARCHES = "auto-evol"
_STEADY_S = 10.0


@dataclass(frozen=True, slots=True)
class Course:
    """Where a run stands: the part it is in (a `phase` of status.json) and its step, from 0, of so many.

    Args:
        places: of several recipes in a row, in their order (`1-magpie`, `2-auto-evol`).
    """

    phase: str = ""
    step: int = 0
    steps: int = 0
    places: tuple[str, ...] = ()

    def is_past(self, stage: str) -> bool:
        """Whether the run has left a stage of the estimate behind."""
        if self.phase in self.places:
            # The stages of a search have their own names, whichever of the recipes it is.
            named = f"-{_SEARCHES}" if stage in PARTS else stage
            mine = [at for at, place in enumerate(self.places) if place.endswith(named)]
            return bool(mine) and mine[-1] < self.places.index(self.phase)
        order = {"test": 3, "apply": 4}
        return stage in PARTS and PARTS.index(stage) < order.get(self.phase, 0)


def remaining(forecast: Estimate, finished: Iterable[Entry], course: Course) -> Estimate:
    """What an estimate leaves after so many finished calls, at most; each line at what its role's calls came to.

    Args:
        forecast: of the whole run.
        finished: finished calls by role and stage, over all sessions.
        course: where the run stands.
    """
    entries = list(finished)
    roles = _by_role(entries)
    earlier: dict[tuple[str, str], int] = {}
    left: list[tuple[Line, int]] = []
    for line in forecast.lines:
        # Where a role has several models in a part, they are asked one after another.
        before = earlier.get((line.stage, line.role), 0)
        left.append((line, _calls_left(line, entries, course, before)))
        earlier[line.stage, line.role] = before + line.calls
    return Estimate(tuple(_scaled(line, calls, roles.get(line.role)) for line, calls in left if calls))


class Forecaster:
    """Puts a forecast beside the gateway's figures.

    Args:
        forecast: the estimate of the whole run.
        before: what earlier sessions finished.
        course: tells where the run stands.
        budget: the caps.
        spent: tells calls (attempts), tokens and USD over all restarts.
    """

    def __init__(
        self, forecast: Estimate, before: Iterable[Entry], course: Callable[[], Course], budget: Budget,
        spent: Callable[[], Sum],
    ) -> None:  # fmt: skip
        self._forecast = forecast
        self._before = tuple(before)
        self._course = course
        self._budget = budget
        self._spent = spent
        self._last = (-_STEADY_S, "seeds")

    def hold_to(self, budget: Budget) -> None:
        """Other caps from now on."""
        self._budget = budget

    def look(self, now: Progress) -> Progress:
        """The same figures with what is left."""
        left = remaining(self._forecast, (*self._before, *now.finished), self._course())
        bound = self._bound(now)
        cap = first_cap(left, self._budget, self._spent())
        forecast = Forecast(left.calls, _seconds(left, now, bound), left.expected_usd, bound, cap)
        return replace(now, forecast=forecast)

    def _bound(self, now: Progress) -> str:
        """Which limit binds. That nothing waits for a moment, between two parts of the work, is not it."""
        bound = binding(now)
        if bound != "seeds":
            self._last = (now.elapsed_s, bound)
        elif now.elapsed_s - self._last[0] < _STEADY_S:
            return self._last[1]
        return bound


def first_cap(left: Estimate, budget: Budget, spent: Sum) -> str:
    """The cap in calls, USD or tokens that comes before the end, at what calls have cost so far; or nothing."""
    usd = left.expected_usd
    if budget.calls is not None and spent.calls + left.calls > budget.calls:
        return "calls"
    if budget.usd is not None and usd is not None and spent.usd + usd > budget.usd:
        return "usd"
    if budget.tokens is not None and spent.tokens + left.expected_tokens > budget.tokens:
        return "tokens"
    return ""


def _seconds(left: Estimate, now: Progress, bound: str) -> float | None:
    """Time for what is left: by the rate of calls where requests are limited, else by that of tokens."""
    if not left.calls:
        return 0.0
    if now.calls < max(_ENOUGH, _ENOUGH_SHARE * (now.calls + left.calls)):
        return None
    if now.tokens_per_min > 0 and "rpm" not in bound:
        return 60 * sum(line.expected_out for line in left.lines) / now.tokens_per_min
    return 60 * left.calls / now.calls_per_min if now.calls_per_min > 0 else None


def _calls_left(line: Line, entries: Iterable[Entry], course: Course, before: int = 0) -> int:
    """Calls of a line that may still come, if those of the lines `before` it in its part and role came first."""
    if course.is_past(line.stage):
        return 0
    mine = [entry for entry in entries if entry.role == line.role and part_of(entry.stage) == line.stage]
    left = min(line.calls, line.calls + before - sum(entry.sum.calls for entry in mine))
    if line.stage in _SEARCH and course.steps and course.step:
        # What earlier steps did not use is gone. (The first step may use more than its share: the incumbent's race.)
        here = f"steps/{course.step:03d}"
        made = sum(entry.sum.calls for entry in mine if step_of(entry.stage) == here)
        left = min(left, -(-line.calls * (course.steps - course.step) // course.steps) - made)
    return max(0, left)


def _by_role(entries: Iterable[Entry]) -> Mapping[str, Sum]:
    roles: dict[str, Sum] = {}
    for entry in entries:
        roles[entry.role] = roles.get(entry.role, Sum()) + entry.sum
    return roles


def _scaled(line: Line, calls: int, done: Sum | None) -> Line:
    """A line of so many calls: each as those of the role were on average, or as estimated before the first."""
    share = calls / line.calls
    tokens_in, out, usd = line.tokens_in * share, line.expected_out * share, line.expected_usd
    usd = None if usd is None else usd * share
    if done is not None and done.calls:
        tokens_in, out = calls * done.input_tokens / done.calls, calls * done.output_tokens / done.calls
        usd = None if done.unpriced else calls * done.usd / done.calls
    worst = None if line.worst_usd is None else line.worst_usd * share
    return replace(
        line, calls=calls, tokens_in=round(tokens_in), expected_out=round(out), expected_usd=usd,
        worst_in=round(line.worst_in * share), worst_out=round(line.worst_out * share), worst_usd=worst, least_calls=0,
    )  # fmt: skip
