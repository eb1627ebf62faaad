"""A selector as a part of a run: it is asked for a choice, and what it chose becomes the rows of the next part.

**To add a selector** (files only, and a line in two registries):

1. `optimizer/record/curating/NAME.py`: its settings, a `SelectorSettings` with `recipe: Literal["NAME"] = "NAME"`. The
   first line of its docstring is what `autoevol curate --list` shows; `Args:` explains each setting; `PRESETS` holds
   what `paper` and `official-code` do otherwise. One that asks models says its `roles()` and what it is `expected` to
   take. A line in `optimizer/record/curating/selectors.py` (twice: the union, the mapping).
2. `optimizer/curate/NAME.py`: `async def NAME(run, part, place, rows) -> Choice`, thin over pure functions. `rows` is
   read again at every pass, `row.value("provenance.ifd.ppl_ratio")` is what was said of it before, `run.team.work` asks
   models (stage `place`), `generator(run.settings.run_seed, f"{place}/purpose")` draws. Keep numbers, not texts. Heavy
   imports stand in functions. A line in `optimizer/curate/selectors.py`.
3. `Choice(order, why, notes, figures, lines)`: every row is kept or has its `Why`; `choice.first_of` does that for an
   order and a budget.

Nothing else: the command, settings files, dry run, journal, budget, resume, guard, report and export know it then.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, cast

from anyio import to_thread

from ..dataset.rows import DroppedRow
from ..recipes.book import Book, Made
from ..record.curating.selector import SelectorSettings
from ..record.run import Run
from .before_after import before_after, change_lines
from .choice import Choice, Notes, Why
from .rows import CurateRow, Rows, kept_object
from .vectors import remove_vectors

__all__ = ["CURATION", "Selector", "curate"]

CURATION = "curation.json"
"""Name of the file of figures in the folder of a part."""
_PATH = re.compile(r"[\w-]+(?:\.[\w-]+)+")
Selector = Callable[[Run, Any, str, Rows], Awaitable[Choice]]
"""A selector: the run, its own settings, its place (folder and stage), the rows that are there."""


async def curate(run: Run, selector: Selector, part: SelectorSettings, place: str, rows: Rows) -> Made:
    """Ask a selector for its choice and write what came of it. Rows come out in the order in which they came in.

    Args:
        run: the run.
        selector: who chooses.
        part: its settings.
        place: folder of the part, and stage of its calls.
        rows: what there is.

    Raises:
        SessionStopped: budget, key, quota or outage, where the selector asks a model.
        UsageError: the rows lack what the selector needs.
        ValueError: the selector accounts for a row twice, or not at all.
    """
    run.phase(None, place, len(rows))
    try:
        choice = await selector(run, part, place, rows)
    finally:
        remove_vectors(run.folder.path / place)
    choice.check(len(rows))
    ranks = {index: rank for rank, index in enumerate(choice.order, 1)}
    tick = run.phase(None, place, len(rows))  # a selector that asks models has counted its own
    with Book(run, place) as book:
        for row in rows:
            book.taken += 1
            if row.index in ranks:
                notes = choice.notes.get(row.index, {})
                book.keep_object(kept_object(row, _name(part), ranks[row.index], notes))
            else:
                book.drop(_dropped(row, place, choice.why[row.index]))
            tick()
        change = await to_thread.run_sync(before_after, rows, ranks, run.settings.run_seed, _paths(part))
        run.folder.write_json(f"{place}/{CURATION}", {**_figures(part, choice, book.made), "before_after": change})
        book.lines += [*choice.lines, *change_lines(change)]
        return book.made


def _name(part: SelectorSettings) -> str:
    return str(getattr(part, "recipe"))  # noqa: B009  each selector has its own


def _dropped(row: CurateRow, place: str, why: Why) -> DroppedRow:
    notes = {name: value for name, value in why.notes.items() if name not in ("calls", "cost")}
    return DroppedRow(
        row.seed.id, place, why.reason, why.detail,
        calls=tuple(why.notes.get("calls", ())), cost=why.notes.get("cost", 0.0),
        instruction=row.seed.instruction.text, notes=notes,
    )  # fmt: skip


def _paths(part: SelectorSettings) -> list[str]:
    """Dotted paths that the settings name: those figures are shown before and after, too."""
    said: list[object] = list(part.model_dump(mode="json").values())
    for value in said:  # grows while it is read: lists and tables are looked into
        if isinstance(value, list):
            said += cast("list[object]", value)
        elif isinstance(value, dict):
            said += cast("dict[str, object]", value)
    return [word for word in said if isinstance(word, str) and _PATH.fullmatch(word)]


def _figures(part: SelectorSettings, choice: Choice, made: Made) -> Notes:
    return {
        "selector": _name(part), "preset": part.preset, "settings": part.model_dump(mode="json"),
        "in": made.taken, "out": made.out, "dropped": dict(made.dropped), "figures": dict(choice.figures),
    }  # fmt: skip
