"""Rows that cannot be used are all named in the folder of the run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autoevol.optimizer.dataset.source import open_seeds
from autoevol.optimizer.dataset.unused import write_unused
from autoevol.optimizer.dataset.whole import open_rows
from autoevol.optimizer.record.folder import RunFolder
from autoevol.optimizer.record.settings import SeedSettings


def written(folder: Path) -> list[dict[str, object]]:
    """What is in the file."""
    return [json.loads(line) for line in (folder / "unused.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(("whole", "lines"), [(False, range(2, 202)), (True, range(2, 102))])
def test_every_row_that_gives_no_seed_is_named_with_its_reason(tmp_path: Path, whole: bool, lines: range) -> None:
    """Also those after the fiftieth; a row that is there twice is one to choose from, and no new seed."""
    path = tmp_path / "rows.jsonl"
    path.write_text('{"instruction": "Add."}\n' + "rubbish\n" * 100 + '{"instruction": "Add."}\n' * 100)
    source = (open_rows if whole else open_seeds)(SeedSettings(source=str(path)))

    write_unused(source, source.survey().report, RunFolder(tmp_path))

    why = ["not JSON (Expecting value, character 1)"] * 100 + ["the same as an earlier row"] * 100
    assert [{"line": line, "reason": why[line - 2]} for line in lines] == written(tmp_path)


def test_there_is_no_file_where_all_rows_are_good(tmp_path: Path) -> None:
    """An empty one would only be opened in vain."""
    path = tmp_path / "rows.jsonl"
    path.write_text('{"instruction": "Add."}\n')
    source = open_seeds(SeedSettings(source=str(path)))

    write_unused(source, source.survey().report, RunFolder(tmp_path))

    assert not (tmp_path / "unused.jsonl").exists()
