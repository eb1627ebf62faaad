"""What several selectors choose of the same rows, and how much of it they share: one run of the selector `panel`.

    python -m benchmarks.curate overlaps gsm8k.jsonl --count 200 --runs FOLDER

It writes the rows with two figures that stand in for scores, `steps` (lines of the worked answer) and `words` (of the
question), then does what a person does: `autoevol curate NAME,NAME,… ROWS --count 200`, and prints what `autoevol show`
tells of it. Vectors are the packaged embedder's where it is installed, else hashed words. The run folder stays.
"""

from __future__ import annotations

import argparse
import json
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from autoevol.optimizer.cli import autoevol
from autoevol.optimizer.dataset.source import open_seeds
from autoevol.optimizer.record.settings import SeedSettings
from benchmarks.gateway.tables import Table, say

_MEMBERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "diverse": ("diverse", {}),
    "diverse-100": ("diverse", {"start": 100}),
    "facility": ("facility", {}),
    "deita": ("deita", {"scores": ["steps", "words"]}),
    "lima": ("lima", {"shortest": 20}),
    "hybrid": ("hybrid", {"by": {"steps": 1, "words": 1}}),
    "pareto": ("hybrid", {"by": {"steps": 1, "words": -1}, "choose": "pareto", "diversity": 0.5}),
    "quotas": ("quotas", {"by": {"steps": {"1": 1, "2": 2, "3": 1}}, "levels": {"steps": 3}}),
    "drawn": ("quotas", {"by": {"language": {}}}),
}


def main(arguments: Sequence[str]) -> None:
    """Make the run and print what the selectors share, and what each is like."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.curate overlaps")
    parser.add_argument("rows", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--reuse", help="a run whose vectors are taken")
    told = parser.parse_args(arguments)
    told.runs.mkdir(parents=True, exist_ok=True)
    rows = told.runs / "scored.jsonl"
    _write_scored(told.rows, rows)
    members = ",".join(name if name == kind else f"{name}={kind}" for name, (kind, _) in _MEMBERS.items())
    words = ["curate", members, str(rows), "--count", f"{told.count}", "--runs", str(told.runs), "--name", "panel"]
    words += ["--reuse", told.reuse] if told.reuse else []
    for name, (_, values) in _MEMBERS.items():
        for setting, value in values.items():
            words += ["--with", f"{name}.{setting}={json.dumps(value)}"]
    print(shlex.join(["autoevol", *words]))  # noqa: T201
    begun = time.perf_counter()
    autoevol.main(words, standalone_mode=False)
    print(f"{time.perf_counter() - begun:.0f} s")  # noqa: T201
    _say(max(told.runs.glob("*-panel*"), key=lambda path: path.stat().st_mtime))


def _write_scored(path: Path, target: Path) -> None:
    with target.open("w", encoding="utf-8") as file:
        for seed in open_seeds(SeedSettings(source=str(path))):
            answer = seed.response or ""
            row = {"id": seed.id, "instruction": seed.instruction.text, "output": answer,
                   "steps": len(answer.splitlines()), "words": len(seed.instruction.text.split())}  # fmt: skip
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _say(run: Path) -> None:
    """The tables of `autoevol show`, for a page."""
    from autoevol.optimizer.pages.panel import panel_view  # noqa: PLC0415
    from autoevol.optimizer.pages.part_records import PanelCurationRecord  # noqa: PLC0415

    found = json.loads((run / "1-panel/curation.json").read_text(encoding="utf-8"))
    view = panel_view(PanelCurationRecord.model_validate(found))
    assert view is not None  # noqa: S101  it has members
    shared: Table = [("", *view.names)]
    shared += [
        (name, *(f"{cell.shared:,} {cell.sign}".strip() for cell in cells)) for name, cells in view.matrix.items()
    ]
    say(f"What they share; two drawn sets share {view.chance}", shared, 1)
    like: Table = [("", *view.figures), *((each.name, *each.figures.values()) for each in view.columns)]
    say("What each is like", like, 1)
    say("Rows by how many chose them", [("rows",), (view.votes,)], 1)
