"""The files of a run. Settings, journal and events are its truth; everything else is rebuilt from these three.

settings.json     frozen at the start, with fingerprints of seeds, prompts and detectors
journal.sqlite    every finished call (the gateway's)
events.jsonl      decisions that are not a function of settings, seeds and answers
status.json       how it stands, for `autoevol runs`
messages.jsonl    who said what to whom
steps/000/        a step: method, trajectories of its batch, candidates, decision
test/             the confirmation
method.md         the best method so far, readable and loadable
dataset.jsonl     the finished rows        dropped.jsonl    the others, each with its reason
unused.jsonl      lines of the source that could not be used
report.html       the story
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from ...agents.gateway.errors import StorageError, UsageError
from ..dataset.rows import encode_line

__all__ = ["ABLATION", "COMPARISON", "EXTERNAL", "RowsFile", "RunFolder", "new_folder", "write_atomically"]

COMPARISON, ABLATION = "compare.json", "ablation.json"
EXTERNAL = "external.json"


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never half of it.

    Raises:
        StorageError: the disk is full or the folder cannot be written.
    """
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8", errors="replace", newline="\n")
        part.replace(path)
    except OSError as error:
        raise _storage(path, error) from error


class RowsFile:
    """Rows that are written in order while work goes on, and take the file's place when the writing ends.

    A file that is there with more rows stays: a continued run that is stopped early must not shorten it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + ".part")
        self._file: TextIO | None = None
        self.rows = 0

    def __enter__(self) -> RowsFile:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("w", encoding="utf-8", errors="replace", newline="\n")
        except OSError as error:
            raise _storage(self._path, error) from error
        return self

    def write(self, row: Mapping[str, Any]) -> None:
        """Add one row.

        Raises:
            StorageError: the disk is full.
        """
        if self._file is None:
            raise ValueError(f"{self._path.name} is not open")
        try:
            self._file.write(encode_line(row))
        except OSError as error:
            raise _storage(self._path, error) from error
        self.rows += 1

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if self._file is None:
            return
        try:
            self._file.close()
            if kind is None or self.rows >= _count_lines(self._path):
                self._part.replace(self._path)
            else:
                self._part.unlink()
        except OSError as problem:
            if error is None:
                raise _storage(self._path, problem) from problem


class RunFolder:
    """A run on disk: where its files are, and how they are written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write_json(self, name: str, value: Any) -> None:
        """Write one JSON file, readable, atomically."""
        write_atomically(self.path / name, json.dumps(value, ensure_ascii=False, indent=2) + "\n")

    def write_text(self, name: str, text: str) -> None:
        """Write one text file atomically."""
        write_atomically(self.path / name, text)

    def write_rows(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write one JSONL file atomically."""
        write_atomically(self.path / name, "".join(encode_line(row) for row in rows))

    def rows(self, name: str) -> RowsFile:
        """A JSONL file that is written while work goes on."""
        return RowsFile(self.path / name)

    def read_json(self, name: str) -> Any:
        """Read one JSON file.

        Raises:
            UsageError: it is missing or unreadable.
        """
        path = self.path / name
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise UsageError(
                f"{self.path} is not a run: it has no {name}.", fix="Give the folder of a run (see `autoevol runs`)."
            ) from error
        except (OSError, ValueError) as error:
            raise UsageError(f"{path} cannot be read: {error}.", fix="Restore it, or start a new run.") from error


def new_folder(root: Path, name: str) -> Path:
    """Make a folder `<date>-<name>` that was not there before.

    Raises:
        StorageError: it cannot be made.
    """
    day = datetime.now().astimezone().date().isoformat()
    safe = "".join(letter if letter.isalnum() or letter in "-_" else "-" for letter in name).strip("-") or "run"
    for number in range(1, 10_000):
        folder = root / (f"{day}-{safe}" if number == 1 else f"{day}-{safe}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        except OSError as error:
            raise StorageError(
                f"The run folder {folder} cannot be made: {error.strerror}.", fix="Choose another place with --runs."
            ) from error
        return folder
    raise StorageError(f"{root} holds too many runs of this name.", fix="Choose another --name.")


def _count_lines(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return sum(1 for _ in file)
    except OSError:
        return 0


def _storage(path: Path, error: OSError) -> StorageError:
    reason = error.strerror or type(error).__name__
    return StorageError(
        f"{path} cannot be written: {os.fsdecode(reason)}.",
        fix="Make room or give write permission; what was finished is kept, `autoevol resume` goes on from it.",
    )
