"""JSONL, JSON and CSV files, plain or gzipped, as streams of rows."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal, cast

from ...agents.gateway.errors import UsageError
from .json_stream import LIST_FIELDS, read_document
from .raw import RawRow, RowStream, broken_source

__all__ = ["text_rows"]

Form = Literal["lines", "document", "table"]

_LONGEST = 1 << 26  # bytes of one line or CSV field; what is longer is no row
_BOM = b"\xef\xbb\xbf"
_HEAD = 1 << 20


def text_rows(path: Path, kind: Literal["json", "csv"]) -> RowStream:
    """The rows of a text file. Gzip is told from the content; so is JSONL from JSON.

    Raises:
        UsageError: unreadable, or no text in UTF-8.
    """
    name = str(path)
    with _bytes(path) as stream:
        head = stream.read(_HEAD)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UsageError(f"{name} is UTF-16 text.", fix="Save it as UTF-8.")
    if head.startswith(b"PK\x03\x04"):
        raise UsageError(f"{name} is a zip or Excel file.", fix="Unpack it, or export it as CSV in UTF-8.")
    if kind == "csv":
        return RowStream(name, "line", lambda: _read_table(path))
    if _is_document(head.removeprefix(_BOM), path):
        return RowStream(name, "row", lambda: _read_document(path))
    return RowStream(name, "line", lambda: _read_lines(path))


@contextmanager
def _bytes(path: Path) -> Generator[IO[bytes]]:
    """The file's content, unpacked; errors of the file as sentences."""
    try:
        with path.open("rb") as plain:
            packed = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            if packed:
                with gzip.open(plain) as stream:
                    yield cast("IO[bytes]", stream)
            else:
                yield plain
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise broken_source(str(path), f"its gzip data is damaged ({error})") from error
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror or error}.", fix="Check the path and its permissions."
        ) from error


@contextmanager
def _text(path: Path) -> Generator[IO[str]]:
    # Bytes that are not UTF-8 become lone surrogates, which fields.py finds: one bad row, not a bad file.
    with _bytes(path) as stream:
        wrapper = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
        yield wrapper
        wrapper.detach()


def _is_document(head: bytes, path: Path) -> bool:
    """Whether a JSON file is one document rather than one object a line."""
    start = head.lstrip()[:1]
    if start not in (b"[", b"{"):
        return False
    first, newline, rest = head.lstrip().partition(b"\n")
    try:
        value: object = json.loads(first)
    except (ValueError, RecursionError):
        # A first line that is no value by itself: a list over many lines, or a JSONL file whose first row is bad.
        # Only the suffix can tell an object over many lines from the latter.
        return start == b"[" or (not path.name.lower().removesuffix(".gz").endswith((".jsonl", ".ndjson")))
    if newline and rest.strip():
        return False
    if isinstance(value, dict):
        return any(isinstance(cast("dict[str, object]", value).get(field), list) for field in LIST_FIELDS)
    return isinstance(value, list)


def _read_document(path: Path) -> Iterator[RawRow]:
    with _text(path) as stream:
        yield from read_document(stream, str(path))


def _read_lines(path: Path) -> Iterator[RawRow]:
    with _bytes(path) as stream:
        number = 0
        while line := stream.readline(_LONGEST):
            number += 1
            if len(line) == _LONGEST and not line.endswith(b"\n"):
                while (rest := stream.readline(_LONGEST)) and not rest.endswith(b"\n"):
                    pass
                yield RawRow(number, fault="longer than 64 MB")
                continue
            yield _line(number, line.removeprefix(_BOM) if number == 1 else line)


def _line(number: int, line: bytes) -> RawRow:
    if not line.strip():
        return RawRow(number, blank=True)
    try:
        return RawRow(number, json.loads(line.decode("utf-8")))
    except UnicodeDecodeError as error:
        return RawRow(number, fault=f"not UTF-8 (byte {error.start + 1})")
    except json.JSONDecodeError as error:
        return RawRow(number, fault=f"not JSON ({error.msg}, character {error.pos + 1})")
    except (RecursionError, ValueError):
        # ValueError: an integer of more digits than Python converts.
        return RawRow(number, fault="not JSON (nested too deep, or a number too long)")


def _delimiter(path: Path) -> str:
    with _text(path) as stream:
        header = stream.readline(_HEAD)
    if path.name.lower().removesuffix(".gz").endswith(".tsv"):
        return "\t"
    return "," if "," in header else max(",;\t|", key=header.count)


def _header(reader: Iterator[list[str]], name: str) -> list[str]:
    """The names of the columns.

    Raises:
        UsageError: none, or the same one twice.
    """
    no_columns: list[str] = []
    try:
        names = [field.strip() for field in next(reader, no_columns)]
    except csv.Error as error:
        raise broken_source(name, f"its header is not CSV ({error})") from error
    twice = sorted({field for field in names if names.count(field) > 1})
    if twice:
        raise UsageError(f"{name} has the column {twice[0]!r} twice in its header.", fix="Rename one of them.")
    return names


def _read_table(path: Path) -> Iterator[RawRow]:
    csv.field_size_limit(_LONGEST)
    delimiter = _delimiter(path)
    with _text(path) as stream:
        reader = csv.reader(stream, delimiter=delimiter, strict=True)
        names = _header(reader, str(path))
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader, None)
            except csv.Error as error:
                yield RawRow(line, fault=f"not CSV ({error})")
                continue
            if fields is None:
                return
            if not fields:
                yield RawRow(line, blank=True)
            elif len(fields) != len(names):
                yield RawRow(line, fault=f"{len(fields)} columns where the header has {len(names)}")
            else:
                yield RawRow(line, dict(zip(names, fields, strict=True)))
