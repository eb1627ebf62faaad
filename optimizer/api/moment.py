"""Where a run stands at one moment, for a function of the caller's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ..pages.watcher import QuietWatcher, Watcher
from .problems import OfCaller

if TYPE_CHECKING:
    from ...agents.gateway.progress import Progress

__all__ = ["Moment", "OnProgress", "watcher_of"]


@dataclass(frozen=True, slots=True)
class Moment:
    """Where a run stands.

    Args:
        folder: of the run.
        part: what it is doing: `batch`, `race`, `test`, `apply` …; `starting` before the first, `ended` at the end.
        step: turn of the loop, from 0; None outside the loop.
        done, total: items of this part.
        calls: calls finished in this session.
        usd: money over all sessions; None where a part of it is unknown.
        note: one line for a person (an outage, a decision, at the end the summary); mostly empty.
    """

    folder: Path
    part: str = "starting"
    step: int | None = None
    done: int = 0
    total: int = 0
    calls: int = 0
    usd: float | None = 0.0
    note: str = ""


OnProgress: TypeAlias = Callable[[Moment], None] | bool
"""A function that is told of every item and note; True for what the command shows on stderr; False for nothing."""


class _Telling(QuietWatcher):
    """Tells a function. An error that it raises ends the session; what is finished is kept."""

    def __init__(self, tell: Callable[[Moment], None], folder: Path) -> None:
        self._tell, self._folder = tell, folder
        self._place: tuple[str, int | None, int, int] = ("starting", None, 0, 0)
        self._look: Callable[[], Progress] | None = None

    def phase(self, step: int | None, name: str, total: int) -> None:
        """A part begins."""
        self._place = (name, step, 0, total)
        self._say()

    def tick(self, done: int) -> None:
        """An item is done."""
        part, step, _, total = self._place
        self._place = (part, step, done, total)
        self._say()

    def note(self, line: str) -> None:
        """A line for the person."""
        self._say(line)

    def attach(self, progress: Callable[[], Progress]) -> None:
        """Remember where the figures are."""
        self._look = progress

    def end(self, summary: str) -> None:
        """It is over."""
        self._place = ("ended", *self._place[1:])
        self._say(summary)

    def _say(self, note: str = "") -> None:
        now = self._look() if self._look is not None else None
        part, step, done, total = self._place
        calls, usd = (0, 0.0) if now is None else (now.calls, now.spent_usd)
        moment = Moment(self._folder, part, step, done, total, calls, usd, note)
        try:
            self._tell(moment)
        except OSError as error:  # else it would be taken for a disk of ours that is full
            raise OfCaller(error) from error


def watcher_of(progress: OnProgress, folder: Path, steps: int | None = None) -> Watcher:
    """Who is told how a run goes.

    Args:
        progress: as the functions take it.
        folder: of the run.
        steps: turns of the loop, at most; None where there is none.
    """
    if callable(progress):
        return _Telling(progress, folder)
    if not progress:
        return QuietWatcher()
    from ..pages.progress import make_watcher  # noqa: PLC0415  draws, and is seldom asked for

    return make_watcher(steps=steps)
