"""Every finished call, durably, before anyone uses its answer (design, law 2); and every attempt, before it is sent.

One thread writes, in group commits: it takes all that waits into one transaction, and each of those who wait goes on
after the commit. Reads are point lookups on a connection of their own, which in WAL mode never waits for the writer.
An attempt that has no end on opening was cut off by a death: it stays counted at what was set aside for it.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from ..errors import StorageError
from ..outcomes import Answer, Outcome
from ..requests import Request
from .journal_file import JOURNAL_NAME, FileLock, open_for_reading, open_for_writing, os_trouble, sqlite_trouble
from .ledger import Entry, Need, Sum
from .packing import pack_outcome, pack_request, unpack_outcome

__all__ = ["JOURNAL_NAME", "CallRecord", "Finished", "Journal", "Recorded", "read_calls"]

ResultT = TypeVar("ResultT")
_GROUP = 500
_HEARTBEAT_S = 5.0


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A finished call as reports read it. `kind` is `answer`, `truncated`, or the reason why there is no answer.

    `cost` is USD, None where the price is unknown; `seconds` is the wall time of the attempt that brought it.
    """

    key: str
    role: str
    stage: str
    place: str
    endpoint: str
    model: str
    kind: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int
    reasoning_tokens: int
    cost: float | None
    seconds: float


