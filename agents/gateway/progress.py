"""How it goes: what a person who looks at a running session wants to know of the gateway."""

from __future__ import annotations

from dataclasses import dataclass

from .clock import Clock
from .outcomes import Outcome

__all__ = ["Meter", "Progress"]


@dataclass(frozen=True, slots=True)
class Progress:
    """The gateway at one moment.

    Args:
        calls: calls finished in this session.
        journaled: calls answered by the journal in this session.
        in_flight: calls sent and not yet answered.
        waiting: calls asked for and not sent: in a queue, or between two tries.
        waiting_on: what they wait for (`default: rpm`, `judge: outage`, `budget`), with commas; empty for nothing.
        tokens_out: output tokens of this session.
        tokens_per_s: the same for each second since the first call was sent.
        spent_usd: money over all restarts; None where a part of it is unknown.
        free: whether every endpoint is free.
        elapsed_s: seconds of this session.
    """

    calls: int
    journaled: int
    in_flight: int
    waiting: int
    waiting_on: str
    tokens_out: int
    tokens_per_s: float
    spent_usd: float | None
    free: bool
    elapsed_s: float


class Meter:
    """Counts of one session."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.now()
        self._first: float | None = None
        self.calls = 0
        self.journaled = 0
        self.tokens_out = 0

    def asked(self) -> None:
        """A call is about to be sent."""
        if self._first is None:
            self._first = self._clock.now()

    def finished(self, outcome: Outcome) -> None:
        """A call came to its end."""
        self.calls += 1
        self.tokens_out += outcome.usage.output_tokens

    def progress(
        self, in_flight: int, under_way: int, waiting_on: str, spent_usd: float | None, *, free: bool
    ) -> Progress:
        """The state now."""
        now = self._clock.now()
        took = now - self._first if self._first is not None else 0.0
        return Progress(
            calls=self.calls,
            journaled=self.journaled,
            in_flight=in_flight,
            waiting=max(0, under_way - in_flight),
            waiting_on=waiting_on,
            tokens_out=self.tokens_out,
            tokens_per_s=self.tokens_out / took if took > 0 else 0.0,
            spent_usd=spent_usd,
            free=free,
            elapsed_s=now - self._began,
        )
