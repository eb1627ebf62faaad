"""The file of the journal: its tables, how it is opened and locked, and what its errors mean to a person."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
from pathlib import Path
from types import TracebackType

from ..errors import StorageError

__all__ = ["JOURNAL_NAME", "FileLock", "open_for_reading", "open_for_writing", "os_trouble", "sqlite_trouble"]

JOURNAL_NAME = "journal.sqlite"
_VERSION = 1
_BUSY_MS = 30_000
# Looked through at every opening, where that takes no time worth mentioning.
_CHECKED_BYTES = 32 * 2**20

_TABLES = """
CREATE TABLE calls (
    key TEXT PRIMARY KEY, stage TEXT NOT NULL, place TEXT NOT NULL, role TEXT NOT NULL, endpoint TEXT NOT NULL,
    model TEXT NOT NULL, kind TEXT NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL, cost REAL, seconds REAL NOT NULL,
    mark TEXT NOT NULL, request BLOB NOT NULL, outcome BLOB NOT NULL
);
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, endpoint TEXT NOT NULL, role TEXT NOT NULL, stage TEXT NOT NULL,
    ended TEXT NOT NULL, input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL, cost REAL
);
CREATE TABLE meta (name TEXT PRIMARY KEY, value REAL NOT NULL);
INSERT INTO meta VALUES ('elapsed_s', 0);
"""


def sqlite_trouble(error: sqlite3.Error, path: Path) -> StorageError:
    """Say in one sentence what SQLite says in a code, and what to do."""
    name = getattr(error, "sqlite_errorname", "") or ""
    for start, problem, fix in (
        ("SQLITE_FULL", "cannot grow: the disk is full.", "Free some space, then resume: nothing finished is lost."),
        ("SQLITE_READONLY", "cannot be written: the file or its folder is read-only.", "Make the folder writable."),
        ("SQLITE_NOTADB", "is damaged: it is not a journal.", "Restore the file from a copy, or start a new run."),
        ("SQLITE_CORRUPT", "is damaged.", "Restore the file from a copy, or start a new run."),
        ("SQLITE_BUSY", "is locked by another program.", "Close what has it open, then try again."),
        ("SQLITE_CANTOPEN", "cannot be opened.", "Check that the folder exists and may be read and written."),
        ("SQLITE_IOERR", "cannot be written or read: the disk is full or failing.", "Check the disk, then resume."),
    ):
        if name.startswith(start):
            return StorageError(f"The journal {path} {problem}", fix=fix)
    return StorageError(f"The journal {path} cannot be used: {error}.", fix="Restore the file, or start a new run.")


def os_trouble(error: OSError, path: Path) -> StorageError:
    """The same for an error of the operating system."""
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return StorageError(f"The folder {path} cannot be written: it is read-only.", fix="Make it writable.")
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return StorageError(f"The disk that holds {path} is full.", fix="Free some space, then resume.")
    return StorageError(f"The folder {path} cannot be used: {error.strerror}.", fix="Check the path, or take another.")


class FileLock:
    """One process, one gateway in it, holds a run. The lock ends with the process, however it ends.

    A record lock, because a forked child (an engine, say) does not inherit it and so cannot keep it after our death.

    Raises:
        StorageError: somebody else holds the run, or the folder cannot be written.
    """

    _held: set[Path] = set()  # noqa: RUF012 - a record lock does not keep out its own process, so this does

    def __init__(self, folder: Path) -> None:
        self._path = folder.resolve() / "journal.lock"
        if self._path in self._held:
            raise self._taken(str(os.getpid()))
        try:
            self._file = self._path.open("a+")
        except OSError as error:
            raise os_trouble(error, folder) from error
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            holder = self._file.read(20).strip()
            self._file.close()
            raise self._taken(holder) from error
        try:
            self._file.truncate(0)
            self._file.write(str(os.getpid()))
            self._file.flush()
        except OSError as error:
            self._file.close()
            raise os_trouble(error, folder) from error
        self._held.add(self._path)

    def _taken(self, holder: str) -> StorageError:
        who = f"process {holder}" if holder.isdecimal() else "another process"
        return StorageError(
            f"The run {self._path.parent} is in use by {who}.", fix="Wait until it has ended, or stop it."
        )

    def close(self) -> None:
        """Let go. The file stays: removing it would let two processes lock two files of one name."""
        self._held.discard(self._path)
        self._file.close()

    def __enter__(self) -> FileLock:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def open_for_writing(path: Path, *, power_safe: bool) -> sqlite3.Connection:
    """Open the journal, or make it.

    Args:
        path: the file.
        power_safe: wait for the disk at every commit, so that even a loss of power loses nothing.

    Raises:
        StorageError: it cannot be made or written, is damaged, or comes from a newer version.
    """
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=32)
    except sqlite3.Error as error:
        raise sqlite_trouble(error, path) from error
    try:
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if power_safe else 'NORMAL'}")
        _lay_tables(connection, path)
        _check(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise sqlite_trouble(error, path) from error
    except StorageError:
        connection.close()
        raise
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a journal without changing it, also while a run writes it, also in a folder that is read-only.

    Raises:
        StorageError: it is not there, is damaged, or comes from a newer version.
    """
    if not path.is_file():
        raise StorageError(f"There is no journal {path}.", fix="Check the path of the run.")
    # Beside a writer SQLite needs its -shm file; where the folder is read-only and no -wal is left there is no writer.
    alone = not path.with_name(f"{path.name}-wal").exists() and not os.access(path.parent, os.W_OK)
    address = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
    try:
        connection = sqlite3.connect(address, uri=True, isolation_level=None)
        try:
            connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
            _check_version(connection, path)
            connection.execute("SELECT COUNT(*) FROM (SELECT 1 FROM calls LIMIT 1)").fetchone()
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise sqlite_trouble(error, path) from error
    return connection


def _lay_tables(connection: sqlite3.Connection, path: Path) -> None:
    _check_version(connection, path)
    if connection.execute("PRAGMA user_version").fetchone()[0] == _VERSION:
        return
    connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version={_VERSION}; COMMIT;")


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > _VERSION:
        raise StorageError(f"The journal {path} was written by a newer AutoEvol.", fix="Update AutoEvol to open it.")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if path.stat().st_size <= _CHECKED_BYTES and connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise StorageError(f"The journal {path} is damaged.", fix="Restore the file from a copy, or start a new run.")
