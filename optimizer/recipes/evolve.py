"""Evolve: one given method over every seed, without a search."""

from __future__ import annotations

from collections.abc import Iterable

from ...agents.method import Method
from ...agents.method_file import dump_method
from ..dataset.seed import Seed
from ..record.run import Run
from ..search.strategies import Strategies
from .apply import apply_method

__all__ = ["evolve"]


async def evolve(run: Run, strategies: Strategies, method: Method, seeds: Iterable[Seed]) -> str:
    """Apply the method; the value is the story in a line.

    Raises:
        SessionStopped: budget, key, quota or outage; `autoevol resume` goes on.
    """
    run.folder.write_text("method.md", dump_method(method))
    run.update(best_method=method.id, applied_method=method.id)
    run.at("apply")
    applied = await apply_method(run, strategies, method, seeds)
    return f"{applied.taken} seeds in, {applied.out} rows out, {sum(applied.dropped.values())} dropped."
