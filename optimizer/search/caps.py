"""Whether a budget suffices for a run, and what is cut where it does not: the rule of `reserve`, before the run."""

from __future__ import annotations

from dataclasses import dataclass

from ..record.estimate import PARTS, Estimate, Line, summed
from ..record.rivals import turns_of
from ..record.settings import Settings
from .reserve import LEAST_SHARE

__all__ = ["Fit", "fits"]

_SEARCH = PARTS[:3]


@dataclass(frozen=True, slots=True)
class Fit:
    """One cap against what the run would take.

    Args:
        cap, value: `calls`, `tokens`, `usd` or `minutes`, and how much.
        expected, worst: what the whole run takes, if texts are as long as usual, and at most; None where unknown.
        steps: steps of the search that are begun, if each takes what is expected; None where there is no search.
        applied: share of the final work (test and all seeds) that is then paid for, 0 to 1; None where unknown.
    """

    cap: str
    value: float
    expected: float | None
    worst: float | None
    steps: int | None
    applied: float | None

    @property
    def enough(self) -> bool | None:
        """Whether the expected run fits; None where that is not known."""
        return None if self.expected is None else self.expected <= self.value

    @property
    def surely(self) -> bool:
        """Whether even the worst case fits."""
        return self.worst is not None and self.worst <= self.value


def fits(settings: Settings, forecast: Estimate, least_minutes: float | None = None) -> list[Fit]:
    """Every cap of the budget against the estimate.

    Args:
        settings: of the run.
        forecast: its estimate.
        least_minutes: how long it takes at the known limits at least; None where none is known.
    """
    found: list[Fit] = []
    for cap, value in settings.budget.model_dump().items():
        if value is None:
            continue
        expected, worst = _amounts(forecast.lines, cap, least_minutes)
        searching = settings.recipe == "auto-evol" and settings.search.steps > 0
        steps, applied = (turns_of(settings.search) if searching else None), None
        if expected is not None and cap != "minutes":
            steps, applied = _course(settings, forecast, cap, float(value))
        found.append(Fit(cap, float(value), expected, worst, steps, applied))
    return found


def _amounts(lines: tuple[Line, ...], cap: str, minutes: float | None) -> tuple[float | None, float | None]:
    match cap:
        case "calls":
            calls = float(sum(line.calls for line in lines))
            return calls, calls
        case "tokens":
            return (
                float(sum(line.tokens_in + line.expected_out for line in lines)),
                float(sum(line.worst_in + line.worst_out for line in lines)),
            )
        case "usd":
            return summed(line.expected_usd for line in lines), summed(line.worst_usd for line in lines)
        case _:
            return minutes, None


def _course(settings: Settings, forecast: Estimate, cap: str, value: float) -> tuple[int | None, float | None]:
    """Steps begun, and the share of test and apply that the rest pays for."""
    searching = tuple(line for line in forecast.lines if line.stage in _SEARCH)
    after = tuple(line for line in forecast.lines if line.stage not in _SEARCH)
    search, final = _amounts(searching, cap, None)[0] or 0.0, _amounts(after, cap, None)[0] or 0.0
    steps = turns_of(settings.search) if searching else 0
    begun = steps
    if steps:
        each = search / steps
        # The first is always begun; a further one while it stays in what the search may have.
        allowed = max(value - final, value * LEAST_SHARE)
        begun = min(steps, max(1, int(allowed / each))) if each else steps
    left = value - search * begun / max(1, steps)
    share = 1.0 if final <= 0 else max(0.0, min(1.0, left / final))
    return (begun if searching else None), share
