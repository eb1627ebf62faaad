"""What of a journal is whole, and how much is not: read by SQLite, and by its bare pages where SQLite gives up."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from ..errors import StorageError
from .journal_file import SQLITE_ERRORS, VERSION, is_busy, open_for_reading, os_trouble
from .leaves import rows_in
from .migration import OLD_CALL_COLUMNS, old_attempt, old_finished
from .packing import PackingError
from .rows import ATTEMPT_COLUMNS, CALL_COLUMNS, Finished, attempt_is_whole, bits_of, call_is_whole, key_in, kind_of
from .texts import TEXT_COLUMNS, numbers_in, text_is_whole

__all__ = ["Salvage", "Tally", "Verdict", "verify"]

_CALL, _ATTEMPT, _TEXT, _META = len(CALL_COLUMNS) + 1, len(ATTEMPT_COLUMNS), 4, 2
_OLD_CALL, _OLD_ATTEMPT = 16, 11
_REALS = {"cost", "seconds"}
_CALL_REALS = [place for place, name in enumerate(CALL_COLUMNS) if name in _REALS]
_ATTEMPT_REALS = [place for place, name in enumerate(ATTEMPT_COLUMNS) if name in _REALS]
_REQUEST = CALL_COLUMNS.index("request")
_OLD_ATTEMPT_COLUMNS = (
    "id", "key", "endpoint", "role", "stage", "ended", "input_tokens", "output_tokens", "cached_tokens",
    "reasoning_tokens", "cost",
)  # fmt: skip

Row = tuple[Any, ...]
RecordT = TypeVar("RecordT")


@dataclass(frozen=True, slots=True)
class Tally:
    """So many records are whole of so many that are known of."""

    whole: int = 0
    known: int = 0

    def __str__(self) -> str:
        return f"{self.whole:,} of {self.known:,}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a journal stands.

    Args:
        calls, prompts, attempts: whole records; version 1 kept no prompts apart.
        without_prompt: calls that are whole, but a text that was asked in them is lost.
        troubles: what is wrong with the file as such, in sentences.
        size: bytes, the log included.
    """

    calls: Tally
    prompts: Tally
    attempts: Tally
    without_prompt: int
    troubles: tuple[str, ...]
    version: int
    size: int

    @property
    def damaged(self) -> bool:
        """Whether anything is not as it was written."""
        tallies = (self.calls, self.prompts, self.attempts)
        return bool(self.troubles or self.without_prompt or any(each.whole < each.known for each in tallies))


