"""A selector as a part of a run: it is asked for a choice, and what it chose becomes the rows of the next part.

**To add a selector** (files only, and a line in two registries):

1. `optimizer/record/curating/NAME.py`: its settings, a `SelectorSettings` with `recipe: Literal["NAME"] = "NAME"`. The
   first line of its docstring is what `autoevol curate --list` shows; `Args:` explains each setting; `PRESETS` holds
   what `paper` and `official-code` do otherwise. One that asks models says its `roles()` and what it is `expected` to
   take. A line in `optimizer/record/curating/alone.py` (twice: the union, the mapping).
2. `optimizer/curate/NAME.py`: `async def NAME(run, part, place, rows) -> Choice`, thin over pure functions. `rows` is
   read again at every pass, `row.value("provenance.ifd.ppl_ratio")` is what was said of it before, `run.team.work` asks
   models (stage `place`), `generator(run.settings.run_seed, purpose(part, place, "what"))` draws. Keep numbers, not
   texts. Heavy imports stand in functions. A line in `optimizer/curate/selectors.py`.
3. `Choice(order, why, notes, figures, lines)`: every row is kept or has its `Why`; `choice.first_of` does that for an
   order and a budget. One that asks models about single rows gives the `prices` of their calls, too.

Nothing else: the command, settings files, dry run, journal, budget, resume, guard, report and export know it then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from anyio import to_thread

from ..dataset.rows import DroppedRow
from ..recipes.book import Book, Made
from ..record.curating.selector import SelectorSettings
from ..record.curating.vectors import BudgetSettings, EmbedSettings
from ..record.run import Run
from .before_after import before_after, change_lines
from .choice import Choice, Notes, Why
from .naming import name_of
from .rows import CurateRow, Rows, kept_object
from .vectors import RowVectors, by_side, remove_vectors

__all__ = ["CURATION", "Selector", "chosen", "curate", "write_figures", "written"]

CURATION = "curation.json"
"""Name of the file of figures in the folder of a part."""
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
    choice = await chosen(run, selector, part, place, rows)
    made = written(run, part, place, rows, choice)
    run_seed, paths = run.settings.run_seed, part.paths()
    change = choice.change
    if change is None:
        seen = _seen(part, choice, len(rows))
        change = await to_thread.run_sync(before_after, rows, frozenset(choice.order), run_seed, paths, seen)
    write_figures(run, part, place, choice, made, change)
    return replace(made, lines=(*choice.lines, *change_lines(change)))


def _seen(part: SelectorSettings, choice: Choice, total: int) -> RowVectors | None:
    """Vectors of the embedder that the selector looked at, where it did so at each row: coverage goes by them."""
    found = choice.vectors
    if found is None or not isinstance(part, EmbedSettings) or not part.asks_embedder:
        return None
    return by_side(found, part.of) if len(found.index) + len(found.missing) == total else None


async def chosen(run: Run, selector: Selector, part: SelectorSettings, place: str, rows: Rows) -> Choice:
    """A selector's choice, which accounts for every row. As `curate`, which also writes it."""
    run.phase(None, place, len(rows))
    try:
        choice = await selector(run, part, place, rows)
    finally:
        remove_vectors(run.folder.path / place)
    choice.check(len(rows))
    asked = part.count if isinstance(part, BudgetSettings) else None
    if asked is None or len(choice.order) >= asked:
        return choice
    line = f"{asked:,} rows were asked for, and {len(choice.order):,} are kept: there are no more that may be chosen."
    return replace(choice, lines=(*choice.lines, line))


def written(
    run: Run, part: SelectorSettings, place: str, rows: Rows, choice: Choice, *, by: str = ""
) -> Made:  # fmt: skip
    """Rows that are kept and dropped, in the order in which they came in, in the two files of a part.

    Args:
        run, part, place, rows: as in `curate`.
        choice: of all rows.
        by: what the selector is called in the rows, beside its own name; empty for that alone.
    """
    ranks = {index: rank for rank, index in enumerate(choice.order, 1)}
    name = name_of(part)
    also = {"selector": name} if by not in ("", name) else {}
    tick = run.phase(None, place, len(rows))  # a selector that asks models has counted its own
    with Book(run, place) as book:
        for row in rows:
            book.taken += 1
            if row.index in ranks:
                notes = {**also, **choice.notes.get(row.index, {})}
                earlier = choice.entries.get(row.index, ())
                book.keep_object(kept_object(row, by or name, ranks[row.index], notes, earlier))
            else:
                book.drop(_dropped(row, place, choice.why[row.index]))
            tick()
        return book.made


def write_figures(
    run: Run, part: SelectorSettings, place: str, choice: Choice, made: Made, change: Mapping[str, Any]
) -> None:  # fmt: skip
    """`curation.json`: settings, counts, what the selector tells, and what the choice changed."""
    figures: Notes = {
        "selector": name_of(part), "preset": part.preset, "settings": part.model_dump(mode="json"),
        "in": made.taken, "out": made.out, "dropped": dict(made.dropped), "figures": dict(choice.figures),
    }  # fmt: skip
    run.folder.write_json(f"{place}/{CURATION}", {**figures, "before_after": change})


def _dropped(row: CurateRow, place: str, why: Why) -> DroppedRow:
    notes = {name: value for name, value in why.notes.items() if name not in ("calls", "cost")}
    return DroppedRow(
        row.seed.id, place, why.reason, why.detail,
        calls=tuple(why.notes.get("calls", ())), cost=why.notes.get("cost", 0.0),
        instruction=row.seed.instruction.text, notes=notes,
    )  # fmt: skip
