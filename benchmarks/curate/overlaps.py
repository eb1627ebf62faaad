"""What several selectors choose of the same rows, and how much of it they share.

    python -m benchmarks.curate overlaps gsm8k.jsonl --count 200 --runs FOLDER

Each is a run of its own (`autoevol curate`), by the packaged embedder where it is installed; the vectors that the first
one paid for are reused by the others. Rows are problems with worked answers: `steps` (lines of the answer) and `words`
(of the question) stand in for scores. The run folders stay, to be looked at.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import anyio

from autoevol.optimizer.dataset.source import open_seeds
from autoevol.optimizer.making import run_recipes
from autoevol.optimizer.record.settings import SeedSettings
from benchmarks.gateway.tables import Table, say

_SELECTORS: Mapping[str, Mapping[str, Any]] = {
    "diverse": {"recipe": "diverse"},
    "diverse, 100 drawn first": {"recipe": "diverse", "start": 100},
    "facility": {"recipe": "facility"},
    "deita": {"recipe": "deita", "scores": ["steps", "words"], "threshold": 0.75},
    "hybrid, sum": {"recipe": "hybrid", "by": {"steps": 1, "words": 1}},
    "hybrid, pareto, diversity 0.5": {
        "recipe": "hybrid", "by": {"steps": 1, "words": -1}, "choose": "pareto", "diversity": 0.5,
    },
    "quotas": {"recipe": "quotas", "by": {"steps": {"1": 1, "2": 2, "3": 1}}, "levels": {"steps": 3}},
    "drawn": {"recipe": "quotas", "by": {"language": {}}},
}  # fmt: skip


def main(arguments: Sequence[str]) -> None:
    """Make the runs and print what they share, and what each is like."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curate overlaps")
    parser.add_argument("rows", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--reuse", nargs="*", default=[], help="folders of runs whose vectors are taken")
    told = parser.parse_args(arguments)
    rows = _scored(told.rows)
    chosen: dict[str, list[dict[str, Any]]] = {}
    reuse = list(told.reuse)
    for name, part in _SELECTORS.items():
        said = {"name": name.replace(", ", "-").replace(" ", "-"), "reuse": reuse}
        made = anyio.run(
            partial(run_recipes, [{**part, "count": told.count}], rows, settings=said, runs=told.runs)
        )  # fmt: skip
        chosen[name] = list(made.rows())
        reuse = reuse or [str(made.folder)]
    say(f"What they share, of {told.count:,} each out of {len(rows):,}", _shared(chosen), 1)
    say("What they are like", _alike(chosen, rows), 1)


def _scored(path: Path) -> list[dict[str, Any]]:
    return [
        {
            "id": seed.id, "instruction": seed.instruction.text, "output": seed.response or "",
            "steps": len((seed.response or "").splitlines()), "words": len(seed.instruction.text.split()),
        }
        for seed in open_seeds(SeedSettings(source=str(path)))
    ]  # fmt: skip


def _shared(chosen: Mapping[str, Sequence[Mapping[str, Any]]]) -> Table:
    ids = {name: {row["id"] for row in rows} for name, rows in chosen.items()}
    table: Table = [("", *ids)]
    for name, mine in ids.items():
        table.append((name, *(str(len(mine & other)) for other in ids.values())))
    return table


def _alike(chosen: Mapping[str, Sequence[Mapping[str, Any]]], rows: Sequence[Mapping[str, Any]]) -> Table:
    table: Table = [("", "steps", "words", "first chosen")]
    for name, some in {"all rows": rows, **chosen}.items():
        means = [sum(row[figure] for row in some) / len(some) for figure in ("steps", "words")]
        ranked = [row for row in some if "provenance" in row and row["provenance"]["curated"][-1]["rank"] == 1]
        first = json.dumps(ranked[0]["instruction"][:100], ensure_ascii=False) if ranked else ""
        table.append((name, *(f"{mean:.1f}" for mean in means), first))
    return table
