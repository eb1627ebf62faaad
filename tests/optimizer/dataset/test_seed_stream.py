"""A source is read again and again, with one row in memory at a time."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from autoevol.optimizer.dataset.source import Reading, SeedSource, Survey, open_seeds
from autoevol.optimizer.record.settings import SeedSettings

ROWS = 1000
LONG = "x" * 20_000


def written(folder: Path, rows: list[dict[str, object]], name: str = "seeds.jsonl") -> Path:
    """A JSONL file of these rows."""
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def opened(path: Path, limit: int | None = None, instruction: str | None = None) -> SeedSource:
    """The source behind a path."""
    return open_seeds(SeedSettings(source=str(path), limit=limit, instruction=instruction))


def _jsonl(path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f'{{"prompt": "{number} {LONG}"}}\n' for number in range(ROWS))


def _list(path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        file.writelines(f'{{"prompt": "{number} {LONG}"}},\n' for number in range(ROWS))
        file.write('{"prompt": "last"}]')


def _csv(path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write("prompt\n")
        file.writelines(f'"{number} {LONG}"\n' for number in range(ROWS))


@pytest.mark.parametrize(("name", "write"), [("a.jsonl", _jsonl), ("a.json", _list), ("a.csv", _csv)])
def test_memory_does_not_grow_with_the_file(tmp_path: Path, name: str, write: Callable[[Path], None]) -> None:
    """20 MB of rows of 20 kB pass through less than 2 MB."""
    write(tmp_path / name)
    source = opened(tmp_path / name)
    tracemalloc.start()
    try:
        count = sum(1 for _ in source)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert count >= ROWS
    assert peak < 2_000_000


def test_knowing_duplicates_costs_a_hundred_bytes_a_row(tmp_path: Path) -> None:
    """So a million rows cost about 100 MB at most (82, as Python's sets grow)."""
    rows = 15_000
    source = opened(written(tmp_path, [{"prompt": f"question {number}"} for number in range(rows)]))
    reading = source.reading()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in reading:
            pass
        held = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()

    assert held < 100 * rows


def test_every_pass_gives_the_same(tmp_path: Path) -> None:
    """The source can be iterated twice, also side by side, and after a pass that was broken off."""
    source = opened(written(tmp_path, [{"prompt": str(number)} for number in range(10)]))
    begun = list(islice(source, 3))

    assert begun == list(source)[:3]
    assert all(one == two for one, two in zip(source, source, strict=True))
    assert source.survey() == source.survey()


def test_the_limit_counts_good_rows(tmp_path: Path) -> None:
    """Bad rows and duplicates do not use it up, and nothing is read behind it."""
    rows: list[dict[str, object]] = [{"prompt": text} for text in ("a", "", "a", "b", "c", "d")]
    survey = opened(written(tmp_path, rows), limit=2).survey()

    assert (2, 4, 2) == (survey.count, survey.report.read, survey.report.good)
    assert 4 == opened(written(tmp_path, rows), limit=99).survey().count


def test_the_fingerprint_is_of_the_content(tmp_path: Path) -> None:
    """Blank lines, other names and another form leave it; another text, answer or order changes it."""
    rows: list[dict[str, object]] = [{"question": "a", "answer": "1"}, {"question": "b", "answer": "2"}]

    def print_of(rows: list[dict[str, object]], gap: str = "") -> str:
        path = written(tmp_path, rows)
        path.write_text(gap + path.read_text(encoding="utf-8"), encoding="utf-8")
        return opened(path).survey().fingerprint

    table = tmp_path / "a.csv"
    table.write_text("task,response\na,1\nb,2\n", encoding="utf-8")
    same = {print_of(rows), print_of(rows, gap="\n\n"), opened(table, instruction="task").survey().fingerprint}
    other = {
        print_of(rows[::-1]),
        print_of(rows[:1]),
        print_of([{"question": "a", "answer": "9"}, rows[1]]),
        print_of([{"question": "A", "answer": "1"}, rows[1]]),
    }

    assert (1, 4) == (len(same), len(other))
    assert not same & other


def test_a_pass_says_what_it_has_found_so_far(tmp_path: Path) -> None:
    """Progress can be shown before the end."""
    reading: Reading = opened(written(tmp_path, [{"prompt": "a"}, {"prompt": ""}, {"prompt": "b"}])).reading()
    iterator = iter(reading)
    next(iterator)
    so_far: Survey = reading.survey()

    assert (1, 1) == (so_far.count, so_far.report.read)
