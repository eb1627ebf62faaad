"""What the rest of the run needs of the budget, so that a search does not eat what the data set costs."""

from __future__ import annotations

import math

from ..record.run import Run, Spending
from ..scoring.examine.menu import price_of_item

__all__ = ["reason_to_end", "reason_to_save"]

# The search may always have this share of a cap, however much the rest would cost.
LEAST_SHARE = 0.5


def reason_to_save(run: Run, step: int) -> str:
    """Why the step should not begin, or an empty string. Decided once and put on record: it looks at the spending.

    A step is worth beginning while what is spent plus what the last steps cost each stays inside the share of every
    cap that the search may have: all of it but what applying needs, and never less than half.
    """
    point = f"steps/{step:03d}/go"
    return str(run.events.decide(point, lambda: _look(run, step)))


def reason_to_end(run: Run, point: str, items: int, later: int) -> str:
    """The same for a search within a step, which knows how many items it scores next, and how many it leaves to do.

    Args:
        run: the run.
        point: the name of the decision.
        items: that the next turn may score.
        later: that are to be scored when the search is over, in the step.
    """
    return str(run.events.decide(point, lambda: _look_ahead(run, items, later)))


def _look_ahead(run: Run, items: int, later: int) -> str:
    spent = run.spending()
    each = _calls_of_item(run)
    for name, cap in _caps(run).items():
        used = _figure(spent, name)
        if cap is None or not used or not spent.calls:
            continue
        rate = used / spent.calls
        allowed = max(cap - rate * _calls_to_apply(run), cap * LEAST_SHARE)
        # One call more, of the refiner.
        if used + rate * (each * (items + later) + 1) > allowed:
            return f"the rest of the {name} budget is kept for deciding, confirming and applying"
    return ""


def _look(run: Run, step: int) -> str:
    spent = run.spending()
    for name, cap in _caps(run).items():
        used = _figure(spent, name)
        if cap is None or used is None or step == 0:
            continue
        allowed = max(cap - used / max(1, spent.calls) * _calls_to_apply(run), cap * LEAST_SHARE)
        if used + used / step > allowed:
            return f"the rest of the {name} budget is kept for confirming and applying"
    return ""


def _caps(run: Run) -> dict[str, float | None]:
    budget = run.budget
    return {"calls": budget.calls, "tokens": budget.tokens, "usd": budget.usd, "minutes": budget.minutes}


def _figure(spent: Spending, name: str) -> float | None:
    return {"calls": spent.calls, "tokens": spent.tokens, "usd": spent.usd, "minutes": spent.minutes}[name]


def _calls_to_apply(run: Run) -> int:
    """Calls that confirming and applying will make, about: an evolution, an answer and the dear checks each."""
    settings = run.settings
    each = _calls_of_item(run)
    seeds = min(run.split.total, settings.apply_limit or run.split.total) if settings.apply else 0
    return math.ceil(each * (seeds + 4 * len(run.split.test)))


def _calls_of_item(run: Run) -> float:
    return run.settings.search.rounds + 1 + sum(price_of_item(run.settings).values())
