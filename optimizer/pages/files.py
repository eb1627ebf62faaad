"""Reading the files of a run for a page: what is missing is left out, what is damaged is named, one row at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError

__all__ = ["RunFiles"]

RecordT = TypeVar("RecordT", bound=BaseModel)
_TEXT_BYTES = 2_000_000  # more of a text file than this is not shown


class RunFiles:
    """The files of one run. What cannot be read is left out and named in `troubles`, once per file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._damaged: dict[str, str] = {}

    @property
    def troubles(self) -> tuple[str, ...]:
        """One sentence for each file that could not be read in full, in order of name."""
        return tuple(f"{name}: {what}" for name, what in sorted(self._damaged.items()))

    def trouble(self, name: str, what: str) -> None:
        """Put on record that a file could not be read in full; `what` says so without the path of the run."""
        self._damaged[name] = what

    def has(self, name: str) -> bool:
        """Whether the run has this file or folder."""
        return (self.folder / name).exists()

    def present(self, folder: str, names: Sequence[str]) -> tuple[str, ...]:
        """Which of these files a folder of the run has."""
        return tuple(name for name in names if self.has(f"{folder}/{name}"))

    def numbers(self, name: str) -> list[int]:
        """The numbered folders inside a folder (`steps`, `candidates`), in order."""
        try:
            names = [path.name for path in (self.folder / name).iterdir() if path.is_dir()]
        except OSError:
            return []
        return sorted(int(child) for child in names if child.isascii() and child.isdigit())

    def text(self, name: str, most: int | None = _TEXT_BYTES) -> str | None:
        """The first `most` bytes of a text file, or all of it; None where there is none."""
        try:
            with (self.folder / name).open("rb") as file:
                return file.read(most).decode("utf-8", "replace")
        except FileNotFoundError:
            return None
        except OSError as error:
            self._damaged[name] = f"it cannot be read ({error.strerror})."
            return None

    def tree(self, name: str) -> dict[str, Any]:
        """A JSON object, empty where there is none."""
        text = self.text(name, most=None)
        if text is None:
            return {}
        value = _json(text)
        if value is None:
            self._damaged[name] = "it is not a JSON object."
        return value or {}

    def record(self, name: str, kind: type[RecordT]) -> RecordT | None:
        """A JSON file as a record, or None where there is none."""
        if not self.has(name):
            return None
        try:
            return kind.model_validate(self.tree(name))
        except ValidationError:
            self._damaged[name] = "it does not have the expected form."
            return None

    def rows(self, name: str, kind: type[RecordT]) -> Iterator[RecordT]:
        """The rows of a JSONL file, one at a time; lines that are not rows are counted in `troubles`."""
        damaged = 0
        for line in self._lines(name):
            row = _row(line, kind)
            if row is None:
                damaged += 1
            else:
                yield row
        if damaged:
            self._damaged[name] = f"{damaged} line{'s are' if damaged > 1 else ' is'} damaged and not shown."

    def sample(self, name: str, kind: type[RecordT], most: int) -> tuple[list[RecordT], int]:
        """Rows spread evenly over a JSONL file of any size, and how many lines it has. One line is in memory at a time.

        Returns:
            At most `most` rows in file order, the first among them; the number of lines.
        """
        total = sum(1 for _ in self._lines(name))
        wanted = {index * total // most for index in range(most)} if total > most else set(range(total))
        rows: list[RecordT] = []
        for number, line in enumerate(self._lines(name)):
            if number in wanted and (row := _row(line, kind)) is not None:
                rows.append(row)
        if len(rows) < len(wanted):
            self._damaged[name] = f"{len(wanted) - len(rows)} of the sampled lines are damaged and not shown."
        return rows, total

    def _lines(self, name: str) -> Iterator[bytes]:
        try:
            with (self.folder / name).open("rb") as file:
                yield from (line for line in file if line.strip())
        except FileNotFoundError:
            return
        except OSError as error:
            self._damaged[name] = f"it cannot be read ({error.strerror})."


def _row(line: bytes, kind: type[RecordT]) -> RecordT | None:
    value = _json(line.decode("utf-8", "replace"))
    if value is None:
        return None
    try:
        return kind.model_validate(value)
    except ValidationError:
        return None


def _json(text: str) -> dict[str, Any] | None:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
