"""A replay writes a run's files, so it keeps off a run at work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autoevol.agents.gateway.books.journal_file import FileLock
from autoevol.agents.gateway.errors import StorageError
from autoevol.optimizer.demo.job import unpack_recording
from autoevol.optimizer.pages.progress import make_watcher
from autoevol.optimizer.record.at_work import at_work
from autoevol.optimizer.session import run


async def test_a_replay_changes_nothing_of_a_run_at_work(tmp_path: Path) -> None:
    """Least of all the line of events that is just being written; it is said who is at work."""
    folder = unpack_recording(tmp_path)
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.write('{"kind": "half of a li')
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with FileLock(folder), make_watcher(quiet=True) as watcher:
        with pytest.raises(StorageError, match="in use by process"):
            await run(folder, watcher, replay=True)
        after = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "journal.lock"}

    assert before == after


def test_a_look_at_a_run_does_not_let_go_of_it(tmp_path: Path) -> None:
    """In the process that holds it, as in a notebook: nobody else may begin beside it."""
    folder = unpack_recording(tmp_path)
    other = (
        "from pathlib import Path; from autoevol.agents.gateway.books.journal_file import FileLock;"
        f"FileLock(Path({str(folder)!r}))"
    )
    with FileLock(folder):
        assert at_work(folder)
        tried = subprocess.run([sys.executable, "-c", other], capture_output=True, text=True, check=False)

    assert "in use by process" in tried.stderr
    assert not at_work(folder)
