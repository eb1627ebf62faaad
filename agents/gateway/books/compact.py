"""A journal written anew: every whole record, each text once. The old file stays until the new one is whole."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import StorageError
from .journal_file import (
    JOURNAL_NAME,
    SQLITE_ERRORS,
    FileLock,
    Transaction,
    damaged,
    lay_tables,
    open_for_writing,
    os_trouble,
    sqlite_trouble,
)
from .migration import migrate
from .rows import ATTEMPT_COLUMNS, CALL_COLUMNS, Finished, attempt_row, call_crc, call_row
from .salvage import Salvage, Verdict, verify
from .texts import Texts, renumbered

__all__ = ["DAMAGED_NAME", "Compacted", "compact"]

DAMAGED_NAME = f"{JOURNAL_NAME}.damaged"
_PART = f"{JOURNAL_NAME}.part"

_CALL = (
    f"INSERT INTO calls ({','.join(CALL_COLUMNS)}) VALUES ({','.join('?' * len(CALL_COLUMNS))})"  # noqa: S608
    # A row that was found twice: a call is only ever booked on an earlier place than before.
    " ON CONFLICT (key) DO UPDATE SET stage = excluded.stage, place = excluded.place, role = excluded.role"
    " WHERE (excluded.stage, excluded.place) < (stage, place)"
)
_ATTEMPT = (
    f"INSERT INTO attempts ({','.join(ATTEMPT_COLUMNS)}) VALUES ({','.join('?' * len(ATTEMPT_COLUMNS))})"  # noqa: S608
    f" ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in ATTEMPT_COLUMNS[7:])}"
    " WHERE attempts.ended = ''"
)
_UNTOLD = (
    "SELECT key, endpoint, role, stage, model, replica, kind, input_tokens, output_tokens, cached_tokens,"
    " reasoning_tokens, cost, seconds FROM calls"
    " WHERE reused_from = '' AND key NOT IN (SELECT key FROM attempts) ORDER BY id LIMIT ?"
)
_CRC, _REQUEST = CALL_COLUMNS.index("crc"), CALL_COLUMNS.index("request")


@dataclass(frozen=True, slots=True)
class Compacted:
    """What became of a journal.

    Args:
        before: how it stood.
        calls: records in the new file.
        size: bytes of the new file.
        kept: the damaged file, where there was damage.
    """

    before: Verdict
    calls: int
    size: int
    kept: Path | None


def compact(folder: Path, *, salvage: bool = False) -> Compacted:
    """Write the journal of a run anew.

    Args:
        folder: of the run; nobody may be at work on it.
        salvage: also where the journal is damaged: what is whole is kept, the damaged file too, under another name.

    Raises:
        StorageError: the run is in use, there is no journal, it is damaged and `salvage` is not said, or the disk is
            full. The old file is then as it was.
    """
    path = folder / JOURNAL_NAME
    if not path.is_file():
        raise StorageError(f"There is no journal {path}.", fix="Check the path of the run.")
    with FileLock(folder):
        _undo(folder)
        before = verify(path)
        if before.damaged and not salvage:
            raise damaged(path, f"{before.calls} calls are whole")
        if not before.damaged:
            _fold(path)
        part = folder / _PART
        try:
            calls = _write(path, part)
            _sync(part)
            size = part.stat().st_size
            kept = _keep(folder) if before.damaged else None
            part.replace(path)
            _sync(folder)
        except SQLITE_ERRORS as error:
            raise sqlite_trouble(error, part) from error
        except OSError as error:
            raise os_trouble(error, folder) from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)
    return Compacted(before, calls, size, kept)


def _fold(path: Path) -> None:
    """Bring a whole journal up to date and its log into the file, so that no log is left beside the new one."""
    with closing(open_for_writing(path, power_safe=True)) as connection:
        try:
            migrate(connection, path)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except SQLITE_ERRORS as error:
            raise sqlite_trouble(error, path) from error


def _write(path: Path, part: Path) -> int:
    """All whole records of one file into another. Its number of calls."""
    part.unlink(missing_ok=True)
    with closing(sqlite3.connect(part, isolation_level=None)) as new, Salvage(path) as old:
        # Nothing depends on this file before it takes the other's place, and then it is on the disk.
        new.execute("PRAGMA journal_mode=OFF")
        new.execute("PRAGMA synchronous=OFF")
        with Transaction(new):
            lay_tables(new)
            new.execute("CREATE TEMP TABLE moved (old INTEGER PRIMARY KEY, new INTEGER NOT NULL)")
            new.execute("CREATE TEMP TABLE known (digest BLOB PRIMARY KEY, id INTEGER NOT NULL) WITHOUT ROWID")
            new.execute("CREATE TEMP TABLE used (id INTEGER PRIMARY KEY)")
            _move_texts(new, old)
            _move_calls(new, old)
            new.execute("DELETE FROM prompts WHERE id NOT IN (SELECT id FROM used)")
            _move_attempts(new, old)
            new.execute("UPDATE meta SET value=? WHERE name='elapsed_s'", (old.elapsed(),))
            calls = int(new.execute("SELECT COUNT(*) FROM calls").fetchone()[0])
        new.execute("VACUUM")
    return calls


def _move_texts(new: sqlite3.Connection, old: Salvage) -> None:
    """Each text once; `moved` says which number stands for an old one."""
    for row in old.prompts():
        if row is None:
            continue
        number, digest = row[0], row[1]
        new.execute("INSERT OR IGNORE INTO known VALUES (?, ?)", (digest, number))
        first = new.execute("SELECT id FROM known WHERE digest=?", (digest,)).fetchone()[0]
        if first == number:
            new.execute("INSERT OR IGNORE INTO prompts VALUES (?,?,?,?)", row)
        new.execute("INSERT OR REPLACE INTO moved VALUES (?, ?)", (number, first))


def _move_calls(new: sqlite3.Connection, old: Salvage) -> None:
    texts: Texts | None = None

    def number_of(number: int) -> int | None:
        found = new.execute("SELECT new FROM moved WHERE old=?", (number,)).fetchone()
        if found is not None:
            new.execute("INSERT OR IGNORE INTO used VALUES (?)", found)
        return None if found is None else int(found[0])

    for call in old.calls():
        if isinstance(call, Finished):
            texts = texts or Texts(new)
            added: list[tuple[Any, ...]] = []
            new.execute(_CALL, call_row(call, texts.pack(call.request, added)))
            new.executemany("INSERT INTO prompts VALUES (?,?,?,?)", added)
            new.executemany("INSERT INTO used VALUES (?)", [row[:1] for row in added])
        elif call is not None:
            request = renumbered(call[_REQUEST], number_of)
            row = (*call[:_REQUEST], request, *call[_REQUEST + 1 :])
            new.execute(_CALL, (*row[:_CRC], call_crc(row), *row[_REQUEST:]))


def _move_attempts(new: sqlite3.Connection, old: Salvage) -> None:
    """Attempts, and for those that are lost what the calls themselves say: what was spent stays counted."""
    for attempt in old.attempts():
        if attempt is not None:
            new.execute(_ATTEMPT, attempt)
    count, last = new.execute("SELECT COUNT(*), COALESCE(MAX(id), 0) FROM attempts").fetchone()
    lost = old.known["attempts"] - count
    for key, endpoint, role, stage, model, replica, *ending in new.execute(_UNTOLD, (max(0, lost),)).fetchall():
        last += 1
        new.execute(_ATTEMPT, attempt_row(last, (key, endpoint, role, stage, model, replica), ending))


def _keep(folder: Path) -> Path:
    """The damaged file, and its log, under names that nobody opens; the journal's own name is never without a file."""
    path = folder / JOURNAL_NAME
    kept, number = folder / DAMAGED_NAME, 1
    while kept.exists():
        number += 1
        kept = folder / f"{DAMAGED_NAME}-{number}"
    try:
        os.link(path, kept)
    except OSError:  # not every drive knows second names
        shutil.copyfile(path, kept)
    log = path.with_name(f"{path.name}-wal")
    if log.exists():
        # A log is read into whatever file lies beside it, so the old one must be gone before the new file comes.
        log.replace(kept.with_name(f"{kept.name}-wal"))
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)
    return kept


def _undo(folder: Path) -> None:
    """A death between putting the damaged file aside and putting the new one in its place: as it was before."""
    path = folder / JOURNAL_NAME
    for kept in folder.glob(f"{DAMAGED_NAME}*"):
        if not kept.name.endswith("-wal") and kept.samefile(path):
            log = kept.with_name(f"{kept.name}-wal")
            if log.exists():
                log.replace(path.with_name(f"{path.name}-wal"))
            kept.unlink()


def _sync(path: Path) -> None:
    number = os.open(path, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
