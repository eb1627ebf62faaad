"""What the simulated provider counts, as GET /stats shows it."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

__all__ = ["Counters", "Log", "Logged"]


@dataclass(slots=True)
class Counters:
    """Counts since the start or the last reset. Times are of the monotonic clock, in seconds.

    Attributes:
        received: calls of every path that came in whole.
        accepted: calls that passed the checks and the limits, whatever became of them.
        answered: calls that were answered with status 200 and a whole, readable completion.
        rejected: calls that were refused at the door, by status.
        over_limit: those of them that passed a limit, by limit.
        faults: accepted and rejected calls that went wrong on purpose, by kind.
        given_up: calls whose client closed the connection before the answer.
        arrivals, answers: by body: how often it came, how often it was answered.
        seconds: by whole second since the first call: accepted, rejected.
    """

    received: int = 0
    accepted: int = 0
    answered: int = 0
    given_up: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    choices: int = 0
    in_flight: int = 0
    peak: int = 0
    first_call: float | None = None
    first_accepted: float | None = None
    last_accepted: float | None = None
    rejected: Counter[int] = field(default_factory=Counter[int])
    over_limit: Counter[str] = field(default_factory=Counter[str])
    faults: Counter[str] = field(default_factory=Counter[str])
    paths: Counter[str] = field(default_factory=Counter[str])
    arrivals: dict[int, int] = field(default_factory=dict[int, int])
    answers: dict[int, int] = field(default_factory=dict[int, int])
    seconds: dict[int, list[int]] = field(default_factory=dict[int, list[int]])

    def came(self, now: float, path: str, body: int) -> int:
        """Count a call; returns how often its body had come before."""
        self.received += 1
        self.paths[path] += 1
        if self.first_call is None:
            self.first_call = now
        before = self.arrivals.get(body, 0)
        self.arrivals[body] = before + 1
        return before

    def accept(self, now: float) -> None:
        """Count a call that was let in."""
        self.accepted += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        self.first_accepted = now if self.first_accepted is None else self.first_accepted
        self.last_accepted = now
        self._second(now)[0] += 1

    def reject(self, now: float, status: int) -> None:
        """Count a call that was refused at the door."""
        self.rejected[status] += 1
        self._second(now)[1] += 1

    def answer(self, body: int, tokens: tuple[int, int], choices: int) -> None:
        """Count a whole answer."""
        self.answered += 1
        self.answers[body] = self.answers.get(body, 0) + 1
        self.tokens_in += tokens[0]
        self.tokens_out += tokens[1]
        self.choices += choices

    def _second(self, now: float) -> list[int]:
        return self.seconds.setdefault(int(now - (self.first_call or now)), [0, 0])

    def shown(self) -> dict[str, Any]:
        """The counts as plain JSON values."""
        again = [count - 1 for count in self.answers.values() if count > 1]
        return {
            "received": self.received,
            "accepted": self.accepted,
            "answered": self.answered,
            "rejected": {str(status): count for status, count in sorted(self.rejected.items())},
            "over_limit": dict(self.over_limit),
            "faults": dict(self.faults),
            "given_up": self.given_up,
            "bodies": {"distinct": len(self.arrivals), "answered": len(self.answers)},
            "repeated": {"bodies": len(again), "answers": sum(again)},
            "choices": self.choices,
            "tokens": {"input": self.tokens_in, "output": self.tokens_out},
            "in_flight": self.in_flight,
            "peak": self.peak,
            "first_call": self.first_call,
            "first_accepted": self.first_accepted,
            "last_accepted": self.last_accepted,
            "paths": dict(self.paths),
            "seconds": [[second, *counts] for second, counts in sorted(self.seconds.items())],
        }


@dataclass(frozen=True, slots=True)
class Logged:
    """One call as the log keeps it. Times are of the monotonic clock; `status` 0 is a broken connection."""

    arrived: float
    done: float
    path: str
    body: int
    status: int
    accepted: bool
    why: str
    tokens_in: int
    tokens_out: int


class Log:
    """One JSON line a call, written when the call is done.

    Attributes:
        problem: why it could not be written any further; empty where all is well. The provider goes on without it.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.problem = ""
        self._file: TextIO = path.open("w", encoding="utf-8", buffering=1 << 16)

    def write(self, call: Logged) -> None:
        """Add one line."""
        line = {
            "arrived": round(call.arrived, 6), "done": round(call.done, 6), "path": call.path,
            "body": f"{call.body:016x}", "status": call.status, "accepted": call.accepted, "why": call.why,
            "tokens_in": call.tokens_in, "tokens_out": call.tokens_out,
        }  # fmt: skip
        self._try(lambda: self._file.write(json.dumps(line) + "\n"))

    def flush(self) -> None:
        """Put what is in memory on disk."""
        self._try(self._file.flush)

    def close(self) -> None:
        """End it."""
        self.flush()
        with contextlib.suppress(OSError):
            self._file.close()

    def _try(self, what: Callable[[], object]) -> None:
        if self.problem:
            return
        try:
            what()
        except OSError as error:
            self.problem = error.strerror or type(error).__name__