@dataclass(frozen=True, slots=True)
class Recorded:
    """A finished call as the gateway finds it again: its outcome, and the place that it is booked on."""

    outcome: Outcome
    stage: str
    place: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A call that is about to be recorded. `mark` is what an endpoint wants to know again after a restart."""

    key: str
    request: Request
    outcome: Outcome
    mark: str = ""


@dataclass(slots=True)
class _Order(Generic[ResultT]):
    """One thing to write, and who waits for it."""

    write: Callable[[sqlite3.Connection], ResultT]
    future: asyncio.Future[ResultT]
    loop: asyncio.AbstractEventLoop


class Journal:
    """The journal of one run, open. Use it as a context manager; close it in the thread that opened it.

    Args:
        folder: folder of the run; made where it is missing.
        power_safe: wait for the disk at each commit (`synchronous=FULL`); else a commit survives the death of the
            process, not the loss of power.
        read_only: only look up; nothing is locked, made or written.

    Raises:
        StorageError: the run is in use, or its journal cannot be opened or is damaged.
    """

    def __init__(self, folder: Path, *, power_safe: bool = False, read_only: bool = False) -> None:
        self.path = folder / JOURNAL_NAME
        self._lock = None if read_only else _locked(folder)
        self._writer: sqlite3.Connection | None = None
        self._orders: queue.SimpleQueue[_Order[object] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._broken: StorageError | None = None
        try:
            if not read_only:
                self._writer = open_for_writing(self.path, power_safe=power_safe)
                self._inode = self.path.stat().st_ino
            self._reader = open_for_reading(self.path)
        except StorageError:
            self._abandon()
            raise
        self._opened = time.monotonic()
        self._elapsed_before = float(self._all("SELECT value FROM meta WHERE name='elapsed_s'")[0][0])
        if self._writer is not None:
            self._thread = threading.Thread(target=self._write_all, args=(self._writer,), name="journal", daemon=True)
            self._thread.start()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what still waits, fold the log into the file and let go of the run."""
        if self._thread is not None:
            self._orders.put(None)
            self._thread.join()
            self._thread = None
        self._reader.close()
        self._abandon()

    def _abandon(self) -> None:
        if self._writer is not None:
            self._writer.close()
        if self._lock is not None:
            self._lock.close()

    # ------------------------------------------------------------ reading

    def lookup(self, key: str) -> Recorded | None:
        """The finished call with this key, or None.

        Raises:
            StorageError: the file cannot be read, or the record is damaged.
        """
        try:
            row = self._reader.execute("SELECT outcome, stage, place FROM calls WHERE key=?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise sqlite_trouble(error, self.path) from error
        if row is None:
            return None
        return Recorded(unpack_outcome(row[0], key, self.path), row[1], row[2])

    def entries(self) -> list[Entry]:
        """All attempts so far by role and stage; those without an end at what was set aside for them."""
        rows = self._all(
            "SELECT role, stage, COUNT(*), SUM(input_tokens), SUM(output_tokens), SUM(cached_tokens),"
            " SUM(reasoning_tokens), TOTAL(cost), SUM(cost IS NULL) FROM attempts GROUP BY role, stage"
        )
        return [Entry(row[0], row[1], Sum(*row[2:])) for row in rows]

    def marks(self, endpoint: str) -> list[str]:
        """The marks of all finished calls of an endpoint, one a call."""
        return [row[0] for row in self._all("SELECT mark FROM calls WHERE endpoint=? AND mark<>''", (endpoint,))]

    def minutes(self) -> float:
        """Minutes that the run has taken, over all restarts, up to the last commit of each and up to now of this."""
        return (self._elapsed_before + time.monotonic() - self._opened) / 60

    def _all(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._reader.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise sqlite_trouble(error, self.path) from error

    # ------------------------------------------------------------ writing

    async def open_attempt(self, key: str, endpoint: str, need: Need) -> int:
        """Record, before sending, that a call is about to be sent. The number closes it again.

        Raises:
            StorageError: it could not be written; nothing may be sent.
        """
        names = (key, endpoint, _plain(need.role), _plain(need.stage), "")
        values = (*names, need.input_tokens, need.output_tokens, 0, 0, need.usd)

        def write(connection: sqlite3.Connection) -> int:
            marks = ",".join("?" * len(values))
            return connection.execute(f"INSERT INTO attempts VALUES (NULL,{marks})", values).lastrowid or 0  # noqa: S608

        return await self._ordered(write)

    async def close_attempt(self, attempt: int, ended: str, used: Sum) -> None:
        """Record how an attempt without an outcome ended, and what it counts for."""
        await self._ordered(lambda connection: _close(connection, attempt, ended, used))

    async def finish(self, finished: Finished, attempt: int | None = None, used: Sum | None = None) -> None:
        """Record an outcome, and the end of the attempt that brought it, in one commit.

        Raises:
            StorageError: it could not be written; the answer must not be used.
        """
        values = _row(finished)

        def write(connection: sqlite3.Connection) -> None:
            marks = ",".join("?" * len(values))
            connection.execute(f"INSERT OR IGNORE INTO calls VALUES ({marks})", values)  # noqa: S608
            if attempt is not None and used is not None:
                _close(connection, attempt, cast("str", values[6]), used)

        await self._ordered(write)

    async def rebook(self, key: str, request: Request) -> None:
        """Book a call on the first of the places that asked for it, whichever came first in time."""
        stage, place = _plain(request.stage), _plain(request.place)
        values = (stage, place, _plain(request.role), key, stage, place)
        change = "UPDATE calls SET stage=?, place=?, role=? WHERE key=? AND (stage, place) > (?, ?)"
        await self._ordered(lambda connection: connection.execute(change, values))

    async def _ordered(self, write: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        if self._broken is not None:
            raise _again(self._broken)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[ResultT] = loop.create_future()
        order = _Order(write, future, loop)
        self._orders.put(cast("_Order[object]", order))
        return await future

    def _write_all(self, connection: sqlite3.Connection) -> None:
        """The writing thread: everything that waits goes into one transaction."""
        ended = False
        while not ended:
            group: list[_Order[object]] = []
            try:
                order = self._orders.get(timeout=_HEARTBEAT_S)
                while order is not None and len(group) < _GROUP:
                    group.append(order)
                    order = self._orders.get_nowait()
                if order is not None:
                    group.append(order)
                ended = order is None
            except queue.Empty:
                pass
            self._commit(connection, group)
        if self._broken is None:
            self._fold(connection)

    def _commit(self, connection: sqlite3.Connection, group: list[_Order[object]]) -> None:
        results: list[object] = []
        try:
            if self._broken is None:
                self._still_there()
                connection.execute("BEGIN IMMEDIATE")
                results = [order.write(connection) for order in group]
                elapsed = self._elapsed_before + time.monotonic() - self._opened
                connection.execute("UPDATE meta SET value=? WHERE name='elapsed_s'", (elapsed,))
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._broken = sqlite_trouble(error, self.path)
        except OSError as error:
            self._broken = os_trouble(error, self.path.parent)
        except (ValueError, OverflowError) as error:
            # SQLite takes no number past 64 bits and no text that is not Unicode. Callers see to it; should one not,
            # those who wait must hear of it rather than wait for ever.
            self._broken = StorageError(f"The journal {self.path} cannot hold a record: {error}.")
        if self._broken is not None and connection.in_transaction:
            connection.rollback()
        _answer(group, results, self._broken)

    def _still_there(self) -> None:
        """An open file can be written after it was removed; that would be durable for nobody."""
        if self.path.stat().st_ino != self._inode:
            raise FileNotFoundError(2, "the journal was replaced by another file")

    def _fold(self, connection: sqlite3.Connection) -> None:
        try:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as error:
            self._broken = sqlite_trouble(error, self.path)


def _locked(folder: Path) -> FileLock:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise os_trouble(error, folder) from error
    return FileLock(folder)


def _again(error: StorageError) -> StorageError:
    """A copy for each who is told: one exception raised in many tasks would mix their tracebacks."""
    return StorageError(error.problem, fix=error.fix)


def _answer(group: list[_Order[object]], results: list[object], broken: StorageError | None) -> None:
    """Tell those who wait, in the thread of their event loop."""

    def tell() -> None:
        for number, order in enumerate(group):
            if order.future.done():
                continue
            if broken is None:
                order.future.set_result(results[number])
            else:
                order.future.set_exception(_again(broken))

    if group and not group[0].loop.is_closed():
        group[0].loop.call_soon_threadsafe(tell)


def _close(connection: sqlite3.Connection, attempt: int, ended: str, used: Sum) -> None:
    cost = None if used.unpriced else used.usd
    connection.execute(
        "UPDATE attempts SET ended=?, input_tokens=?, output_tokens=?, cached_tokens=?, reasoning_tokens=?, cost=?"
        " WHERE id=?",
        (ended, used.input_tokens, used.output_tokens, used.cached_tokens, used.reasoning_tokens, cost, attempt),
    )


def _plain(name: str) -> str:
    """A name as SQLite can hold it: half of a surrogate pair has no UTF-8."""
    return name.encode("utf-8", "replace").decode()


def _row(finished: Finished) -> tuple[object, ...]:
    request, outcome = finished.request, finished.outcome
    names = [_plain(name) for name in (request.stage, request.place, request.role, request.endpoint, request.model)]
    kind = ("answer" if outcome.finish == "stop" else "truncated") if isinstance(outcome, Answer) else outcome.reason
    usage = outcome.usage
    return (
        finished.key, *names, kind,
        usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens, outcome.cost,
        outcome.seconds, _plain(finished.mark), pack_request(request), pack_outcome(outcome),
    )  # fmt: skip


def read_calls(path: Path) -> Iterator[CallRecord]:
    """The finished calls of a journal, ordered by stage, place and key; also while a run writes it.

    Args:
        path: `journal.sqlite`, or the folder of the run.

    Raises:
        StorageError: there is no journal, or it is damaged.
    """
    path = path / JOURNAL_NAME if path.is_dir() else path
    fields = (
        "key, role, stage, place, endpoint, model, kind, input_tokens, output_tokens, cached_tokens,"
        " reasoning_tokens, cost, seconds"
    )
    with closing(open_for_reading(path)) as connection:
        try:
            rows: Iterable[tuple[object, ...]] = connection.execute(
                f"SELECT {fields} FROM calls ORDER BY stage, place, key"  # noqa: S608
            )
            for row in rows:
                yield CallRecord(*row)  # type: ignore[arg-type]
        except sqlite3.Error as error:
            raise sqlite_trouble(error, path) from error
