"""Seeds as a stream: any source, any of the known forms, one row in memory at a time."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, overload

from ...agents.gateway.errors import UsageError
from ...agents.messages import Instruction
from ..record.settings import SeedSettings
from .conversations import BadRow
from .fields import NAME_THEM, FieldMap, Pair, find_fields, input_of, pairs_of, tests_of
from .raw import RawRow, RowStream
from .report import KEPT_PROBLEMS, ReadReport
from .seed import Seed
from .tables import hub_rows, parquet_rows
from .text_files import text_rows

__all__ = ["NoSeeds", "Reading", "SeedSource", "Survey", "content_of", "open_seeds", "same_text", "stream_of"]

SourceT = TypeVar("SourceT", bound="SeedSource")
_HUB = "hub:"
_FIRST_ROWS = 200  # rows that the meaning of the fields is told from
_JSON = (".jsonl", ".ndjson", ".json")
_CSV = (".csv", ".tsv")
_PARQUET = (".parquet", ".pq")


@dataclass(frozen=True, slots=True)
class Survey:
    """What a whole pass found.

    Args:
        count: seeds; each user turn of a conversation is one.
        fingerprint: 64 hex digits of SHA-256 over ids and content of the seeds, in order. Other lines, other field
            names or another file form do not change it; another text, answer or order does.
        report: what became of the rows.
    """

    count: int
    fingerprint: str
    report: ReadReport


def content_of(seed: Seed) -> str:
    """All of a seed that a model may see, as one line of JSON."""
    asked = seed.instruction
    turns = [[turn.speaker, turn.text] for turn in asked.context]
    tests = [] if seed.tests is None else [[seed.tests.tests, seed.tests.entry_point]]
    return json.dumps([asked.text, asked.system, turns, asked.language, seed.response, *tests])


class SeedSource:
    """Seeds that can be read again and again. Made by `open_seeds`.

    Iterating reads the source anew and raises UsageError where it holds no seed at all.
    """

    def __init__(self, stream: RowStream, fields: FieldMap, limit: int | None) -> None:
        self._stream = stream
        self._fields = fields
        self._limit = limit

    def __iter__(self) -> Iterator[Seed]:
        return iter(self.reading())

    @property
    def name(self) -> str:
        """The source in words."""
        return self._stream.name

    @property
    def fields(self) -> FieldMap:
        """Which field means what."""
        return self._fields

    def reading(self) -> Reading:
        """A new pass, for those who want to know what became of the rows as well."""
        return Reading(self._stream, self._fields, self._limit)

    def own_ids(self) -> Iterator[tuple[int, str]]:
        """Line (or row) and id of the rows that name themselves in a field `seed_id` or `id`; reads the source anew."""
        for row in self._stream.rows():
            named = (row.fields or {}).get("seed_id", (row.fields or {}).get("id"))
            if isinstance(named, str | int) and not isinstance(named, bool) and str(named).strip():
                yield row.line, str(named)

    def survey(self) -> Survey:
        """Read everything once.

        Raises:
            UsageError: the source cannot be read to its end, or holds no seed.
        """
        reading = self.reading()
        for _ in reading:
            pass
        return reading.survey()


class Reading:
    """One pass over a source: yields its seeds and counts what it meets. To be iterated once.

    `unused`, where it is set, is told line (or row) and reason of every row that gives no seed.

    Memory: one row, and 8 bytes of hash (about 80 as Python holds them) for each seed, to know duplicates by.
    """

    def __init__(self, stream: RowStream, fields: FieldMap, limit: int | None) -> None:
        self._stream = stream
        self._fields = fields
        self._limit = limit
        self._counts = dict.fromkeys(("read", "good", "duplicates", "empty", "malformed", "seeds", "repeated"), 0)
        self._problems: list[tuple[int, str]] = []
        self._known: set[int] = set()
        self._digest = hashlib.sha256()
        self.unused: Callable[[int, str], None] | None = None

    def __iter__(self) -> Iterator[Seed]:
        return (seed for _, seed in self.with_rows())

    def with_rows(self) -> Iterator[tuple[RawRow, Seed]]:
        """The seeds, each with the row that it came from; instead of iterating."""
        for row in self._stream.rows():
            self._counts["read"] += 1
            try:
                pairs = self._new_pairs(row)
            except BadRow as error:
                self._reject(row, error)
                continue
            for seed in self._seeds(row, pairs):
                self._digest.update(f"{seed.id} {self._signed(row, seed)}\n".encode())
                yield row, seed
            if self._counts["good"] == self._limit:
                break
        if not self._counts["good"]:
            raise UsageError(f"{self._stream.name} holds no usable seed: {self.report()}.", fix=NAME_THEM)

    def report(self) -> ReadReport:
        """What became of the rows so far."""
        return ReadReport(**self._counts, problems=tuple(self._problems), unit=self._stream.unit)

    def survey(self) -> Survey:
        """What was found so far; of the whole source once the iteration is over."""
        return Survey(self._counts["seeds"], self._digest.hexdigest(), self.report())

    def _new_pairs(self, row: RawRow) -> list[tuple[int, Pair]]:
        """The seeds of a row that were not there before, numbered by turn (0 where the row is a single instruction)."""
        pairs = pairs_of(self._good_fields(row), self._fields)
        hashes = [_hash_of(instruction) for instruction, _ in pairs]
        fresh = [(turn, pair) for turn, pair in enumerate(pairs, 1) if hashes[turn - 1] not in self._known]
        if not fresh:
            self._counts["duplicates"] += 1
            self._note(row, "the same as an earlier row")
            return []
        self._known.update(hashes)
        self._counts["repeated"] += len(pairs) - len(fresh)
        return fresh if len(pairs) > 1 else [(0, pair) for _, pair in fresh]

    def _good_fields(self, row: RawRow) -> Mapping[str, object]:
        """The row's fields.

        Raises:
            BadRow: it has none.
        """
        if row.blank:
            raise BadRow("nothing there", empty=True)
        if row.fault:
            raise BadRow(row.fault)
        if row.fields is None:
            raise BadRow("not an object")
        return row.fields

    def _seeds(self, row: RawRow, pairs: list[tuple[int, Pair]]) -> Iterator[Seed]:
        if not pairs:
            return
        self._counts["good"] += 1
        self._counts["seeds"] += len(pairs)
        name = f"seed-{self._counts['good']:06d}"
        for turn, (instruction, response) in pairs:
            tests = None if turn or row.fields is None else tests_of(row.fields, self._fields)
            given = "" if row.fields is None else input_of(row.fields, self._fields)
            yield Seed(f"{name}.t{turn}" if turn else name, row.line, instruction, response, tests, given)

    def _signed(self, row: RawRow, seed: Seed) -> str:
        """What the fingerprint is made of."""
        del row
        return content_of(seed)

    def _reject(self, row: RawRow, error: BadRow) -> None:
        self._counts["empty" if error.empty else "malformed"] += 1
        self._note(row, error.why)

    def _note(self, row: RawRow, why: str) -> None:
        if len(self._problems) < KEPT_PROBLEMS:
            self._problems.append((row.line, why))
        if self.unused is not None:
            self.unused(row.line, why)


def same_text(text: str) -> str:
    """A form that is equal for the same question: canonical Unicode (NFC), runs of space as one."""
    text = " ".join(text.split())
    # Not NFKC, which would make 2³ and 23 the same question.
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _hash_of(instruction: Instruction) -> int:
    """8 bytes that are equal for the same question in the same context."""
    parts = [instruction.system, *(f"{turn.speaker} {turn.text}" for turn in instruction.context), instruction.text]
    text = "\x00".join(same_text(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


class NoSeeds(SeedSource):
    """The source of a run that makes its rows from nothing."""

    def __init__(self) -> None:
        super().__init__(RowStream("no seeds", "line", lambda: iter(())), FieldMap(), None)

    def __iter__(self) -> Iterator[Seed]:
        return iter(())

    def survey(self) -> Survey:
        """Nothing, always the same."""
        return Survey(0, hashlib.sha256().hexdigest(), ReadReport())


@overload
def open_seeds(settings: SeedSettings) -> SeedSource: ...
@overload
def open_seeds(settings: SeedSettings, kind: type[SourceT]) -> SourceT: ...
def open_seeds(settings: SeedSettings, kind: type[SeedSource] = SeedSource) -> SeedSource:
    """Open a source of seeds and find out what its fields mean.

    `settings.source` is a file (JSONL, JSON, CSV, each also gzipped; Parquet) or `hub:OWNER/NAME` with an optional
    `:CONFIGURATION`. Only the first rows are read here.

    Raises:
        UsageError: no such file, not readable, unknown form, a missing extra, an unknown field, no usable row.
    """
    stream = stream_of(settings)
    rows: list[Mapping[str, object]] = []
    bad: list[RawRow] = []
    for row in stream.rows():
        if row.fields is not None:
            rows.append(row.fields)
        elif len(bad) < KEPT_PROBLEMS:
            bad.append(row)
        if len(rows) == _FIRST_ROWS:
            break
    if not rows:
        raise _no_rows(stream, bad)
    return kind(stream, find_fields(settings, rows, stream.name), settings.limit)


def _no_rows(stream: RowStream, bad: list[RawRow]) -> UsageError:
    wrong = next((row for row in bad if not row.blank), None)
    if wrong is None:
        return UsageError(f"{stream.name} holds no rows.", fix="Give a source with at least one seed.")
    return UsageError(
        f"{stream.name} holds no row that is an object ({stream.unit} {wrong.line}: {wrong.fault or 'not an object'}).",
        fix="Write each row as one object, in JSONL on a line of its own.",
    )


def stream_of(settings: SeedSettings) -> RowStream:
    """The rows of a source as they stand there, one at a time.

    Raises:
        UsageError: no such file, not readable, unknown form, a missing extra.
    """
    if settings.source.startswith(_HUB):
        return hub_rows(settings.source.removeprefix(_HUB), settings.split, settings.revision)
    path = Path(settings.source).expanduser()
    _check_file(path, settings.source)
    suffixes = [suffix.lower() for suffix in path.suffixes]
    suffix = next((suffix for suffix in reversed(suffixes) if suffix != ".gz"), "")
    with path.open("rb") as stream:
        if suffix in _PARQUET or (suffix in (*_JSON, *_CSV) and stream.read(4) == b"PAR1"):
            return parquet_rows(path)
    if suffix in _JSON or suffix in _CSV:
        return text_rows(path, "csv" if suffix in _CSV else "json")
    raise UsageError(
        f"{path} has an unknown suffix ({suffix or 'none'}).",
        fix=f"Known are {' '.join((*_JSON, *_CSV, *_PARQUET))}, the first five also with .gz; or hub:OWNER/NAME.",
    )


def _check_file(path: Path, given: str) -> None:
    if not given:
        raise UsageError("No seeds were given.", fix="Name a file of seeds, or a data set as hub:OWNER/NAME.")
    try:
        if path.is_dir():
            raise UsageError(f"{path} is a folder.", fix="Name a file in it.")
        if not path.exists():
            raise UsageError(f"There is no file {path}.", fix="Check the path; a data set is named hub:OWNER/NAME.")
        if not path.is_file():
            raise UsageError(f"{path} is no regular file.", fix="Seeds are read several times: save them to a file.")
        path.open("rb").close()
    except (OSError, ValueError) as error:
        raise UsageError(f"{given!r} cannot be read: {error}.", fix="Check the path and its permissions.") from error
