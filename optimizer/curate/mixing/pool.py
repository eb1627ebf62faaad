"""Rows of several sets, known by their content: texts in a scratch file, only keys and places in memory."""

from __future__ import annotations

import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import cast

from ....agents.gateway.errors import UsageError
from ...dataset.exports.example import Example
from ...dataset.exports.reading import Source
from ...dataset.fields import TEXT_FIELDS
from ...dataset.language import language_of
from ...dataset.rows import encode_line
from ..paths import unsaid
from ..rows import value_at, word_of

__all__ = ["MixSet", "Pool", "PoolRow", "file_sha256"]

NO_GROUP = "(none)"
_USUAL = ("topic", "category", "skill", "provenance.topic", "provenance.tags.task_category")
_OURS = ("id", "instruction", "response", "system", "context", "provenance")
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class PoolRow:
    """A row that can be drawn.

    Args:
        key: 64 hex digits that set, own id and all else of the row say: the same wherever it stands.
        name: of its set.
        group: topic, language or whatever rows are counted by.
        own: its id in its set; empty where it has none.
        place, length: its text in the scratch file, in bytes.
    """

    key: str
    name: str
    group: str
    own: str
    place: int
    length: int


@dataclass(slots=True)
class MixSet:
    """A set of rows.

    Args:
        name: as the manifest calls it.
        source: file or run, in words.
        sha256: of the file; empty where there is none (a data set of the Hub).
        read: rows that were met.
        unusable: those that cannot be mixed, by reason.
    """

    name: str
    source: str
    sha256: str = ""
    read: int = 0
    unusable: Counter[str] = field(default_factory=Counter[str])


class Pool:
    """The rows of all sets. A context: its scratch file is gone at the end.

    Memory: about 450 bytes a row.

    Args:
        by: what rows are grouped by: a dotted path into the row (`provenance.topic`), `language`, `length` (powers of
            two of characters), or empty for the first usual name that a row has (`topic`, `category`, `skill` …).
    """

    def __init__(self, by: str = "") -> None:
        self._by = by
        self._stack = ExitStack()
        self._seen: Counter[str] = Counter()
        self._fields: set[str] = set()
        self._named: Counter[str] = Counter()
        self.sets: dict[str, MixSet] = {}
        self.rows: dict[str, list[PoolRow]] = {}
        """Rows by set, as they were read."""
        self.unusable: list[dict[str, object]] = []
        """What cannot be mixed: set, id, reason."""

    def __enter__(self) -> Pool:
        self._file = self._stack.enter_context(tempfile.TemporaryFile())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add(self, name: str, source: Source, path: Path | None = None) -> None:
        """Read a set.

        Raises:
            UsageError: there is a set of this name already, or it has no row that can be mixed.
        """
        if name in self.sets:
            raise UsageError(f"Two sets are named {name!r}.", fix="Name one of them: other=FILE.")
        known = self.sets[name] = MixSet(name, source.name, "" if path is None else file_sha256(path))
        rows = self.rows[name] = []
        for met in source.met():
            known.read += 1
            why, row_id = ("", met.id) if isinstance(met, Example) else (str(met), met.row_id)
            if isinstance(met, Example) and not met.response.strip():
                why = "no-response"
            if isinstance(met, Example) and not why:
                try:
                    rows.append(self._kept(name, met))
                except (TypeError, ValueError, RecursionError):  # NaN, dates of tables: nothing that JSON has
                    why = "unreadable"
            if not why:
                continue
            known.unusable[why] += 1
            self.unusable.append({"set": name, "id": row_id, "reason": why})
        if not rows:
            raise UsageError(f"{source.name} has no row with an answer.", fix="Give rows with instruction and answer.")

    def check_groups(self) -> None:
        """That some row says what rows are grouped by, where a path is named.

        Raises:
            UsageError: no row of any set does.
        """
        if self._by and all(row.group == NO_GROUP for row in self.all_rows()):
            raise unsaid(self._by, "mix", "field", sorted(self._fields))

    def _kept(self, name: str, example: Example) -> PoolRow:
        self._fields |= {str(field) for field in example.row}
        named = example.row.get("id", example.row.get("seed_id"))
        own = str(named) if isinstance(named, str | int) and not isinstance(named, bool) else ""
        group = _group_of(example, self._by)
        line = encode_line(_object(example, name, own, group)).encode()
        key = hashlib.sha256(line).hexdigest()
        self._seen[key] += 1
        if self._seen[key] > 1:  # the same row again is another row
            key = hashlib.sha256(f"{key} {self._seen[key]}".encode()).hexdigest()
        place = self._file.seek(0, 2)
        self._file.write(line)
        self._named[f"{name}/{own}"] += bool(own)
        return PoolRow(key, name, group, own, place, len(line))

    def id_of(self, row: PoolRow, copy: int = 1) -> str:
        """Unique in the mix, and the same for any order of the rows: `maths/seed-000017`, a second copy of it `…#2`."""
        own = row.own if row.own and self._named[f"{row.name}/{row.own}"] == 1 else ""
        mark = own or (f"{row.own}-{row.key[:12]}" if row.own else row.key[:12])
        return f"{row.name}/{mark}" + (f"#{copy}" if copy > 1 else "")

    def line(self, row: PoolRow, copy: int = 1) -> str:
        """The row as a line of JSONL."""
        self._file.seek(row.place)
        rest = self._file.read(row.length).decode()
        return f"{encode_line({'id': self.id_of(row, copy)})[:-2]}, {rest[1:]}"

    def all_rows(self) -> Iterator[PoolRow]:
        """Of every set, in the order of reading."""
        for rows in self.rows.values():
            yield from rows


def _object(example: Example, name: str, own: str, group: str) -> dict[str, object]:
    """The row in AutoEvol's own form, but for its id."""
    came = example.row.get("provenance")
    said = cast("dict[str, object]", came) if isinstance(came, dict) else {}
    return {
        "instruction": example.asked,
        "response": example.response,
        "system": example.system,
        "context": [{"role": turn.speaker, "content": turn.text} for turn in example.context],
        **{field: value for field, value in example.row.items() if field not in _OURS and field not in TEXT_FIELDS},
        "provenance": {**said, "mixed": {"set": name, "id": own, "group": group}},
    }


def _group_of(example: Example, by: str) -> str:
    """What a row is counted under; `(none)` where it says nothing."""
    if by == "language":
        return example.language or language_of(example.asked) or NO_GROUP
    if by == "length":
        return f"under {1 << (len(example.asked) + len(example.response)).bit_length()} characters"
    for path in (by,) if by else _USUAL:
        value = value_at(example.row, path)
        if isinstance(value, str | int | float | bool) and str(value).strip():
            return word_of(value) or NO_GROUP
    return NO_GROUP


def file_sha256(path: Path) -> str:
    """Of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            digest.update(part)
    return digest.hexdigest()
