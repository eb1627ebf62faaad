"""The generic cell rate algorithm (GCRA): one number a limit, from which the next permit follows exactly."""

from __future__ import annotations

__all__ = ["BURST_S", "Pacer", "Pacing"]

from typing import Protocol

# What may be caught up after a pause or a stall of the event loop, in seconds' worth. A provider with the smallest
# bucket in use (one second) is never emptied by it.
BURST_S = 0.5


class Pacing(Protocol):
    """One rate that is kept. Amounts are in units of that rate."""

    @property
    def per_second(self) -> float:
        """The rate."""
        ...

    def ready_at(self, amount: float) -> float:
        """The earliest moment at which so much may pass."""
        ...

    def take(self, amount: float, now: float) -> None:
        """Let it pass."""
        ...

    def correct(self, amount: float) -> None:
        """Take so much more, or give it back where it is negative."""
        ...


class Pacer:
    """GCRA for one rate: the moment at which all that was let through so far would have been paid off.

    Over any window of W seconds at most `per_second * (W + burst_s)` units pass, and one call more where a single call
    is larger than the burst: it waits until everything before it is paid off and then pays its own. It begins without
    a burst, so the first second is as smooth as every other.

    Args:
        per_second: units a second.
        now: the moment from which on it paces.
        burst_s: how many seconds' worth may be caught up.
    """

    __slots__ = ("_burst", "_paid", "_unit")

    def __init__(self, per_second: float, now: float, burst_s: float = BURST_S) -> None:
        self._unit = 1.0 / per_second
        self._burst = burst_s
        self._paid = now + burst_s - self._unit

    @property
    def per_second(self) -> float:
        """The rate."""
        return 1.0 / self._unit

    def change(self, per_second: float) -> None:
        """Another rate from now on; what was let through stays paid for as it was."""
        self._unit = 1.0 / per_second

    def ready_at(self, amount: float) -> float:
        """The earliest moment at which so much may pass."""
        return self._paid - max(0.0, self._burst - amount * self._unit)

    def shrink(self, burst_s: float) -> None:
        """Catch up less from now on."""
        self._paid -= max(0.0, self._burst - burst_s)
        self._burst = min(self._burst, burst_s)

    def rest(self, until: float) -> None:
        """Begin anew then: what a pause left unused is not caught up, since nobody knows whether it may be."""
        self._paid = max(self._paid, until + self._burst)

    def take(self, amount: float, now: float) -> None:
        """Let it pass."""
        self._paid = max(self._paid, now) + amount * self._unit

    def correct(self, amount: float) -> None:
        """Take so much more, or give it back where it is negative."""
        self._paid += amount * self._unit
