"""How a run goes, for a program: one JSON object a line, in the form that status.json has too."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from ...agents.gateway.progress import Forecast, Progress
from .watcher import QuietWatcher

__all__ = ["JsonWatcher", "figures_object", "left_object"]

_EVERY_S = 10.0


def figures_object(now: Progress) -> dict[str, Any]:
    """The gateway's figures: calls, calls a minute and what is permitted, tokens, USD, seconds."""
    return {
        "calls": now.calls, "journaled": now.journaled, "in_flight": now.in_flight, "waiting": now.waiting,
        "waiting_on": now.waiting_on, "calls_per_min": round(now.calls_per_min, 1), "permitted": dict(now.permitted),
        "tokens_per_min": round(now.tokens_per_min, 1), "tokens_out": now.tokens_out, "spent_usd": now.spent_usd,
        "free": now.free, "elapsed_s": round(now.elapsed_s, 1),
    }  # fmt: skip


def left_object(left: Forecast) -> dict[str, Any]:
    """What is left at most: calls, seconds and USD (null where unknown), what binds, which cap comes before the end."""
    return {
        "calls": left.calls, "seconds": None if left.seconds is None else round(left.seconds), "usd": left.usd,
        "bound_by": left.bound_by, "cap": left.cap,
    }  # fmt: skip


@dataclass(slots=True)
class _Part:
    step: int | None = None
    name: str = "starting"
    done: int = 0
    total: int = 0


class JsonWatcher(QuietWatcher):
    """Each line has a `kind`: `begin`, `part`, `progress` (about every ten seconds), `note` and `end`.

    Args:
        stream: where the lines go.
        clock: seconds, for the pauses between lines.
    """

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._look: Callable[[], Progress] | None = None
        self._part = _Part()
        self._said = clock()

    def begin(self, folder: Path, forecast: str) -> None:
        """The folder, and what it will take in words."""
        self._say("begin", folder=str(folder), forecast=forecast)

    def phase(self, step: int | None, name: str, total: int) -> None:
        """A part begins; `step` counts from 0 and is null outside the loop."""
        self._part = _Part(step, name, 0, total)
        self._say("part", **self._standing())

    def tick(self, done: int) -> None:
        """How far it is, from time to time."""
        self._part.done = done
        self.beat()

    def beat(self) -> None:
        """How it stands, where nothing was said for a while: also in an outage, a pause, or a long call."""
        if self._clock() - self._said >= _EVERY_S:
            self._say("progress", **self._standing())

    def note(self, line: str) -> None:
        """One line that is for a person."""
        self._say("note", text=line)

    def attach(self, progress: Callable[[], Progress]) -> None:
        """Remember where the figures are."""
        self._look = progress

    def end(self, summary: str) -> None:
        """How it ended, in words, and the last figures."""
        self._say("end", story=summary, **self._standing(left=False))

    def _standing(self, *, left: bool = True) -> dict[str, Any]:
        now = self._look() if self._look is not None else None
        figures = {} if now is None else figures_object(now)
        if left and now is not None and now.forecast is not None:
            figures["left"] = left_object(now.forecast)
        return {"part": asdict(self._part), **figures}

    def _say(self, kind: str, **fields: object) -> None:
        self._said = self._clock()
        try:
            print(json.dumps({"kind": kind, **fields}, ensure_ascii=False), file=self._stream, flush=True)
        except OSError:
            return  # nobody reads it any more; the run itself goes on
