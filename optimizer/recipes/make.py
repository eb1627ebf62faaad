"""Several recipes in a row: each works on the rows of the one before, and the last one's rows are the data set."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...agents.messages import Instruction
from ...agents.method import Method
from ..dataset.conversations import turns_of
from ..dataset.language import language_of
from ..dataset.report import ReadReport
from ..dataset.seed import Seed
from ..dataset.split import Split, choose
from ..record.folder import RunFolder
from ..record.making.recipes import Making
from ..record.run import Run
from ..record.seats import as_search
from ..search.strategies import strategies_of
from .auto_evol import auto_evol
from .book import Made
from .magpie.recipe import magpie

__all__ = ["MadeRows", "Recipe", "make"]

Recipe = Callable[[Run, Any, str, Iterable[Seed]], Awaitable[Made]]
"""A recipe: the run, its own settings, its place (folder and stage), the rows that are there."""

_RECIPES: Mapping[str, Recipe] = {"magpie": magpie}


class MadeRows:
    """The rows that a recipe left, as seeds of the next one; read anew at every pass.

    Args:
        path: a `dataset.jsonl` of ours.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[Seed]:
        with self._path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                row = json.loads(line)
                text = row["instruction"]
                before = tuple(turns_of(row["context"], "context")) if row["context"] else ()
                asked = Instruction(text, row["system"], before, language_of(text))
                yield Seed(row["id"], number, asked, row["response"] or None)


async def make(run: Run, start: Method, seeds: Iterable[Seed]) -> str:
    """Every recipe of the settings in its order; the value is the story, a line each.

    A part of the run has a folder `<number>-<recipe>` with its own `dataset.jsonl` and `dropped.jsonl`. The last one's
    rows are the run's data set; what any of them dropped is in the run's `dropped.jsonl`.

    Raises:
        SessionStopped: budget, key, quota or outage; `autoevol resume` goes on.
    """
    rows: Iterable[Seed] = seeds
    story: list[str] = []
    parts: list[dict[str, Any]] = []
    for number, part in enumerate(run.settings.make, 1):
        place = f"{number}-{part.recipe}"
        run.update(phase=place)
        made = await _one(run, part, place, start, rows)
        story += [f"{part.recipe}: {made.story}", *made.lines]
        parts.append({"place": place, "recipe": part.recipe, "in": made.taken, "created": made.created,
                      "out": made.out, "dropped": made.dropped})  # fmt: skip
        run.update(parts=parts)
        rows = MadeRows(run.folder.path / place / "dataset.jsonl")
    _gather(run, [part["place"] for part in parts])
    run.update(rows_in=parts[0]["in"], rows_out=parts[-1]["out"], dropped=_all_dropped(parts))
    return "\n".join(story)


async def _one(run: Run, part: Making, place: str, start: Method, rows: Iterable[Seed]) -> Made:
    if part.recipe == "auto-evol":
        return await _auto_evol(run, place, start, rows)
    return await _RECIPES[part.recipe](run, part, place, rows)


async def _auto_evol(run: Run, place: str, start: Method, rows: Iterable[Seed]) -> Made:
    """A whole search in the part's own folder, on a split of the rows that are there."""
    settings = as_search(run.settings)
    search, total = settings.search, sum(1 for _ in rows)
    train, dev, test = choose(
        rows, dev=search.held_out, test=search.test, train=search.train, run_seed=settings.run_seed
    )
    inner = replace(
        run, settings=settings, folder=RunFolder(run.folder.path / place), state=dict(run.state),
        split=Split(train, dev, test, total, run.split.fingerprint, ReadReport(total, total, seeds=total)),
    )  # fmt: skip
    story = await auto_evol(inner, strategies_of(settings), start, rows)
    for name in ("dataset.jsonl", "dropped.jsonl"):
        if not (inner.folder.path / name).exists():  # a control did better, so nothing was applied
            inner.folder.write_rows(name, ())
    out, dropped = inner.state.get("rows_out", 0), inner.state.get("dropped", {})
    return Made(total, 0, out, dropped, tuple(story.split("\n")))


def _gather(run: Run, places: list[str]) -> None:
    """The run's own files from those of its parts."""
    with run.folder.rows("dataset.jsonl") as data, (run.folder.path / places[-1] / "dataset.jsonl").open("rb") as file:
        for line in file:
            data.write(json.loads(line))
    with run.folder.rows("dropped.jsonl") as rest:
        for place in places:
            with (run.folder.path / place / "dropped.jsonl").open("rb") as file:
                for line in file:
                    rest.write({**json.loads(line), "part": place})


def _all_dropped(parts: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for part in parts:
        for reason, count in part["dropped"].items():
            counts[reason] = counts.get(reason, 0) + count
    return dict(sorted(counts.items()))
