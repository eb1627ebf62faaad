"""The one writer of the journal: all that was ordered in a turn of the event loop goes into one transaction.

A commit into the write-ahead log is a write without waiting for the disk: about a tenth of a millisecond. So it is
done right in the event loop. A thread beside a busy loop has to win the interpreter's lock back after every statement:
measured at 200 calls in flight, 220 µs of processor time a call and 40 ms of waiting, against 90 µs and 15 ms. What can
take long goes to a thread: folding the log into the file, every commit where the disk is waited for (`power_safe`, a
network drive) or another program holds the file, and all of them once one was slow.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import StorageError
from .journal_file import BUSY_MS, SQLITE_ERRORS, is_busy, os_trouble, sqlite_trouble
from .rows import ATTEMPT_COLUMNS, CALL_COLUMNS

__all__ = ["Group", "Writer"]

_HEARTBEAT_S = 5.0
_ELAPSED_S = 1.0
_SLOW_S = 0.25
_FOLD_BYTES = 16 * 2**20
_FOLD_EVERY = 16
_FOLD_BUSY_MS = 200

_ATTEMPT = f"INSERT INTO attempts ({','.join(ATTEMPT_COLUMNS)}) VALUES ({','.join('?' * len(ATTEMPT_COLUMNS))})"  # noqa: S608
_CLOSING = (
    "UPDATE attempts SET ended=?, input_tokens=?, output_tokens=?, cached_tokens=?, reasoning_tokens=?, cost=?,"
    " seconds=?, crc=? WHERE id=?"
)
_TEXT = "INSERT INTO prompts (id, digest, text, crc) VALUES (?,?,?,?)"
_CALL = f"INSERT OR IGNORE INTO calls ({','.join(CALL_COLUMNS)}) VALUES ({','.join('?' * len(CALL_COLUMNS))})"  # noqa: S608
_REBOOK = "UPDATE calls SET stage=?, place=?, role=? WHERE key=? AND (stage, place) > (?, ?)"
_ELAPSED = "UPDATE meta SET value=? WHERE name='elapsed_s'"


@dataclass(slots=True)
class Group:
    """What is written in one transaction, in this order, and who waits for it."""

    attempts: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    closings: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    texts: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    calls: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    rebooks: list[tuple[Any, ...]] = field(default_factory=list[tuple[Any, ...]])
    waiters: list[asyncio.Future[None]] = field(default_factory=list[asyncio.Future[None]])

    def run(self, connection: sqlite3.Connection) -> None:
        """Do it, inside a transaction."""
        for statement, rows in (
            (_ATTEMPT, self.attempts), (_CLOSING, self.closings), (_TEXT, self.texts), (_CALL, self.calls),
            (_REBOOK, self.rebooks),
        ):  # fmt: skip
            if rows:
                connection.executemany(statement, rows)

    def tell(self, broken: StorageError | None) -> None:
        """Let those who wait go on. Called in the thread of their event loop."""
        for waiter in self.waiters:
            if waiter.done():
                continue
            if broken is None:
                waiter.set_result(None)
            else:
                # A copy for each: one exception raised in many tasks would mix their tracebacks.
                waiter.set_exception(StorageError(broken.problem, fix=broken.fix))


class Writer:
    """Writes groups, one after the other.

    Args:
        path: the journal.
        connection: to it, with no time to wait for locks; this writer's own.
        inline: whether commits are quick enough for the event loop.
        elapsed: seconds that the run has taken by now; written along.
    """

    def __init__(
        self, path: Path, connection: sqlite3.Connection, elapsed: Callable[[], float], *, inline: bool
    ) -> None:
        self._path = path
        self._log = path.with_name(f"{path.name}-wal")
        self._inode = path.stat().st_ino
        self._connection = connection
        self._elapsed = elapsed
        self._inline = inline
        self._pending = Group()
        self._out: Group | None = None  # the group that the thread has in hand
        self._folding = self._paused = self._closed = False
        self._fold_at = _FOLD_BYTES
        self._groups = 0
        self._hand = ThreadPoolExecutor(1, "journal")
        self._broken: StorageError | None = None
        self._beat: asyncio.TimerHandle | None = None
        self._written = self._said_elapsed = 0.0
        if inline:
            connection.execute("PRAGMA wal_autocheckpoint=0")

    def open_group(self) -> Group:
        """The group that is written next; what is put into it must be awaited with `committed`.

        Raises:
            StorageError: the journal has failed before.
        """
        if self._broken is not None:
            raise StorageError(self._broken.problem, fix=self._broken.fix)
        return self._pending

    async def committed(self) -> None:
        """Wait until what was put into the open group is durable.

        Raises:
            StorageError: it could not be written.
        """
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        if not self._pending.waiters:
            # Two turns later, so that others who wake in the same turn are in the same transaction.
            loop.call_soon(loop.call_soon, self._flush)
            if self._beat is None:
                self._beat = loop.call_later(_HEARTBEAT_S, self._heartbeat, loop)
        self._pending.waiters.append(waiter)
        await waiter

    def close(self) -> None:
        """Write what still waits, fold the log into the file, let go of everything."""
        if self._beat is not None:
            self._beat.cancel()
        self._closed = True  # what the thread has called back by now comes too late
        self._hand.shutdown(wait=True)
        if self._out is not None:
            self._out.tell(self._broken)
            self._out = None
        group, self._pending = self._pending, Group()
        self._said_elapsed = 0.0
        self._write(group, patient=True)
        group.tell(self._broken)
        if self._broken is None:
            with suppress(sqlite3.Error):  # what it would have folded is in the log, and is read from there
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.close()

    # ------------------------------------------------------------ in the event loop

    def _flush(self) -> None:
        if self._out is not None or self._paused or self._closed or not self._pending.waiters:
            return
        group, self._pending = self._pending, Group()
        began = time.perf_counter()
        if not self._inline or not self._write(group, patient=False):
            self._send_away(group)
            return
        group.tell(self._broken)
        if time.perf_counter() - began > _SLOW_S:
            self._be_slow()
            return
        self._groups += 1
        if self._groups % _FOLD_EVERY == 0 and not self._folding and self._log_size() > self._fold_at:
            self._folding = True
            self._hand.submit(self._fold_beside, asyncio.get_running_loop())

    def _send_away(self, group: Group) -> None:
        self._out = group
        self._hand.submit(self._write_away, group, asyncio.get_running_loop())

    def _came_back(self, group: Group) -> None:
        self._out = None
        group.tell(self._broken)
        self._flush()

    def _be_slow(self) -> None:
        """From now on the thread writes: the event loop has other things to do than to wait for this disk."""
        self._inline = False
        self._connection.execute("PRAGMA wal_autocheckpoint=1000")

    def _heartbeat(self, loop: asyncio.AbstractEventLoop) -> None:
        """Keep the time on record also while nothing is written."""
        self._beat = loop.call_later(_HEARTBEAT_S, self._heartbeat, loop)
        if time.monotonic() - self._written > _HEARTBEAT_S and self._out is None and not self._paused:
            if self._inline:
                self._write(Group(), patient=False)
            else:
                self._send_away(Group())

    def _pause(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._closed:
            return
        self._paused = True
        self._hand.submit(self._fold_rest, loop)

    def _go_on(self) -> None:
        self._paused = self._folding = False
        size = self._log_size()
        # A reader of an older state keeps the log from being cut; then it grows by another piece first.
        self._fold_at = size + _FOLD_BYTES
        self._flush()

    def _log_size(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:
            return 0

    # ------------------------------------------------------------ in either

    def _write(self, group: Group, *, patient: bool) -> bool:
        """One transaction. False where another program holds the file, and nothing was done."""
        if self._broken is not None:
            return True
        try:
            self._still_there()
            if patient:
                self._connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            self._connection.execute("BEGIN IMMEDIATE")
            group.run(self._connection)
            now = time.monotonic()
            if now - self._said_elapsed >= _ELAPSED_S:
                self._connection.execute(_ELAPSED, (self._elapsed(),))
                self._said_elapsed = now
            self._connection.execute("COMMIT")
            self._written = now
        except SQLITE_ERRORS as error:
            if is_busy(error) and not patient:
                return False
            self._broken = sqlite_trouble(error, self._path)
        except OSError as error:
            self._broken = os_trouble(error, self._path.parent)
        except (ValueError, OverflowError) as error:
            # SQLite takes no number past 64 bits and no text that is not Unicode. Rows are made so that it never comes
            # to that; should it, those who wait must hear of it rather than wait for ever.
            self._broken = StorageError(f"The journal {self._path} cannot hold a record: {error}.")
        finally:
            self._roll_back()
            if patient:
                self._connection.execute("PRAGMA busy_timeout=0")
        return True

    def _roll_back(self) -> None:
        """Leave no transaction open, whatever ended it: an interrupt of the person too."""
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.rollback()

    def _still_there(self) -> None:
        """An open file can be written after it was removed; that would be durable for nobody."""
        if self._path.stat().st_ino != self._inode:
            raise FileNotFoundError(2, "the journal was replaced by another file")

    # ------------------------------------------------------------ in the thread

    def _write_away(self, group: Group, loop: asyncio.AbstractEventLoop) -> None:
        self._write(group, patient=True)
        _call(loop, self._came_back, group)

    def _fold_beside(self, loop: asyncio.AbstractEventLoop) -> None:
        """Most of the log, while the event loop goes on writing to its end."""
        self._fold("PASSIVE")
        _call(loop, self._pause, loop)

    def _fold_rest(self, loop: asyncio.AbstractEventLoop) -> None:
        """What came since, while nothing is written; then the log begins anew."""
        self._fold("TRUNCATE")
        _call(loop, self._go_on)

    def _fold(self, how: str) -> None:
        address = f"{self._path.resolve().as_uri()}?mode=rw"
        # What goes wrong here goes wrong again at the next commit, and is said there.
        with suppress(sqlite3.Error), closing(sqlite3.connect(address, uri=True, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA busy_timeout={_FOLD_BUSY_MS}")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(f"PRAGMA wal_checkpoint({how})")


def _call(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: Any) -> None:
    with suppress(RuntimeError):  # the loop is closed, and `close` sees to the rest
        loop.call_soon_threadsafe(function, *arguments)
