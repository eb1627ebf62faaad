"""Rows to disk as they come, and all files of an export put in place together at its end."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from ....agents.gateway.errors import StorageError, UsageError
from ..raw import missing_extra
from ..rows import encode_line
from .example import Unfit
from .forms import Column

__all__ = ["Parts", "RowWriter", "row_writer", "state_of"]

_BATCH = 1000  # rows of a Parquet row group or an Arrow batch


class Parts:
    """Files that are written beside their places and take them all at the end, or not at all.

    Used as a context: what was written is thrown away where the context is left by an error.

    Raises:
        UsageError: a file is there already and may not be replaced.
        StorageError: the disk is full, or a folder cannot be written.
    """

    def __init__(self, *, force: bool) -> None:
        self._force = force
        self._paths: dict[Path, Path] = {}
        self._made: list[Path] = []  # folders, outermost first

    def __enter__(self) -> Parts:
        return self

    def place(self, path: Path) -> Path:
        """Where to write what becomes `path`."""
        if path.exists() and (path.is_dir() or not self._force):
            raise UsageError(
                f"{path} is there already.",
                fix="Give another --out." if path.is_dir() else "Give another --out, or replace it with --force.",
            )
        missing = [each for each in path.parents if not each.exists()]
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        self._made += reversed(missing)
        self._paths[path] = path.with_name(f".{path.name}.{os.getpid()}.part")
        return self._paths[path]

    def write(self, path: Path, text: str) -> None:
        """A whole small file."""
        part = self.place(path)
        with _told(path):
            part.write_text(text, encoding="utf-8", newline="\n")

    @property
    def files(self) -> tuple[Path, ...]:
        """What there will be, in the order in which it was begun."""
        return tuple(self._paths)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        for path, part in self._paths.items():
            if kind is None:
                with _told(path):
                    part.replace(path)
            else:
                with suppress(OSError):
                    part.unlink(missing_ok=True)
        for folder in reversed(self._made if kind is not None else []):
            with suppress(OSError):  # somebody else has put something there
                folder.rmdir()


class RowWriter(Protocol):
    """Takes rows one at a time."""

    def write(self, row: Mapping[str, object]) -> None:
        """Add a row.

        Raises:
            Unfit: it holds what JSON does not have (`unreadable`); nothing of it is written.
            StorageError: the disk is full.
        """
        ...

    def close(self) -> None:
        """Write what is left."""
        ...


def row_writer(path: Path, part: Path, columns: Mapping[str, Column] | None) -> RowWriter:
    """A writer of the kind that the suffix of `path` says (`.parquet`, `.arrow`, else JSONL), which writes to `part`.

    Raises:
        UsageError: an extra is missing, or rows without fixed columns are to be a table.
        StorageError: the file cannot be written.
    """
    if path.suffix.lower() not in (".parquet", ".pq", ".arrow"):
        return _Lines(path, part)
    if columns is None:
        raise UsageError(f"{path.name} is a table, and these rows have no fixed columns.", fix="Use --to parquet.")
    return _Table(path, part, columns)


class _Lines:
    def __init__(self, path: Path, part: Path) -> None:
        self._path = path
        with _told(path):
            self._file = part.open("w", encoding="utf-8", newline="\n")

    def write(self, row: Mapping[str, object]) -> None:
        line = _encoded(row)
        with _told(self._path):
            self._file.write(line)

    def close(self) -> None:
        with _told(self._path):
            self._file.close()


class _Table:
    """A Parquet file, or an Arrow file in the streaming form that `datasets` keeps on disk."""

    def __init__(self, path: Path, part: Path, columns: Mapping[str, Column]) -> None:
        try:
            self._arrow = importlib.import_module("pyarrow")
            parquet = importlib.import_module("pyarrow.parquet")
        except ImportError as error:
            raise missing_extra(f"A file like {path.name}", "parquet") from error
        self._path, self._rows = path, list[Mapping[str, object]]()
        self._schema: Any = self._arrow.schema([(name, _type(self._arrow, kind)) for name, kind in columns.items()])
        with _told(path):
            self._writer: Any = (
                self._arrow.ipc.new_stream(str(part), self._schema) if path.suffix.lower() == ".arrow"
                else parquet.ParquetWriter(part, self._schema)
            )  # fmt: skip

    def write(self, row: Mapping[str, object]) -> None:
        self._rows.append(json.loads(_encoded(row)))  # always valid Unicode
        if len(self._rows) == _BATCH:
            self._flush()

    def close(self) -> None:
        self._flush()
        with _told(self._path):
            self._writer.close()

    def _flush(self) -> None:
        if self._rows:
            with _told(self._path):
                self._writer.write_table(self._arrow.Table.from_pylist(self._rows, self._schema))
            self._rows = []


def _encoded(row: Mapping[str, object]) -> str:
    """The row as a line; rows of tables may hold dates, bytes or decimals, and any row NaN."""
    try:
        return encode_line(row)
    except (TypeError, ValueError, RecursionError):
        raise Unfit("unreadable") from None


def _type(arrow: Any, kind: Column) -> Any:
    turn = arrow.struct([("role", arrow.string()), ("content", arrow.string())])
    says = arrow.struct([("from", arrow.string()), ("value", arrow.string())])
    return {
        "text": arrow.string(), "texts": arrow.list_(arrow.string()), "number": arrow.float64(),
        "numbers": arrow.list_(arrow.float64()), "turns": arrow.list_(turn), "said": arrow.list_(says), "turn": turn,
        "says": says, "pairs": arrow.list_(arrow.list_(arrow.string())),
    }[kind]  # fmt: skip


def state_of(rows: int, names: Iterable[str]) -> dict[str, Any]:
    """What `datasets.load_from_disk` wants beside an Arrow file."""
    sign = hashlib.sha256(f"{rows} {' '.join(names)}".encode()).hexdigest()[:16]
    return {
        "_data_files": [{"filename": name} for name in names], "_fingerprint": sign, "_format_columns": None,
        "_format_kwargs": {}, "_format_type": None, "_output_all_columns": False, "_split": "train",
    }  # fmt: skip


@contextmanager
def _told(path: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.", fix="Make room or choose another --out."
        ) from error
