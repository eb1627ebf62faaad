"""Every finished call, durably, before anyone uses its answer (design, law 2); and every attempt, before it is sent.

Writing is in `writer`: group commits, each of those who wait goes on after the commit. Reads are point lookups on a
connection of their own, which in WAL mode never waits for the writer; a key that was never seen costs no look at all.
An attempt that has no end on opening was cut off by a death: it stays counted at what was set aside for it.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import StorageError
from ..outcomes import Outcome
from ..requests import Request
from .drives import MOUNTS
from .journal_file import (
    JOURNAL_NAME,
    SQLITE_ERRORS,
    FileLock,
    damaged,
    open_for_reading,
    open_for_writing,
    os_trouble,
    sqlite_trouble,
    version_of,
)
from .ledger import Entry, Need, Sum
from .migration import OLD_ATTEMPTS, migrate
from .packing import PackingError, unpack_old_outcome
from .rows import (
    CALL_COLUMNS,
    Finished,
    attempt_crc,
    attempt_row,
    bits_of,
    call_row,
    key_in,
    key_out,
    outcome_in,
    plain,
    plains,
)
from .texts import Seen, Texts
from .writer import Writer

__all__ = ["JOURNAL_NAME", "CallRecord", "Finished", "Journal", "Recorded", "read_calls"]

_LOOKUP = f"SELECT {','.join(CALL_COLUMNS)} FROM calls WHERE key=?"  # noqa: S608
_STAGE = CALL_COLUMNS.index("stage")


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A finished call as reports read it. `kind` is `answer`, `truncated`, or the reason why there is no answer.

    `cost` is USD, None where the price is unknown; `seconds` is the wall time of the attempt that brought it. What
    really served it is in `served_model`, `fingerprint`, `replica` and `fallback` (see `Answer`); `reused_from` names
    the run that paid for it. Journals of version 1 have none of these, and tell "".
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
    served_model: str = ""
    fingerprint: str = ""
    replica: str = ""
    fallback: str = ""
    reused_from: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A finished call as it is found again: its outcome, the place that it is booked on, and the run that paid for it
    where that is another one."""

    outcome: Outcome
    stage: str
    place: str
    source: str = ""


