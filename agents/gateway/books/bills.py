"""What a run's journal says that it cost, read from the file alone, also while the run is at work."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from .journal_file import JOURNAL_NAME, open_for_reading, sqlite_trouble
from .ledger import Entry, Sum

__all__ = ["cut_off_in", "finished_calls", "minutes_of", "settled_in", "spent_in"]

_SUMS = (
    "COUNT(*), TOTAL(input_tokens), TOTAL(output_tokens), TOTAL(cached_tokens), TOTAL(reasoning_tokens), TOTAL(cost),"
    " TOTAL(cost IS NULL)"
)


def finished_calls(folder: Path) -> list[Entry]:
    """The finished calls of a run by role, stage and model, each counted once over all restarts.

    Raises:
        StorageError: there is no journal, or it cannot be read.
    """
    query = f"SELECT role, stage, model, {_SUMS}, TOTAL(seconds) FROM calls GROUP BY role, stage, model"  # noqa: S608
    rows = _rows(folder, query)
    return [Entry(str(row[0]), str(row[1]), _sum(row[3:]), str(row[2])) for row in rows]


def spent_in(folder: Path) -> Sum:
    """Every attempt of a run, failed ones too, over all restarts; one without an end at what was set aside for it.

    Raises:
        StorageError: there is no journal, or it cannot be read.
    """
    (row,) = _rows(folder, f"SELECT {_SUMS} FROM attempts")  # noqa: S608
    return _sum((*row, 0.0))


def settled_in(folder: Path) -> Sum:
    """Every attempt of a run that has an end, failed ones too: what it would have cost without a death.

    Raises:
        StorageError: there is no journal, or it cannot be read.
    """
    (row,) = _rows(folder, f"SELECT {_SUMS} FROM attempts WHERE ended<>''")  # noqa: S608
    return _sum((*row, 0.0))


def cut_off_in(folder: Path) -> Sum:
    """The attempts that a death cut off, each at what was set aside for it; to be asked before a session sends any.

    Raises:
        StorageError: there is no journal, or it cannot be read.
    """
    (row,) = _rows(folder, f"SELECT {_SUMS} FROM attempts WHERE ended=''")  # noqa: S608
    return _sum((*row, 0.0))


def minutes_of(folder: Path) -> float:
    """Minutes that a run has taken, over all sessions.

    Raises:
        StorageError: there is no journal, or it cannot be read.
    """
    rows = _rows(folder, "SELECT value FROM meta WHERE name='elapsed_s'")
    return float(rows[0][0]) / 60 if rows else 0.0


def _rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    path = folder / JOURNAL_NAME
    with closing(open_for_reading(path)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.Error as error:
            raise sqlite_trouble(error, path) from error


def _sum(row: tuple[Any, ...]) -> Sum:
    *counts, usd, unpriced, seconds = row
    calls, tokens_in, tokens_out, cached, reasoning = map(int, counts)
    return Sum(calls, tokens_in, tokens_out, cached, reasoning, float(usd), int(unpriced), float(seconds))
