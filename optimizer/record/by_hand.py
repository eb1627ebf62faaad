"""What a person says of a run's rows, in files of their own beside the run's: nothing of the run is ever overwritten.

labels.jsonl    verdicts on single evolutions, as `autoevol judge-audit` reads them; the last one of an item stays
edits.jsonl     rows of the data set written anew by hand, oldest first
quality.jsonl   answers to the questions of the quality review, oldest first
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from ...agents.gateway.errors import StorageError
from ..dataset.rows import encode_line
from .folder import write_atomically

__all__ = ["ANSWERS", "EDITS", "LABELS", "keep", "put_label", "read_by_hand", "text_sign"]

LABELS, EDITS, ANSWERS = "labels.jsonl", "edits.jsonl", "quality.jsonl"
_LOCK = ".labels.lock"


def read_by_hand(folder: Path, name: str) -> list[dict[str, Any]]:
    """The whole lines of one of these files; what is damaged is passed over, nothing where there is no file."""
    try:
        lines = (folder / name).read_bytes().split(b"\n")
    except OSError:
        return []
    return [row for line in lines if (row := _row(line)) is not None]


def keep(folder: Path, name: str, row: Mapping[str, Any]) -> None:
    """Add a line, durably.

    Raises:
        StorageError: it cannot be written.
    """
    path = folder / name
    try:
        with path.open("ab") as file:
            file.write(encode_line(row).encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _storage(path, error) from error


def put_label(folder: Path, row: Mapping[str, Any]) -> None:
    """Put a verdict on record; it takes the place of an earlier one on the same item.

    Raises:
        StorageError: it cannot be written.
    """
    with _alone(folder):
        others = [each for each in read_by_hand(folder, LABELS) if each.get("id") != row["id"]]
        write_atomically(folder / LABELS, "".join(encode_line(each) for each in (*others, row)))


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """One at a time, over all threads and processes: two people may judge at once.

    The lock is a file that can be written: network file systems lock nothing else, a folder least of all.
    """
    path = folder / _LOCK
    try:
        door = path.open("ab")
    except OSError as error:
        raise _storage(path, error) from error
    with door:
        try:
            fcntl.flock(door, fcntl.LOCK_EX)
        except OSError as error:
            raise _storage(path, error) from error
        yield


def _storage(path: Path, error: OSError) -> StorageError:
    return StorageError(f"{path} cannot be written: {error.strerror}.", fix="Make room or give write permission.")


def text_sign(*texts: str) -> str:
    """A sign by which a row that has changed since is told from the one that a person saw."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _row(line: bytes) -> dict[str, Any] | None:
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None