class Salvage:
    """The records of a journal, one after the other. A context manager.

    Where SQLite cannot read a table to its end, the pages are searched for its rows; then a row may come twice.

    Args:
        path: the journal.

    Raises:
        StorageError: it is not there, cannot be opened, or is from a newer version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.troubles: list[str] = []
        self.known: dict[str, int] = {}
        self._connection: sqlite3.Connection | None = None
        if not path.is_file():
            raise StorageError(f"There is no journal {path}.", fix="Check the path of the run.")
        try:
            self._connection = open_for_reading(path)
            self.version = int(self._connection.execute("PRAGMA user_version").fetchone()[0])
            for (line,) in self._connection.execute("PRAGMA integrity_check(5)"):
                if line != "ok":
                    self._trouble(str(line))
        except SQLITE_ERRORS as error:
            self._trouble(str(error))
        except StorageError as error:
            broken = isinstance(error.__cause__, SQLITE_ERRORS) and not is_busy(error.__cause__)
            if not broken and "damaged" not in error.problem:
                raise
            self._trouble(error.problem.removeprefix(f"The journal {path} "))
        if self._connection is None:
            self.version = 1 if self._looks_old() else VERSION

    def __enter__(self) -> Salvage:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._connection is not None:
            self._connection.close()

    def calls(self) -> Iterator[tuple[Any, ...] | Finished | None]:
        """Calls as rows of `CALL_COLUMNS`, those of version 1 as `Finished`; None for each that is not whole."""
        if self.version == 1:
            yield from self._rows("calls", OLD_CALL_COLUMNS, _OLD_CALL, _from_old_page, _old_call)
        else:
            yield from self._rows("calls", CALL_COLUMNS, _CALL, _call_from_page, _checked(call_is_whole))

    def prompts(self) -> Iterator[tuple[Any, ...] | None]:
        """Texts as rows of id, digest, packed text and checksum; None for each that is not whole."""
        if self.version > 1:
            yield from self._rows("prompts", TEXT_COLUMNS, _TEXT, _numbered, _checked(text_is_whole))

    def attempts(self) -> Iterator[tuple[Any, ...] | None]:
        """Attempts as rows of `ATTEMPT_COLUMNS`; None for each that is not whole, which version 1 could not tell."""
        if self.version > 1:
            yield from self._rows("attempts", ATTEMPT_COLUMNS, _ATTEMPT, _attempt_from_page, _checked(attempt_is_whole))
            return
        ends = {
            call.key: (call.request.model, kind_of(call.outcome), call.outcome.seconds)
            for call in self.calls()
            if isinstance(call, Finished)
        }
        for row in self._rows("attempts", _OLD_ATTEMPT_COLUMNS, _OLD_ATTEMPT, _numbered, lambda row: row):
            if row is not None:
                model, kind, seconds = ends.get(str(row[1]), ("", "", 0.0))
                cost = None if row[10] is None else float(row[10])
                yield old_attempt((*row[:5], model, "", *row[5:10], cost, seconds if kind == row[5] else 0.0))

    def elapsed(self) -> float:
        """Seconds that the run has taken; 0 where that is lost."""
        rows = self._rows("meta", ("name", "value"), _META, lambda _, values: values, lambda row: row)
        return max((float(row[1]) for row in rows if row and row[0] == "elapsed_s"), default=0.0)

    def _rows(
        self, table: str, columns: Sequence[str], width: int, shape: Callable[[int, Row], Row],
        check: Callable[[Row], RecordT | None],
    ) -> Iterator[RecordT | None]:  # fmt: skip
        """The records of a table.

        Args:
            width: by how many columns its rows are known in a bare page.
            shape: makes the number and the values of such a row into what a query gives.
            check: the record of a row, or None where it is not whole.
        """
        count = most = 0
        if self._connection is not None:
            try:
                most = int(self._connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])  # noqa: S608
                query = f"SELECT rowid, {','.join(columns)} FROM {table}"  # noqa: S608
                for number, *row in self._connection.execute(query):
                    count, most = count + 1, max(most, number)
                    yield check(tuple(row))
            except SQLITE_ERRORS as error:
                self._trouble(f"the table {table} cannot be read to its end ({error})")
        if self.troubles:
            for number, record in self._from_pages(width, shape, check):
                most = max(most, number)
                yield record
        # Rows are numbered one after the other, so the highest number tells how many there were; but a journal that was
        # mended has gaps.
        self.known[table] = most if self.troubles else count

    def _from_pages(
        self, width: int, shape: Callable[[int, Row], Row], check: Callable[[Row], RecordT | None]
    ) -> Iterator[tuple[int, RecordT]]:
        try:
            for leaf in rows_in(self.path, frozenset({width})):
                try:
                    record = check(shape(leaf.number, leaf.values))
                except (TypeError, ValueError, AttributeError, IndexError):  # a row of something else
                    continue
                if record is not None:
                    yield leaf.number, record
        except OSError as error:
            raise os_trouble(error, self.path) from error

    def _looks_old(self) -> bool:
        try:
            found = next(iter(rows_in(self.path, frozenset({_CALL, _OLD_CALL}))), None)
        except OSError as error:
            raise os_trouble(error, self.path) from error
        return found is not None and len(found.values) == _OLD_CALL

    def _trouble(self, line: str) -> None:
        """Note it once, in letters that a terminal shows and does not obey."""
        line = " ".join("".join(letter if letter.isprintable() else " " for letter in line).split())
        if line not in self.troubles:
            self.troubles.append(line)


def verify(path: Path) -> Verdict:
    """Look at every record of a journal. Nothing is changed, and a run may be at work.

    Raises:
        StorageError: there is no journal, it was never begun, or it is from a newer version.
    """
    with Salvage(path) as salvage:
        texts: set[int] = set()
        without: set[int] = set()

        def text_name(row: Row) -> int:
            texts.add(row[0])
            return int(row[0])

        def call_name(call: Row | Finished) -> int:
            if isinstance(call, Finished):
                return bits_of(key_in(call.key))
            name = bits_of(call[0])
            if not texts.issuperset(numbers_in(call[_REQUEST])):
                without.add(name)
            return name

        prompts = _count(salvage, "prompts", salvage.prompts, text_name)
        calls = _count(salvage, "calls", salvage.calls, call_name)
        attempts = _count(salvage, "attempts", salvage.attempts, lambda row: int(row[0]))
        log = path.with_name(f"{path.name}-wal")
        size = path.stat().st_size + (log.stat().st_size if log.exists() else 0)
        return Verdict(calls, prompts, attempts, len(without), tuple(salvage.troubles), salvage.version, size)


def _count(salvage: Salvage, table: str, records: Callable[[], Iterator[Any]], name: Callable[[Any], int]) -> Tally:
    """How many are whole. Where pages are searched records come twice, and only then are names remembered."""
    while True:
        searching = bool(salvage.troubles)
        names: set[int] = set()
        count = 0
        for record in records():
            if record is not None:
                count += 1
                called = name(record)
                if searching:
                    names.add(called)
        if searching == bool(salvage.troubles):
            whole = len(names) if searching else count
            return Tally(whole, max(salvage.known.get(table, 0), whole))


def _checked(is_whole: Callable[[Row], bool]) -> Callable[[Row], Row | None]:
    return lambda row: row if is_whole(row) else None


def _old_call(row: Row) -> Finished | None:
    try:
        return old_finished(row)
    except PackingError:
        return None


def _numbered(number: int, values: Row) -> Row:
    return (number, *values[1:])


def _from_old_page(_number: int, values: Row) -> Row:
    return (*values[:6], *values[13:])


def _call_from_page(_number: int, values: Row) -> Row:
    return _real(values[1:], _CALL_REALS)


def _attempt_from_page(number: int, values: Row) -> Row:
    return _real(_numbered(number, values), _ATTEMPT_REALS)


def _real(row: Row, places: Sequence[int]) -> Row:
    """SQLite writes a float without a fraction as a whole number."""
    return tuple(float(value) if place in places and value is not None else value for place, value in enumerate(row))
