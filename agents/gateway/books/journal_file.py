"""The file of the journal: its tables, how it is opened and locked, and what its errors mean to a person."""

from __future__ import annotations

import errno
import fcntl
import os
import shlex
import sqlite3
from pathlib import Path
from types import TracebackType

from ..errors import RunInUse, StorageError
from .drives import MOUNTS, network_drive
from .held import HELD

__all__ = [
    "BUSY_MS", "JOURNAL_NAME", "SQLITE_ERRORS", "VERSION", "FileLock", "Transaction", "damaged", "is_busy",
    "lay_tables", "open_for_reading", "open_for_writing", "os_trouble", "sqlite_trouble", "version_of",
]  # fmt: skip

JOURNAL_NAME = "journal.sqlite"
VERSION = 2
BUSY_MS = 30_000
# Looked through at every opening, where that takes no time worth mentioning.
_CHECKED_BYTES = 32 * 2**20

_TABLES = """
CREATE TABLE calls (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, stage TEXT NOT NULL, place TEXT NOT NULL, role TEXT NOT NULL,
    endpoint TEXT NOT NULL, model TEXT NOT NULL, kind TEXT NOT NULL, input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL,
    estimated INTEGER NOT NULL, cost REAL, seconds REAL NOT NULL, mark TEXT NOT NULL, served_model TEXT NOT NULL,
    fingerprint TEXT NOT NULL, replica TEXT NOT NULL, fallback TEXT NOT NULL, reused_from TEXT NOT NULL,
    crc INTEGER NOT NULL, request BLOB NOT NULL, outcome BLOB NOT NULL
);
CREATE TABLE prompts (id INTEGER PRIMARY KEY, digest BLOB NOT NULL, text BLOB NOT NULL, crc INTEGER NOT NULL);
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY, key BLOB NOT NULL, endpoint TEXT NOT NULL, role TEXT NOT NULL, stage TEXT NOT NULL,
    model TEXT NOT NULL, replica TEXT NOT NULL, ended TEXT NOT NULL, input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL, cached_tokens INTEGER NOT NULL, reasoning_tokens INTEGER NOT NULL, cost REAL,
    seconds REAL NOT NULL, crc INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value REAL NOT NULL);
INSERT OR IGNORE INTO meta VALUES ('elapsed_s', 0);
"""


SQLITE_ERRORS: tuple[type[Exception], ...] = (sqlite3.Error, UnicodeDecodeError)
"""What the module raises; the second where SQLite's own message repeats damaged bytes."""


def sqlite_trouble(error: Exception, path: Path) -> StorageError:
    """Say in one sentence what SQLite says in a code, and what to do."""
    name = getattr(error, "sqlite_errorname", "") or ""
    for start, problem, fix in (
        ("SQLITE_FULL", "cannot grow: the disk is full.", "Free some space, then resume: nothing finished is lost."),
        ("SQLITE_READONLY", "cannot be written: the file or its folder is read-only.", "Make the folder writable."),
        ("SQLITE_NOTADB", "is damaged: it is not a journal.", _salvage(path)),
        ("SQLITE_CORRUPT", "is damaged.", _salvage(path)),
        ("SQLITE_BUSY", "is locked by another program.", "Close what has it open, then try again."),
        ("SQLITE_CANTOPEN", "cannot be opened.", "Check that the folder exists and may be read and written."),
        ("SQLITE_IOERR", "cannot be written or read: the disk is full or failing.", "Check the disk, then resume."),
    ):
        if name.startswith(start):
            return StorageError(f"The journal {path} {problem}", fix=fix)
    if isinstance(error, UnicodeDecodeError):
        return damaged(path)
    return StorageError(f"The journal {path} cannot be used: {error}.", fix=_salvage(path))


def is_busy(error: Exception) -> bool:
    """Whether somebody else holds the file now."""
    return (getattr(error, "sqlite_errorname", "") or "").startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))


def damaged(path: Path, what: str = "") -> StorageError:
    """A part of the file is not what was written; the rest can be saved."""
    return StorageError(f"The journal {path} is damaged{f': {what}' if what else ''}.", fix=_salvage(path))