class Journal:
    """The journal of one run, open. Use it as a context manager; close it in the thread that opened it.

    Args:
        folder: folder of the run; made where it is missing.
        power_safe: wait for the disk at each commit (`synchronous=FULL`); else a commit survives the death of the
            process, not the loss of power.
        read_only: only look up; nothing is locked, made or written.
        mounts: the kernel's list of mounts, by which a network drive is known.

    Raises:
        StorageError: the run is in use, or its journal cannot be opened or is damaged.
    """

    def __init__(
        self, folder: Path, *, power_safe: bool = False, read_only: bool = False, mounts: Path = MOUNTS
    ) -> None:
        self.path = folder / JOURNAL_NAME
        self._lock = None if read_only else _locked(folder)
        self._writer: Writer | None = None
        self._opened = time.monotonic()
        connection: sqlite3.Connection | None = None
        try:
            if not read_only:
                connection = open_for_writing(self.path, power_safe=power_safe, mounts=mounts)
                migrate(connection, self.path)
            self._reader = open_for_reading(self.path)
            self._version = version_of(self._reader, self.path)
            self._elapsed_before = float(self._all("SELECT value FROM meta WHERE name='elapsed_s'")[0][0])
            if connection is not None:
                self._prepare(connection, power_safe=power_safe)
        except BaseException as error:
            if connection is not None:
                connection.close()
            if self._lock is not None:
                self._lock.close()
            if isinstance(error, SQLITE_ERRORS):
                raise sqlite_trouble(error, self.path) from error
            raise

    def _prepare(self, connection: sqlite3.Connection, *, power_safe: bool) -> None:
        self._texts = Texts(self._reader)
        self._seen = Seen()
        for (key,) in self._reader.execute("SELECT key FROM calls"):
            self._seen.add(bits_of(key))
        self._attempts = int(self._all("SELECT COALESCE(MAX(id), 0) FROM attempts")[0][0])
        quick = not power_safe and connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        connection.execute("PRAGMA busy_timeout=0")
        self._writer = Writer(self.path, connection, self._elapsed, inline=quick)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what still waits, fold the log into the file and let go of the run."""
        self._reader.close()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        if self._lock is not None:
            self._lock.close()

    # ------------------------------------------------------------ reading

    def lookup(self, key: str) -> Recorded | None:
        """The finished call with this key, or None.

        Raises:
            StorageError: the file cannot be read, or the record is damaged.
        """
        stored = key_in(key)
        if self._writer is not None and bits_of(stored) not in self._seen:
            return None
        if self._version == 1:
            return self._old_lookup(key)
        rows = self._all(_LOOKUP, (stored,))
        if not rows:
            return None
        row = rows[0]
        try:
            return Recorded(outcome_in(row), row[_STAGE], row[_STAGE + 1], row[CALL_COLUMNS.index("reused_from")])
        except PackingError as error:
            raise damaged(self.path, f"the record {key[:12]} cannot be read") from error

    def _old_lookup(self, key: str) -> Recorded | None:
        rows = self._all("SELECT outcome, stage, place FROM calls WHERE key=?", (key,))
        if not rows:
            return None
        try:
            return Recorded(unpack_old_outcome(rows[0][0]), rows[0][1], rows[0][2])
        except PackingError as error:
            raise damaged(self.path, f"the record {key[:12]} cannot be read") from error

    def entries(self) -> list[Entry]:
        """All attempts so far by role, stage and model; those without an end at what was set aside for them."""
        table = "attempts"
        if self._version == 1:
            table = f"({OLD_ATTEMPTS.format(calls='calls', attempts='attempts')})"
        rows = self._all(
            "SELECT role, stage, model, COUNT(*), SUM(input_tokens), SUM(output_tokens), SUM(cached_tokens),"  # noqa: S608
            " SUM(reasoning_tokens), TOTAL(cost), SUM(cost IS NULL), TOTAL(seconds)"
            f" FROM {table} GROUP BY role, stage, model"
        )
        return [Entry(row[0], row[1], Sum(*row[3:]), row[2]) for row in rows]

    def marks(self, endpoint: str) -> list[str]:
        """The marks of all finished calls of an endpoint, one a call."""
        return [row[0] for row in self._all("SELECT mark FROM calls WHERE endpoint=? AND mark<>''", (endpoint,))]

    def minutes(self) -> float:
        """Minutes that the run has taken, over all restarts, up to the last commit of each and up to now of this."""
        return self._elapsed() / 60

    def leave_out(self, seconds: float) -> None:
        """Do not count so much of the time that has passed: the person had paused the run."""
        self._opened += seconds

    def _elapsed(self) -> float:
        return self._elapsed_before + time.monotonic() - self._opened

    def _all(self, query: str, values: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        try:
            return self._reader.execute(query, values).fetchall()
        except SQLITE_ERRORS as error:
            raise sqlite_trouble(error, self.path) from error

    # ------------------------------------------------------------ writing

    async def open_attempt(self, key: str, endpoint: str, need: Need, *, replica: str = "") -> int:
        """Record, before sending, that a call is about to be sent. The number closes it again.

        Args:
            key: of the call.
            endpoint: the endpoint group.
            need: what it could use at worst, for whom, and the model that is asked.
            replica: the account that is asked: its address, which holds no secret.

        Raises:
            StorageError: it could not be written; nothing may be sent.
        """
        writer = self._open_writer()
        group = writer.open_group()
        self._attempts += 1
        number = self._attempts
        cost = None if need.usd is None else float(need.usd) + 0.0
        names = plains(endpoint, need.role, need.stage, need.model, replica)
        ending = ("", need.input_tokens, need.output_tokens, 0, 0, cost, 0.0)
        group.attempts.append(attempt_row(number, (key_in(key), *names), ending))
        await writer.committed()
        return number

    async def close_attempt(self, attempt: int, ended: str, used: Sum) -> None:
        """Record how an attempt without an outcome ended, and what it counts for.

        Raises:
            StorageError: it could not be written.
        """
        writer = self._open_writer()
        writer.open_group().closings.append(_closing(attempt, ended, used))
        await writer.committed()

    async def finish(self, finished: Finished, attempt: int | None = None, used: Sum | None = None) -> None:
        """Record an outcome, and the end of the attempt that brought it, in one commit.

        Raises:
            StorageError: it could not be written; the answer must not be used.
        """
        await self.finish_many((finished,), attempt, used)

    async def finish_many(
        self, finished: Sequence[Finished], attempt: int | None = None, used: Sum | None = None
    ) -> None:
        """The same for the several answers of one call: all of them are recorded, or none.

        Raises:
            StorageError: they could not be written; none may be used.
        """
        writer = self._open_writer()
        group = writer.open_group()
        rows = [call_row(each, self._pack(each.request, group.texts)) for each in finished]
        group.calls += rows
        if attempt is not None and used is not None and rows:
            group.closings.append(_closing(attempt, rows[0][CALL_COLUMNS.index("kind")], used))
        for row in rows:
            self._seen.add(bits_of(row[0]))
        await writer.committed()

    async def rebook(self, key: str, request: Request) -> None:
        """Book a call on the first of the places that asked for it, whichever came first in time."""
        stage, place = plain(request.stage), plain(request.place)
        writer = self._open_writer()
        writer.open_group().rebooks.append((stage, place, plain(request.role), key_in(key), stage, place))
        await writer.committed()

    def _pack(self, request: Request, new: list[tuple[Any, ...]]) -> bytes:
        try:
            return self._texts.pack(request, new)
        except SQLITE_ERRORS as error:
            raise sqlite_trouble(error, self.path) from error

    def _open_writer(self) -> Writer:
        if self._writer is None:
            raise StorageError(f"The journal {self.path} is open for reading only, or closed.")
        return self._writer


def _locked(folder: Path) -> FileLock:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise os_trouble(error, folder) from error
    return FileLock(folder)


def _closing(attempt: int, ended: str, used: Sum) -> tuple[Any, ...]:
    cost = None if used.unpriced else float(used.usd) + 0.0
    usage = (used.input_tokens, used.output_tokens, used.cached_tokens, used.reasoning_tokens)
    ending = (plain(ended), *usage, cost, float(used.seconds))
    return (*ending, attempt_crc(attempt, ending), attempt)


def read_calls(path: Path) -> Iterator[CallRecord]:
    """The finished calls of a journal, ordered by stage, place and key; also while a run writes it.

    Args:
        path: `journal.sqlite`, or the folder of the run.

    Raises:
        StorageError: there is no journal, it was never begun, or it is damaged.
    """
    path = path / JOURNAL_NAME if path.is_dir() else path
    fields = (
        "key, role, stage, place, endpoint, model, kind, input_tokens, output_tokens, cached_tokens,"
        " reasoning_tokens, cost, seconds"
    )
    with closing(open_for_reading(path)) as connection:
        if version_of(connection, path) > 1:
            fields += ", served_model, fingerprint, replica, fallback, reused_from"
        try:
            for key, *row in connection.execute(f"SELECT {fields} FROM calls ORDER BY stage, place, key"):  # noqa: S608
                yield CallRecord(key_out(key), *row)
        except SQLITE_ERRORS as error:
            raise sqlite_trouble(error, path) from error
