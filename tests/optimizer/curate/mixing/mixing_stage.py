"""Sets of rows for tests of mixing."""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from autoevol.optimizer.curate.mixing.pool import Pool
from autoevol.optimizer.dataset.exports.reading import open_file

__all__ = ["pool_of", "rows_file", "some_rows"]


def some_rows(count: int, topics: Sequence[str] = ("sums",), *, ids: bool = True) -> list[dict[str, object]]:
    """Rows with an answer, of each topic by turns."""
    return [
        {**({"id": f"r{n}"} if ids else {}), "question": f"What is {n} + 1?", "answer": str(n + 1),
         "topic": topics[n % len(topics)]}
        for n in range(count)
    ]  # fmt: skip


def rows_file(path: Path, rows: Sequence[object]) -> Path:
    """Rows as JSON lines."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@contextmanager
def pool_of(folder: Path, **sets: Sequence[object]) -> Generator[Pool]:
    """The pool with a set of each name."""
    with Pool() as pool:
        for name, rows in sets.items():
            path = rows_file(folder / f"{name}.jsonl", rows)
            pool.add(name, open_file(str(path)), path)
        yield pool
