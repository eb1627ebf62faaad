"""Several recipes in a row: each works on the rows of the one before, and the last one's rows are the data set."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...agents.gateway.errors import StorageError, UsageError
from ...agents.method import Method
from ..curate.answers.best import best_answer
from ..curate.answers.repairing import self_repair
from ..curate.answers.tested import tested_code
from ..curate.part import curate
from ..curate.rows import Rows
from ..curate.selectors import CHOOSERS
from ..dataset.fields import tests_in
from ..dataset.seed import Seed
from ..dataset.whole import WholeSource
from ..record.curating.selector import SelectorSettings
from ..record.making.recipes import Making
from ..record.run import Run
from .arithmetic import arithmetic
from .book import Made, instruction_of, rows_of
from .evol_instruct.recipe import evol_instruct
from .magpie.recipe import magpie
from .reflection.score import ifd_scores
from .reflection.tuning import reflection
from .safety import GUARDED, screen
from .searched import searched
from .self_instruct.course import self_instruct

__all__ = ["MadeRows", "Recipe", "make"]

Recipe = Callable[[Run, Any, str, Iterable[Seed]], Awaitable[Made]]
"""A recipe: the run, its own settings, its place (folder and stage), the rows that are there."""

_RECIPES: Mapping[str, Recipe] = {
    "arithmetic": arithmetic,
    "evol-instruct": evol_instruct,
    "magpie": magpie,
    "reflection": reflection,
    "ifd": ifd_scores,
    "self-instruct": self_instruct,
    "best-answer": best_answer,
    "tested-code": tested_code,
    "self-repair": self_repair,
}


class MadeRows:
    """The rows that a recipe left, as seeds of the next one; read anew at every pass.

    Args:
        path: a `dataset.jsonl` of ours.
        count: how many there are.
    """

    def __init__(self, path: Path, count: int) -> None:
        self._path = path
        self._count = count

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Seed]:
        return (seed for seed, _ in self.told())

    def told(self) -> Iterator[tuple[Seed, Mapping[str, Any]]]:
        """Every row as a seed, and all that the recipe said of it."""
        for number, row in enumerate(rows_of(self._path), 1):
            yield Seed(row["id"], number, instruction_of(row), row["response"] or None, tests_in(row)), row


async def make(run: Run, start: Method, seeds: Iterable[Seed]) -> str:
    """Every recipe of the settings in its order; the value is the story, a line each.

    A part of the run has a folder `<number>-<recipe>` with its own `dataset.jsonl` and `dropped.jsonl`. The last one's
    rows are the run's data set; what any of them dropped is in the run's `dropped.jsonl`.

    Raises:
        SessionStopped: budget, key, quota or outage; `autoevol resume` goes on.
        UsageError: a recipe left no row for the next one, or a selector left none. A recipe that stands last and could
            make none has done its work; the story says why there is none.
    """
    rows: Iterable[Seed] = seeds
    story: list[str] = []
    parts: list[dict[str, Any]] = []
    for number, part in enumerate(run.settings.make, 1):
        place = f"{number}-{part.recipe}"
        if parts and part.NEEDS_ROWS and not parts[-1]["out"]:
            _close(run, parts)
            raise _nothing_left(parts[-1], f", so {part.recipe} has nothing to work on")
        run.update(phase=place)
        made, source, guard = await _one(run, part, place, start, rows)
        story += [f"{part.recipe}: {made.story}", *made.lines]
        parts.append({"place": place, "recipe": part.recipe, "in": made.taken, "created": made.created,
                      "out": made.out, "dropped": made.dropped, "rows": source, **guard})  # fmt: skip
        run.update(parts=parts)
        rows = MadeRows(run.folder.path / source, made.out)
    _close(run, parts)
    if not parts[-1]["out"]:
        empty = _nothing_left(parts[-1])
        if run.settings.make[-1].SELECTS:
            raise empty
        story.append(empty.problem)
    return "\n".join(story)


async def _one(
    run: Run, part: Making, place: str, start: Method, rows: Iterable[Seed]
) -> tuple[Made, str, dict[str, Any]]:  # fmt: skip
    """Counts of a part, the file of its rows, and what its guard said, where it has one."""
    if part.recipe == "auto-evol":
        made = await searched(run, place, start, rows)
    elif isinstance(part, SelectorSettings):
        made = await curate(run, CHOOSERS[part.recipe], part, place, _whole(run, rows))
    else:
        made = await _RECIPES[part.recipe](run, part, place, rows)
    if part.guard == "off":
        return made, f"{place}/dataset.jsonl", {}
    made, found = await screen(run, part, place, made)
    return made, f"{place}/{GUARDED}/dataset.jsonl", {"guard": found.as_row()}


def _whole(run: Run, rows: Iterable[Seed]) -> Rows:
    """What a selector reads: rows with all that was said of them."""
    if isinstance(rows, MadeRows):
        return Rows(rows, len(rows))
    if not isinstance(rows, WholeSource):
        raise ValueError("a selector reads whole rows, or those of the part before it")
    return Rows(rows, run.split.total)


def _nothing_left(part: Mapping[str, Any], then: str = "") -> UsageError:
    reasons = ", ".join(f"{reason} {count:,}" for reason, count in part["dropped"].items()) or "it was given none"
    return UsageError(
        f"{part['place']} left no row ({reasons}){then}.",
        fix=f"Look at {part['place']}/dropped.jsonl in the run's folder, then loosen that recipe or change its model.",
    )


def _close(run: Run, parts: list[dict[str, Any]]) -> None:
    """The run's own files and counts from those of its parts."""
    data = run.folder.path / "dataset.jsonl"
    part = data.with_name(data.name + ".part")
    try:
        shutil.copyfile(run.folder.path / parts[-1]["rows"], part)
        part.replace(data)
    except OSError as error:
        raise StorageError(f"{data} cannot be written: {error.strerror}.", fix="Make room, then resume.") from error
    with run.folder.rows("dropped.jsonl") as rest:
        for each in parts:
            for folder in (each["place"], f"{each['place']}/{GUARDED}"):
                path = run.folder.path / folder / "dropped.jsonl"
                for row in rows_of(path) if folder == each["place"] or "guard" in each else ():
                    rest.write({**row, "part": each["place"]})
    run.update(rows_in=parts[0]["in"], rows_out=parts[-1]["out"], dropped=_all_dropped(parts))


def _all_dropped(parts: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for part in parts:
        for reason, count in part["dropped"].items():
            counts[reason] = counts.get(reason, 0) + count
    return dict(sorted(counts.items()))
