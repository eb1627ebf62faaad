"""Who is told how a run goes on, and what there is to see: interfaces, and the one that shows nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from ...agents.gateway.progress import Progress

__all__ = ["QuietWatcher", "Watcher"]


class Watcher(Protocol):
    """Who is told how a run goes on. Used as a context manager around the session."""

    def __enter__(self) -> Self:
        """Begin to show."""
        ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop showing and leave the terminal as it was."""
        ...

    def begin(self, folder: Path, forecast: str) -> None:
        """A session starts in this folder; the forecast is one line, or empty."""
        ...

    def phase(self, step: int | None, name: str, total: int) -> None:
        """A new part of the work begins, with so many items; `step` counts from 0, None outside the loop."""
        ...

    def tick(self, done: int) -> None:
        """So many items of the part are done."""
        ...

    def beat(self) -> None:
        """Some seconds have passed, whether or not an item was done in them."""
        ...

    def note(self, line: str) -> None:
        """One line for the person: an outage, a decision."""
        ...

    def attach(self, progress: Callable[[], Progress]) -> None:
        """From now on the gateway's figures can be looked at with this."""
        ...

    def end(self, summary: str) -> None:
        """The session is over. The summary itself is printed by the command, here only the last figures are."""
        ...


class QuietWatcher:
    """Shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def begin(self, folder: Path, forecast: str) -> None:
        """Nothing is shown."""

    def phase(self, step: int | None, name: str, total: int) -> None:
        """Nothing is shown."""

    def tick(self, done: int) -> None:
        """Nothing is shown."""

    def beat(self) -> None:
        """Nothing is shown."""

    def note(self, line: str) -> None:
        """Nothing is shown."""

    def attach(self, progress: Callable[[], Progress]) -> None:
        """Nothing is shown."""

    def end(self, summary: str) -> None:
        """Nothing is shown."""
