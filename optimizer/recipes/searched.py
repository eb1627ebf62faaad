"""Auto Evol as one of several recipes in a row: a whole search and application, in the part's own folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import islice

from ...agents.method import Method
from ...agents.method_file import load_method
from ...prompts import method_names
from ..dataset.report import ReadReport
from ..dataset.rows import DroppedRow, dropped_object
from ..dataset.seed import Seed
from ..dataset.split import Split, choose
from ..pages.report import write_report
from ..record.folder import RunFolder
from ..record.run import Run
from ..record.seats import as_search
from ..search.strategies import strategies_of
from .auto_evol import auto_evol
from .book import Made, count_of, rows_of

__all__ = ["searched"]

_NOT_APPLIED = "the search ended without applying a method to it"
_OF_THE_RUN = frozenset({"started", "forecast", "parts"})  # what status.json of a part does not tell again
_LOOKED_AT = 500  # rows that say in which language all are


async def searched(run: Run, place: str, start: Method, rows: Iterable[Seed]) -> Made:
    """Search a method on a split of the rows that are there, and apply it to them.

    Rows that the method was not applied to (a control did better, a limit) are dropped as `not-applied`.

    Raises:
        SessionStopped: budget, key, quota or outage.
    """
    settings, total = as_search(run.settings), count_of(rows)
    search = settings.search
    train, dev, test = choose(
        rows, dev=search.held_out, test=search.test, train=search.train, run_seed=settings.run_seed
    )
    state = {name: value for name, value in run.state.items() if name not in _OF_THE_RUN} | {"recipe": "auto-evol"}
    inner = replace(
        run, settings=settings, folder=RunFolder(run.folder.path / place), state=state,
        split=Split(train, dev, test, total, run.split.fingerprint, ReadReport(total, total, seeds=total)),
    )  # fmt: skip
    story = await auto_evol(inner, strategies_of(settings), _in_language_of(rows, start, search.method), rows)
    out, dropped = inner.state.get("rows_out", 0), dict(inner.state.get("dropped", {}))
    left = total - out - sum(dropped.values())
    _tell_the_rest(inner.folder, rows, total - left)
    if left:
        dropped["not-applied"] = left
    inner.state.pop("forecast", None)
    inner.update(state="finished", story=story)
    write_report(inner.folder.path)  # the steps of the search have no room on the page of all recipes
    return Made(total, 0, out, dict(sorted(dropped.items())), tuple(story.split("\n")))


def _in_language_of(rows: Iterable[Seed], start: Method, name: str) -> Method:
    """The starting method; a shipped one in the language of the rows, which nobody knew before they were made."""
    if name not in method_names():
        return start
    languages = [seed.instruction.language for seed in islice(rows, _LOOKED_AT)]
    return load_method(name, "zh" if languages.count("zh") * 2 > len(languages) else "en")


def _tell_the_rest(folder: RunFolder, rows: Iterable[Seed], first: int) -> None:
    """Put the rows from this one on, to which nothing was applied, behind those that were dropped."""
    path = folder.path / "dropped.jsonl"
    with folder.rows(path.name) as file:
        for row in rows_of(path) if first else ():
            file.write(row)
        for seed in islice(rows, first, None):
            file.write(dropped_object(DroppedRow(seed.id, "apply", "not-applied", _NOT_APPLIED)))
    if not first:
        folder.write_rows("dataset.jsonl", ())
