"""Events: what changed the course of a run and is not a function of its settings, seeds and answers (design, law 2).

An event is on disk before it takes effect. A replay reads it instead of asking the clock, the ledger or the person.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...agents.gateway.errors import StorageError
from ..dataset.rows import encode_line

__all__ = ["EventLog", "read_events"]


def read_events(path: Path) -> list[dict[str, Any]]:
    """All whole events of a run; a line torn by a crash is not one."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.", fix="Check the run folder.") from error
    events: list[dict[str, Any]] = []
    for number, line in enumerate(lines[:-1], start=1):
        try:
            events.append(json.loads(line))
        except ValueError as error:
            raise StorageError(
                f"{path}, line {number} is damaged.", fix="Restore the file from a copy, or start a new run."
            ) from error
    return events


class EventLog:
    """The events of one run, appended by the running process alone. Events before this process are `past`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.past = read_events(path)
        self._decided = {event["point"]: event["value"] for event in self.past if event["kind"] == "decision"}
        self._drop_torn_tail()

    def append(self, kind: str, **fields: Any) -> None:
        """Write one event durably.

        Raises:
            StorageError: it could not be written; then it has not happened.
        """
        event = {"kind": kind, "at": datetime.now(UTC).isoformat(timespec="seconds"), **fields}
        try:
            with self.path.open("ab") as file:
                file.write(encode_line(event).encode())
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise StorageError(
                f"{self.path} cannot be written: {error.strerror}.",
                fix="Make room or give write permission, then `autoevol resume`.",
            ) from error

    def decide(self, point: str, choose: Callable[[], Any]) -> Any:
        """The decision at a named point: the one on record, or a new one that is put on record first.

        Args:
            point: a name that is the same in every replay (`steps/003/go`).
            choose: looks at the clock, the ledger or the person; its value must be plain JSON.
        """
        if point not in self._decided:
            value = choose()
            self.append("decision", point=point, value=value)
            self._decided[point] = value
        return self._decided[point]

    @property
    def saved(self) -> str:
        """Why the search ended to keep a part of the budget, where that is on record; else an empty string."""
        return next((str(value) for point, value in self._decided.items() if point.endswith("/go") and value), "")

    def decided(self, point: str) -> Any:
        """What is on record for a named point, or None. For decisions that must be awaited; `put` keeps them."""
        return self._decided.get(point)

    def put(self, point: str, value: Any) -> None:
        """Put a decision on record; the first one for a point stays."""
        self.decide(point, lambda: value)

    def _drop_torn_tail(self) -> None:
        try:
            whole = self.path.read_bytes()
        except FileNotFoundError:
            return
        end = whole.rfind(b"\n") + 1
        if end != len(whole):
            with self.path.open("r+b") as file:
                file.truncate(end)
