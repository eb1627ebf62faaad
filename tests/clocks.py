"""Clocks for tests: no test waits for time to pass."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

import anyio
import anyio.lowlevel

__all__ = ["JumpingClock", "SimulatedClock"]


class JumpingClock:
    """Every wait ends at once and moves the clock on by what it would have taken.

    Attributes:
        waits: the seconds of every wait, in order.
    """

    def __init__(self) -> None:
        self.time = 0.0
        self.waits: list[float] = []

    def now(self) -> float:
        """Seconds since the start of the test."""
        return self.time

    def call_at(self, when: float, call: Callable[[], None]) -> asyncio.Handle:
        """Jump there in the next turn of the event loop."""

        if when > self.time:
            self.waits.append(when - self.time)

        def jump() -> None:
            self.time = max(self.time, when)
            call()

        return asyncio.get_running_loop().call_soon(jump)

    async def sleep(self, seconds: float) -> None:
        """Jump."""
        self.waits.append(seconds)
        self.time += seconds
        await anyio.lowlevel.checkpoint()


class _Timer:
    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call

    def cancel(self) -> None:
        self.call = None


class SimulatedClock:
    """Time stands still until the test says `advance`; then it jumps to the next moment at which something happens."""

    def __init__(self) -> None:
        self.time = 0.0
        self._timers: list[tuple[float, int, _Timer]] = []
        self._number = 0

    def now(self) -> float:
        """Seconds since the start of the test."""
        return self.time

    def call_at(self, when: float, call: Callable[[], None]) -> _Timer:
        """Put a call off."""
        timer = _Timer(call)
        self._number += 1
        heapq.heappush(self._timers, (when, self._number, timer))
        return timer

    async def sleep(self, seconds: float) -> None:
        """Wait until the test has advanced so far."""
        over = anyio.Event()
        timer = self.call_at(self.time + seconds, over.set)
        try:
            await over.wait()
        finally:
            timer.cancel()

    def advance(self) -> bool:
        """Go to the next timer and call it; False where there is none."""
        while self._timers:
            when, _, timer = heapq.heappop(self._timers)
            if timer.call is not None:
                self.time = max(self.time, when)
                timer.call()
                return True
        return False
