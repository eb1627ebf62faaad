"""A call on its way, and who waits for it: small records, so that a million that wait cost no million tasks."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from .outcomes import Outcome
from .pacing.gate import Load
from .pacing.line import Line
from .requests import Request
from .retries import Tries

__all__ = ["Flight", "Ticket"]


@dataclass(slots=True, eq=False)
class Ticket:
    """Somebody's wish for the outcome of a call. `booked` is the place that the outcome is booked on so far."""

    request: Request
    key: str
    future: asyncio.Future[Outcome]
    flight: Flight | None = None
    booked: tuple[str, str] = ("", "")


@dataclass(slots=True, eq=False)
class Flight:
    """One call under way, asked for by one or by several.

    Attributes:
        out: whether an attempt is out; it lands whoever still waits.
        gone: whether it needs no further attempt: nobody waits, or it has ended.
        tries: how it fared so far; made at its first fault.
        together: with how many others at most it may be sent, itself included; 0 where nothing is known against it.
        line: where it waits for its turn; None while it is out, or between two tries.
    """

    request: Request
    key: str
    load: Load
    tickets: list[Ticket] = field(default_factory=list[Ticket])
    tries: Tries | None = None
    out: bool = False
    gone: bool = False
    together: int = 0
    line: Line[Flight] | None = None

    @property
    def share(self) -> str:
        """Agents share fairly, whatever each of them asks at once."""
        return self.request.role

    @property
    def weight(self) -> float:
        """Tokens that it is expected to take."""
        return self.load.input + self.load.output

    @property
    def urgent(self) -> bool:
        """Whether it is on the critical path."""
        return self.request.urgent

    def fared(self) -> Tries:
        """Its tries, which only those have that need them."""
        if self.tries is None:
            self.tries = Tries()
        return self.tries
