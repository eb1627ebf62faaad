"""From a journal of version 1 to the present tables, in one transaction: whatever interrupts it leaves the old file."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from ..requests import Decoding, Request, Turn
from .journal_file import Transaction, damaged, lay_tables
from .packing import PackingError, unpack_old_outcome
from .rows import ATTEMPT_COLUMNS, CALL_COLUMNS, Finished, attempt_row, call_row, key_in
from .texts import Texts

__all__ = ["OLD_ATTEMPTS", "OLD_CALL_COLUMNS", "migrate", "old_attempt", "old_finished"]

OLD_CALL_COLUMNS = ("key", "stage", "place", "role", "endpoint", "model", "mark", "request", "outcome")
"""What is read of a call of version 1; its other columns said again what is in the outcome."""
OLD_ATTEMPTS = (
    "SELECT a.id AS id, a.key AS key, a.endpoint AS endpoint, a.role AS role, a.stage AS stage,"
    " COALESCE(c.model, '') AS model, '' AS replica, a.ended AS ended, a.input_tokens AS input_tokens,"
    " a.output_tokens AS output_tokens, a.cached_tokens AS cached_tokens, a.reasoning_tokens AS reasoning_tokens,"
    " a.cost AS cost, CASE WHEN a.ended = c.kind THEN c.seconds ELSE 0.0 END AS seconds"
    " FROM {attempts} a LEFT JOIN {calls} c ON c.key = a.key ORDER BY a.id"
)
"""The old tables did not say which model an attempt was for; the call that it finished does."""


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring a journal of version 1 to the present one. Does nothing to a newer one.

    Raises:
        StorageError: a record is damaged; nothing was changed.
        sqlite3.Error: the file cannot be read or written; nothing was changed.
    """
    if connection.execute("PRAGMA user_version").fetchone()[0] != 1:
        return
    with Transaction(connection):
        connection.execute("ALTER TABLE calls RENAME TO old_calls")
        connection.execute("ALTER TABLE attempts RENAME TO old_attempts")
        lay_tables(connection)
        texts = Texts(connection)
        marks = ",".join("?" * len(CALL_COLUMNS))
        insert = f"INSERT INTO calls ({','.join(CALL_COLUMNS)}) VALUES ({marks})"  # noqa: S608
        try:
            for finished in _old_calls(connection):
                new: list[tuple[Any, ...]] = []
                row = call_row(finished, texts.pack(finished.request, new))
                connection.executemany("INSERT INTO prompts (id, digest, text, crc) VALUES (?,?,?,?)", new)
                connection.execute(insert, row)
        except PackingError as error:
            raise damaged(path, str(error)) from error
        marks = ",".join("?" * len(ATTEMPT_COLUMNS))
        connection.executemany(
            f"INSERT INTO attempts ({','.join(ATTEMPT_COLUMNS)}) VALUES ({marks})",  # noqa: S608
            map(old_attempt, connection.execute(OLD_ATTEMPTS.format(calls="old_calls", attempts="old_attempts"))),
        )
        connection.execute("DROP TABLE old_calls")
        connection.execute("DROP TABLE old_attempts")


def _old_calls(connection: sqlite3.Connection) -> Iterator[Finished]:
    for row in connection.execute(f"SELECT {','.join(OLD_CALL_COLUMNS)} FROM old_calls ORDER BY rowid"):  # noqa: S608
        yield old_finished(row)


def old_finished(row: tuple[Any, ...]) -> Finished:
    """A call of version 1.

    Args:
        row: of `OLD_CALL_COLUMNS`.

    Raises:
        PackingError: it is damaged; the message names it.
    """
    key, stage, place, role, endpoint, model, mark, packed, outcome = row
    try:
        asked = cast("dict[str, Any]", json.loads(zlib.decompress(packed)))
        turns = tuple(Turn(speaker, text) for speaker, text in asked["turns"])
        decoding = Decoding(**(asked["decoding"] | {"stop": tuple(asked["decoding"]["stop"])}))
        request = Request(endpoint, model, turns, decoding, asked["sample"], role, place, stage)
        return Finished(key, request, unpack_old_outcome(outcome), mark)
    except (zlib.error, ValueError, TypeError, KeyError) as error:
        raise PackingError(f"the record {str(key)[:12]} cannot be read") from error


def old_attempt(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """An attempt of version 1 (a row of `OLD_ATTEMPTS`) in the present columns."""
    number, key, *names = row[:7]
    return attempt_row(number, (key_in(key), *names), row[7:])
