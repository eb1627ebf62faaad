"""The notebook under examples/ runs, on the demo's recorded run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from autoevol.optimizer.demo.job import unpack_recording
from autoevol.optimizer.pages.watcher import QuietWatcher
from autoevol.optimizer.session import run

NOTEBOOK = Path(__file__).parents[3] / "examples" / "look_at_a_run.ipynb"


async def test_every_code_cell_of_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder where `autoevol demo --replay` was called, as its first cell says."""
    book = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]
    await run(unpack_recording(tmp_path / "runs"), QuietWatcher(), replay=True)
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {}
    for code in cells:
        exec(compile(code, NOTEBOOK.name, "exec"), space)

    assert 2 == space["run"].steps().shape[0]
    assert len(cells) >= 6


def test_the_notebook_is_kept_without_outputs() -> None:
    """What a cell printed somewhere is not part of it."""
    book = json.loads(NOTEBOOK.read_text(encoding="utf-8"))

    assert (4, 5) == (book["nbformat"], book["nbformat_minor"])
    assert not [cell for cell in book["cells"] if cell.get("outputs") or cell.get("execution_count")]