def _salvage(path: Path) -> str:
    run = shlex.quote(str(path.parent))
    return f"`autoevol journal compact {run} --salvage` keeps all that is whole; only the rest is called again."


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

    def __init__(self, folder: Path) -> None:
        self._path = folder.resolve() / "journal.lock"
        if self._path in HELD:
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
            if error.errno not in {errno.EACCES, errno.EAGAIN}:
                raise StorageError(
                    f"The folder {folder} cannot lock files: {error.strerror}.", fix="Put the run on another drive."
                ) from error
            raise self._taken(holder) from error
        try:
            self._file.truncate(0)
            self._file.write(str(os.getpid()))
            self._file.flush()
        except OSError as error:
            self._file.close()
            raise os_trouble(error, folder) from error
        HELD.add(self._path)

    def _taken(self, holder: str) -> RunInUse:
        who = f"process {holder}" if holder.isdecimal() else "another process"
        return RunInUse(f"The run {self._path.parent} is in use by {who}.", fix="Wait until it has ended, or stop it.")

    def close(self) -> None:
        """Let go. The file stays: removing it would let two processes lock two files of one name."""
        HELD.discard(self._path)
        self._file.close()

    def __enter__(self) -> FileLock:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def open_for_writing(path: Path, *, power_safe: bool, mounts: Path = MOUNTS) -> sqlite3.Connection:
    """Open the journal, or make it; the tables of an older version are left for `migrate`.

    A write-ahead log needs memory that all who have the file open share, which a network drive does not give: there the
    journal keeps a rollback journal instead. It is slower, because each commit waits for the drive, but one writer with
    many readers are safe wherever the drive locks files, and that is known by now: `FileLock` holds one there.

    Args:
        path: the file.
        power_safe: wait for the disk at every commit, so that even a loss of power loses nothing.
        mounts: the kernel's list of mounts.

    Raises:
        StorageError: it cannot be made or written, is damaged, or comes from a newer version.
    """
    try:
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=32)
    except SQLITE_ERRORS as error:
        raise sqlite_trouble(error, path) from error
    try:
        connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        _check_size(connection, path)
        _choose_log(connection, local=network_drive(path, mounts) is None)
        connection.execute(f"PRAGMA synchronous={'FULL' if power_safe else 'NORMAL'}")
        # Keys come in no order, so that their index is touched everywhere: half a million of them fit.
        connection.execute("PRAGMA cache_size=-16384")
        if version_of(connection, path) == 0:
            with Transaction(connection):
                lay_tables(connection)
        _check(connection, path)
    except SQLITE_ERRORS as error:
        connection.close()
        raise sqlite_trouble(error, path) from error
    except BaseException:
        connection.close()
        raise
    return connection


class Transaction:
    """All of it or nothing."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None:
            self._connection.execute("COMMIT")
        elif self._connection.in_transaction:
            self._connection.rollback()


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open a journal without changing it, also while a run writes it, also in a folder that is read-only.

    Raises:
        StorageError: it is not there, was never begun, is damaged, or comes from a newer version.
    """
    if not path.is_file():
        raise StorageError(f"There is no journal {path}.", fix="Check the path of the run.")
    # Beside a writer SQLite needs its -shm file; where the folder is read-only and no -wal is left there is no writer.
    alone = not path.with_name(f"{path.name}-wal").exists() and not os.access(path.parent, os.W_OK)
    address = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if alone else ''}"
    try:
        connection = sqlite3.connect(address, uri=True, isolation_level=None)
        try:
            connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            _check_size(connection, path)
            if version_of(connection, path) == 0:
                raise StorageError(
                    f"The journal {path} was never begun: it holds no table.", fix="Resume the run, or start a new one."
                )
            connection.execute("SELECT COUNT(*) FROM (SELECT 1 FROM calls LIMIT 1)").fetchone()
        except BaseException:
            connection.close()
            raise
    except SQLITE_ERRORS as error:
        raise sqlite_trouble(error, path) from error
    return connection


def lay_tables(connection: sqlite3.Connection) -> None:
    """Make the tables, inside a transaction."""
    for statement in _TABLES.split(";"):
        if statement.strip():
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version={VERSION}")


def version_of(connection: sqlite3.Connection, path: Path) -> int:
    """Which version of tables the file has; 0 for none yet.

    Raises:
        StorageError: it comes from a newer version, or is a data base of something else.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > VERSION:
        raise StorageError(f"The journal {path} was written by a newer AutoEvol.", fix="Update AutoEvol to open it.")
    names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    ours = names >= {"calls", "attempts", "meta"}
    if version == 0 and ours:
        raise damaged(path, "it does not say its version")
    if version == 0 and names:
        raise StorageError(f"{path} is no journal, but a data base of something else.", fix="Move it away.")
    if version and not ours:
        raise damaged(path, "tables are missing")
    return version


def _choose_log(connection: sqlite3.Connection, *, local: bool) -> None:
    if local:
        connection.execute("PRAGMA journal_mode=WAL")
        return
    # A file that was moved here with its write-ahead log can only be read where nobody else wants to.
    connection.execute("PRAGMA locking_mode=EXCLUSIVE")
    connection.execute("PRAGMA journal_mode=TRUNCATE")
    connection.execute("PRAGMA locking_mode=NORMAL")


def _check_size(connection: sqlite3.Connection, path: Path) -> None:
    """A file that was cut short is not noticed by SQLite before it wants a page that is not there."""
    pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    # In this order: a writer may fold its log meanwhile, and then the file has grown before the log is empty.
    log = path.with_name(f"{path.name}-wal")
    unfolded = log.exists() and log.stat().st_size
    if not unfolded and path.stat().st_size < pages * size:
        raise damaged(path, "its end is missing")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if path.stat().st_size <= _CHECKED_BYTES and connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise damaged(path)
