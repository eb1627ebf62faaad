"""Auto Evol: search a method, confirm it, apply it to everything."""

from __future__ import annotations

from collections.abc import Iterable

from ...agents.method import Method
from ...agents.method_file import dump_method
from ..dataset.seed import Seed
from ..record.run import Run
from ..search.confirm import confirm
from ..search.loop import search
from ..search.strategies import Strategies
from .apply import apply_method

__all__ = ["auto_evol"]


async def auto_evol(run: Run, strategies: Strategies, start: Method, seeds: Iterable[Seed]) -> str:
    """The whole job; the value is its story in a few lines.

    Raises:
        SessionStopped: budget, key, quota or outage; `autoevol resume` goes on.
    """
    found = await search(run, strategies, start)
    changes = sum(decision.accepted is not None for decision in found.decisions)
    steps = f"{_many(len(found.decisions), 'step')}, {_many(changes, 'change')} of the method"
    lines = [f"{steps}; the search stopped because {found.stopped}."]
    run.update(phase="test", search_stopped=found.stopped)
    if not found.decisions:
        run.folder.write_text("method.md", dump_method(found.best))
        run.update(best_method=found.best.id)
    if found.decisions and not changes:
        lines.append(found.decisions[-1].reason)
    run.at("test")
    confirmation = await confirm(run, strategies, start, found.best)
    lines.append(confirmation.reason)
    if confirmation.method is None:
        lines.append("Nothing was applied, because a control did better. Look at the report, then change the "
                     "starting method or the seeds.")  # fmt: skip
        return "\n".join(lines)
    run.update(applied_method=confirmation.method.id)
    if run.settings.apply:
        run.at("apply")
        applied = await apply_method(run, strategies, confirmation.method, seeds)
        lines.append(f"{applied.taken} seeds in, {applied.out} rows out, {sum(applied.dropped.values())} dropped.")
    return "\n".join(lines)


def _many(count: int, what: str) -> str:
    return f"{count} {what}" + "s" * (count != 1)
