"""The recipes as functions: seeds and settings in, a run folder with its rows out.

    from autoevol.optimizer.making import evol_instruct

    made = evol_instruct("seeds.jsonl", settings={"model": "gpt-4o-mini", "budget": {"usd": 2}}, rounds=2)
    for row in made.rows():
        print(row["instruction"], row["response"])

Each is `autoevol.optimizer.make` with one recipe, whose values are given by name; the settings of the run are in
`settings`. `run_recipes` is `amake`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .api.functions import amake as run_recipes
from .api.functions import make, resume
from .api.orders import Said, Seeds
from .api.results import MadeRun

if TYPE_CHECKING:
    from .api.moment import OnProgress

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


def evol_instruct(
    seeds: Seeds, *, settings: Said = None, runs: str | Path = "runs", progress: OnProgress = False,
    uncapped: bool = False, **values: object,
) -> MadeRun:  # fmt: skip
    """Evol-Instruct (docs/evol-instruct.md); `values` are its settings. The rest and what is raised: as `make`."""
    part = _part("evol-instruct", values)
    return make(part, seeds, settings=settings, runs=runs, progress=progress, uncapped=uncapped)


def self_instruct(
    seeds: Seeds, *, settings: Said = None, runs: str | Path = "runs", progress: OnProgress = False,
    uncapped: bool = False, **values: object,
) -> MadeRun:  # fmt: skip
    """Self-Instruct from seed tasks (docs/self-instruct.md); `values` are its settings. The rest: as `make`."""
    part = _part("self-instruct", values)
    return make(part, seeds, settings=settings, runs=runs, progress=progress, uncapped=uncapped)


def magpie(
    *, settings: Said = None, runs: str | Path = "runs", progress: OnProgress = False, uncapped: bool = False,
    **values: object,
) -> MadeRun:  # fmt: skip
    """Magpie, from nothing (docs/magpie.md); `values` are its settings. The rest: as `make`."""
    return make(_part("magpie", values), settings=settings, runs=runs, progress=progress, uncapped=uncapped)


def reflection(
    seeds: Seeds, *, settings: Said = None, runs: str | Path = "runs", progress: OnProgress = False,
    uncapped: bool = False, **values: object,
) -> MadeRun:  # fmt: skip
    """Selective Reflection-Tuning (docs/reflection.md); `values` are its settings. The rest: as `make`."""
    part = _part("reflection", values)
    return make(part, seeds, settings=settings, runs=runs, progress=progress, uncapped=uncapped)


def auto_evol(
    seeds: Seeds, *, settings: Said = None, runs: str | Path = "runs", progress: OnProgress = False,
    uncapped: bool = False, **values: object,
) -> MadeRun:  # fmt: skip
    """A search and its application (docs/auto-evol.md); settings say the search. The rest: as `make`."""
    part = _part("auto-evol", values)
    return make(part, seeds, settings=settings, runs=runs, progress=progress, uncapped=uncapped)


def _part(recipe: str, values: Mapping[str, object]) -> dict[str, object]:
    return {"recipe": recipe, **values}
