"""The time of the gateway: everything that waits, waits by this, so that tests can turn the hands themselves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

import anyio

__all__ = ["Clock", "LoopClock", "Timer"]


class Timer(Protocol):
    """A call that was put off and can be taken back."""

    def cancel(self) -> None:
        """Take it back."""
        ...


class Clock(Protocol):
    """Seconds that only go forward, and two ways to wait for them."""

    def now(self) -> float:
        """Seconds since some moment."""
        ...

    def call_at(self, when: float, call: Callable[[], None]) -> Timer:
        """Call it once `now()` has reached `when`."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; cancelling ends it at once."""
        ...


class LoopClock:
    """The clock of the running event loop."""

    def now(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()

    def call_at(self, when: float, call: Callable[[], None]) -> Timer:
        """Use the timer of the event loop; it may come a little early, so who is called looks at the clock again."""
        return asyncio.get_running_loop().call_later(max(0.0, when - time.monotonic()), call)

    async def sleep(self, seconds: float) -> None:
        """Wait in the event loop."""
        await anyio.sleep(seconds)
