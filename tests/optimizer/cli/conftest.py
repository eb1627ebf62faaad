"""Calling the command in this process, with what it printed."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from tests.optimizer.calling import Call, said_by

Cli = Call


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Call `autoevol` in an empty folder and without anybody's keys."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("AUTOEVOL_DEBUG", raising=False)

    return partial(said_by, capsys)


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    """A file of 30 seeds."""
    path = tmp_path / "seeds.jsonl"
    rows = [
        {"question": f"Box {n} holds {n + 3} red and {2 * n + 5} blue balls. How many?", "answer": f"#### {3 * n + 8}"}
        for n in range(30)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path
