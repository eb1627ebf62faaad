"""The recipes as functions: seeds and settings in, a run folder with its rows out.

    from autoevol.optimizer.making import evol_instruct

    made = evol_instruct("seeds.jsonl", settings={"model": "gpt-4o-mini", "budget": {"usd": 2}}, rounds=2)
    for row in made.rows():
        print(row["instruction"], row["response"])

Each takes a path (or rows, a mapping each), settings as a file or as a tree, and the values of its recipe, and makes a
run as `autoevol make` does: with journal, budget, resume and report. `run_recipes` is the same in a loop of your own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import anyio

from ..agents.gateway.errors import UsageError
from .dataset.rows import encode_line
from .pages.watcher import QuietWatcher
from .record.config import resolve
from .record.folder import write_atomically
from .record.tree import merge
from .session import Ending, create_run, run

__all__ = [
    "MadeRun",
    "Said",
    "Seeds",
    "auto_evol",
    "evol_instruct",
    "magpie",
    "reflection",
    "resume",
    "run_recipes",
    "self_instruct",
]  # fmt: skip

Seeds: TypeAlias = str | Path | Iterable[Mapping[str, object]] | None
"""A file, `hub:NAME`, rows as mappings (kept in a file beside the run, which needs them again), or nothing."""
Said: TypeAlias = str | Path | Mapping[str, object] | None
"""A settings file, or settings as the tree that such a file holds."""


@dataclass(frozen=True, slots=True)
class MadeRun:
    """A run and how its session ended.

    Args:
        folder: with `dataset.jsonl`, `dropped.jsonl`, `report.html` and all else.
        state: `finished`, or `stopped` by a cap, a key, a quota or an outage with everything kept.
        summary: for a person.
    """

    folder: Path
    state: Literal["finished", "stopped"]
    summary: str

    def rows(self) -> Iterator[dict[str, Any]]:
        """The data set, a row at a time.

        Raises:
            UsageError: the run is not finished, so that this would be a part of it.
        """
        if self.state != "finished":
            raise UsageError(f"The run in {self.folder} was stopped: {self.summary}", fix="Call resume on its folder.")
        return self._read("dataset.jsonl")

    def dropped(self) -> Iterator[dict[str, Any]]:
        """What is not in the data set, each with its reason and the part that dropped it."""
        return self._read("dropped.jsonl")

    def _read(self, name: str) -> Iterator[dict[str, Any]]:
        path = self.folder / name
        if not path.exists():
            return
        with path.open(encoding="utf-8") as file:
            for line in file:
                yield json.loads(line)


async def run_recipes(
    parts: Sequence[Mapping[str, object]], seeds: Seeds = None, *, settings: Said = None, runs: str | Path = "runs"
) -> MadeRun:  # fmt: skip
    """Run recipes in a row, each on the rows of the one before.

    Args:
        parts: as the `[[make]]` tables of a settings file: `{"recipe": "magpie", "count": 500}`.
        seeds: what the first one works on.
        settings: everything else that is to be said.
        runs: the folder that holds runs.

    Raises:
        UsageError: settings or seeds do not fit, or a recipe left nothing for the next one.
        AutoEvolError: the run cannot go on; its folder is kept, and `resume` continues it.
    """
    config = Path(settings) if isinstance(settings, str | Path) else None
    rest: Mapping[str, object] = settings if isinstance(settings, Mapping) else {}
    said = merge(rest, {"recipe": "make", "make": [dict(part) for part in parts]})
    source = _source(seeds, Path(runs))
    if source:
        said = merge(said, {"seeds": {"source": source}})
    folder = create_run(resolve(config, said), Path(runs))
    return _made(await run(folder, QuietWatcher()))


def resume(folder: str | Path) -> MadeRun:
    """Go on with a run, or rebuild its files where it is finished.

    Raises:
        UsageError: it is no run, or its seeds or prompts have changed.
        AutoEvolError: it cannot go on.
    """
    return _made(anyio.run(run, Path(folder), QuietWatcher()))


def evol_instruct(seeds: Seeds, *, settings: Said = None, runs: str | Path = "runs", **values: object) -> MadeRun:
    """Evol-Instruct (docs/evol-instruct.md); `values` are its settings. Raises as `run_recipes`."""
    return _one("evol-instruct", values, seeds, settings, runs)


def self_instruct(seeds: Seeds, *, settings: Said = None, runs: str | Path = "runs", **values: object) -> MadeRun:
    """Self-Instruct from seed tasks (docs/self-instruct.md); `values` are its settings. Raises as `run_recipes`."""
    return _one("self-instruct", values, seeds, settings, runs)


def magpie(*, settings: Said = None, runs: str | Path = "runs", **values: object) -> MadeRun:
    """Magpie, from nothing (docs/magpie.md); `values` are its settings. Raises as `run_recipes`."""
    return _one("magpie", values, None, settings, runs)


def reflection(seeds: Seeds, *, settings: Said = None, runs: str | Path = "runs", **values: object) -> MadeRun:
    """Selective Reflection-Tuning (docs/reflection.md); `values` are its settings. Raises as `run_recipes`."""
    return _one("reflection", values, seeds, settings, runs)


def auto_evol(seeds: Seeds, *, settings: Said = None, runs: str | Path = "runs", **values: object) -> MadeRun:
    """A search and its application (docs/auto-evol.md); settings say the search. Raises as `run_recipes`."""
    return _one("auto-evol", values, seeds, settings, runs)


def _one(recipe: str, values: Mapping[str, object], seeds: Seeds, settings: Said, runs: str | Path) -> MadeRun:
    part = {"recipe": recipe, **values}
    return anyio.run(partial(run_recipes, [part], seeds, settings=settings, runs=runs))


def _made(ending: Ending) -> MadeRun:
    return MadeRun(ending.folder, ending.state, ending.summary)


def _source(seeds: Seeds, runs: Path) -> str:
    """Where the seeds are; rows are put into a file that is named by what it holds, so that a resume finds it."""
    if seeds is None:
        return ""
    if isinstance(seeds, str | Path):
        return str(seeds)
    text = "".join(encode_line(row) for row in seeds)
    if not text:
        raise UsageError("No seeds were given.", fix="Give at least one row, or the name of a file.")
    path = runs / f"seeds-{hashlib.sha256(text.encode()).hexdigest()[:12]}.jsonl"
    write_atomically(path, text)
    return str(path.resolve())
