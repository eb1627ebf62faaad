"""Admission to one endpoint: requests a minute, tokens a minute and calls in flight, as one queue with one timer.

The pacing is the generic cell rate algorithm (GCRA): for each rate one number, the moment at which all that was let
through so far would have been paid off. It lets calls through smoothly from the first second, with a burst of about
one second's worth instead of a full bucket. The queue is first come, first served, so a heavy call waits for its
tokens and is not passed by light ones for ever. What waits is a small record and a future, not a task.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Literal, Protocol

from ..clock import Clock, Timer

__all__ = ["BURST_S", "Limit", "Limiter", "PacedLimiter", "Pacer", "Permit"]

Limit = Literal["", "concurrency", "rpm", "tpm", "pause"]
BURST_S = 1.0
# How much earlier than exact a permit may come: rounding of floating point numbers must not cost a turn of the timer.
_GRAIN = 1e-9


@dataclass(slots=True)
class Permit:
    """The right to send one call; `tokens` is what was set aside for it."""

    tokens: float
    held: bool = True


class Limiter(Protocol):
    """What the gateway asks of admission; another strategy needs no more than this."""

    async def acquire(self, tokens: float) -> Permit:
        """Wait for the right to send one call of about so many tokens. Cancelling gives the place in the queue up."""
        ...

    def settle(self, permit: Permit, tokens: float) -> None:
        """Give the slot back and correct the tokens set aside to those used. A second time does nothing."""
        ...

    def give_back(self, permit: Permit) -> None:
        """Nothing was sent: free the slot and everything that was set aside."""
        ...

    def pause(self, seconds: float) -> None:
        """Let nothing through for so long."""
        ...

    @property
    def capacity(self) -> int:
        """How many calls may be in flight at once."""
        ...

    @property
    def in_flight(self) -> int:
        """Permits that are held."""
        ...

    @property
    def waiting(self) -> int:
        """Calls in the queue."""
        ...

    @property
    def binding(self) -> Limit:
        """What the first of the queue waits for; empty where nothing waits."""
        ...


class Pacer:
    """GCRA for one rate.

    Over any window of W seconds at most `per_minute / 60 * (W + burst_s)` units pass, and one call more where a single
    call is larger than the burst: it waits until everything before it is paid off and then pays its own.
    """

    __slots__ = ("_burst", "_paid", "_unit")

    def __init__(self, per_minute: float, burst_s: float = BURST_S) -> None:
        self._unit = 60.0 / per_minute
        self._burst = burst_s
        self._paid = float("-inf")

    def ready_at(self, amount: float) -> float:
        """The earliest moment at which so much may pass."""
        return self._paid - max(0.0, self._burst - amount * self._unit)

    def take(self, amount: float, now: float) -> None:
        """Let it pass."""
        self._paid = max(self._paid, now) + amount * self._unit

    def correct(self, amount: float) -> None:
        """Take so much more, or give it back where it is negative."""
        self._paid += amount * self._unit


class _Waiter:
    __slots__ = ("future", "tokens")

    def __init__(self, tokens: float, future: asyncio.Future[None]) -> None:
        self.tokens = tokens
        self.future = future


class PacedLimiter:
    """Known limits of one endpoint, kept exactly. None is no limit of that kind.

    Args:
        rpm, tpm: requests and tokens a minute.
        concurrency: calls in flight.
        clock: where time comes from.
    """

    def __init__(self, *, rpm: float | None, tpm: float | None, concurrency: int, clock: Clock) -> None:
        self._requests = Pacer(rpm) if rpm is not None else None
        self._tokens = Pacer(tpm) if tpm is not None else None
        self._concurrency = concurrency
        self._clock = clock
        self._queue: deque[_Waiter] = deque()
        self._timer: Timer | None = None
        self._paused_until = float("-inf")
        self._in_flight = 0
        self._waiting = 0

    @property
    def capacity(self) -> int:
        """How many calls may be in flight at once."""
        return self._concurrency

    @property
    def in_flight(self) -> int:
        """Permits that are held."""
        return self._in_flight

    @property
    def waiting(self) -> int:
        """Calls in the queue."""
        return self._waiting

    @property
    def binding(self) -> Limit:
        """What the first of the queue waits for."""
        self._drop_cancelled()
        return self._next(self._queue[0].tokens)[1] if self._queue else ""

    async def acquire(self, tokens: float) -> Permit:
        """Wait in the queue. A call larger than a whole second's tokens passes alone, when all before it is paid."""
        waiter = _Waiter(tokens, asyncio.get_running_loop().create_future())
        self._queue.append(waiter)
        self._waiting += 1
        self._turn()
        try:
            await waiter.future
        except asyncio.CancelledError:
            self._gone(waiter)
            raise
        return Permit(tokens)

    def _gone(self, waiter: _Waiter) -> None:
        """A call was cancelled while it waited, or in the same turn of the loop in which it got its permit."""
        if waiter.future.cancelled():
            self._waiting -= 1
            self._turn()
            return
        self.give_back(Permit(waiter.tokens))

    def give_back(self, permit: Permit) -> None:
        """Nothing was sent: free the slot and everything that was set aside."""
        if permit.held and self._requests is not None:
            self._requests.correct(-1)
        self.settle(permit, 0.0)

    def settle(self, permit: Permit, tokens: float) -> None:
        """Give the slot back; tokens not used are free for the next call at once."""
        if not permit.held:
            return
        permit.held = False
        self._in_flight -= 1
        if self._tokens is not None:
            self._tokens.correct(tokens - permit.tokens)
        self._turn()

    def pause(self, seconds: float) -> None:
        """Let nothing through for so long; a shorter pause does not end a longer one."""
        self._paused_until = max(self._paused_until, self._clock.now() + seconds)
        self._turn()

    def _next(self, tokens: float) -> tuple[float, Limit]:
        """When a call of so many tokens may pass at the earliest, and which limit says so."""
        if self._in_flight >= self._concurrency:
            return float("inf"), "concurrency"
        times: list[tuple[float, Limit]] = [(self._paused_until, "pause")]
        if self._requests is not None:
            times.append((self._requests.ready_at(1), "rpm"))
        if self._tokens is not None:
            times.append((self._tokens.ready_at(tokens), "tpm"))
        return max(times)

    def _turn(self) -> None:
        """Let through what may pass now, and set the one timer to the moment of the next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._clock.now()
        while True:
            self._drop_cancelled()
            if not self._queue:
                return
            ready, _ = self._next(self._queue[0].tokens)
            if ready > now + _GRAIN:
                if ready != float("inf"):
                    self._timer = self._clock.call_at(ready, self._turn)
                return
            self._grant(self._queue.popleft(), now)

    def _grant(self, waiter: _Waiter, now: float) -> None:
        self._in_flight += 1
        self._waiting -= 1
        if self._requests is not None:
            self._requests.take(1, now)
        if self._tokens is not None:
            self._tokens.take(waiter.tokens, now)
        waiter.future.set_result(None)

    def _drop_cancelled(self) -> None:
        while self._queue and self._queue[0].future.cancelled():
            self._queue.popleft()
