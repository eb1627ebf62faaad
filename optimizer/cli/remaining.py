"""What is left of a run that was broken off: for `autoevol resume --dry-run`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...agents.gateway.books.bills import finished_calls, spent_in
from ...agents.gateway.books.journal_file import JOURNAL_NAME
from ...agents.gateway.books.ledger import Sum
from ...agents.gateway.endpoints import Budget
from ..pages.numbers import duration
from ..record.estimate import Estimate
from ..record.forecast import Course, first_cap, remaining
from ..record.rivals import turns_of
from ..record.settings import Settings
from ..record.timing import bounds, slowest
from .planning import plan_of
from .run_list import course_of

__all__ = ["left_lines"]


def left_lines(folder: Path, settings: Settings) -> Iterator[str]:
    """What is spent and what is left at most, in lines.

    Args:
        folder: the run.
        settings: as frozen, with the caps that would hold.

    Raises:
        UsageError: the seeds cannot be read.
        StorageError: the journal cannot be read.
    """
    begun = (folder / JOURNAL_NAME).exists()
    finished = finished_calls(folder) if begun else []
    spent = spent_in(folder) if begun else Sum()
    phase, step = course_of(folder)
    left = remaining(
        plan_of(settings, proving=False, folder=folder).forecast,
        finished,
        Course(phase, step, turns_of(settings.search)),
    )
    free = all(endpoint.free for endpoint in settings.endpoints.values())
    done = sum(entry.sum.calls for entry in finished)
    yield f"Finished: {done:,} calls in {spent.calls:,} attempts, {spent.tokens:,} tokens{_usd(spent.cost, free=free)}."
    if not left.calls:
        yield "Left: nothing to call."
        return
    money = _usd(left.expected_usd, free=free)
    yield f"Left: at most {left.calls:,} calls, about {left.expected_tokens:,} tokens{money}."
    binding = slowest(bounds(settings, left.lines))
    if binding is not None:
        yield f"Time: at least {duration(binding.seconds)} for that, bound by {binding.limit}."
    yield from _caps(settings.budget, left, spent)


def _caps(budget: Budget, left: Estimate, spent: Sum) -> Iterator[str]:
    caps = {name: value for name, value in budget.model_dump().items() if value is not None}
    if not caps:
        yield "Caps: none."
        return
    listed = ", ".join(f"${value:g}" if name == "usd" else f"{value:,.10g} {name}" for name, value in caps.items())
    short = first_cap(left, budget, spent)
    words = f"the one in {'USD' if short == 'usd' else short} comes before the end" if short else "they suffice"
    yield f"Caps: {listed}, from the beginning of the run; at what calls have cost so far {words}."


def _usd(usd: float | None, *, free: bool) -> str:
    return "" if free else ", price unknown" if usd is None else f", ${usd:,.4f}"
