"""One attempt: recorded before it is sent, sent, and recorded with what came of it before anyone hears of that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import anyio
from anyio.abc import TaskGroup

from .books.journal import Finished, Journal
from .books.ledger import Ledger, Need, Reservation, Sum
from .clock import Clock
from .errors import AutoEvolError
from .lanes import Lane
from .outcomes import Answer, NoAnswer, Outcome
from .pacing.limits import Permit
from .progress import Meter
from .requests import Request
from .wire.failures import FINAL, STOPPING, Failure

__all__ = ["Attempt", "Sender"]


@dataclass(slots=True, eq=False)
class Attempt:
    """One sending of one call, admitted by budget and limits.

    Args:
        permit: None for a probe, which asks no limiter.
        used: what it counts for; None as long as nothing was sent.
        recorded: whether its outcome is that of the call (a probe's is not).
    """

    request: Request
    key: str
    lane: Lane
    need: Need
    reservation: Reservation
    permit: Permit | None
    recorded: bool = True
    used: Sum | None = None
    outcome: Outcome | None = None
    error: AutoEvolError | Failure | None = None
    ended: anyio.Event = field(default_factory=anyio.Event)


class Sender:
    """Sends attempts in tasks of the gateway, so that whoever asked may go away without wasting what is paid for."""

    def __init__(
        self,
        journal: Journal,
        ledger: Ledger,
        clock: Clock,
        meter: Meter,
        group: TaskGroup,
        stop: Callable[[Attempt, Failure], None],
    ) -> None:
        self._journal = journal
        self._ledger = ledger
        self._clock = clock
        self._meter = meter
        self._group = group
        self._stop = stop
        self._landed = anyio.Event()
        self.out = 0

    def launch(self, attempt: Attempt, landed: Callable[[], None]) -> None:
        """Send it in a task of its own; `landed` is called when all is recorded and given back."""
        self.out += 1
        self._group.start_soon(self._fly, attempt, landed)

    async def drained(self, seconds: float) -> None:
        """Wait until nothing is out any more, but not longer than this."""
        with anyio.move_on_after(seconds):
            while self.out:
                await self._landed.wait()

    async def _fly(self, attempt: Attempt, landed: Callable[[], None]) -> None:
        try:
            await self.send(attempt)
        finally:
            self.out -= 1
            if not self.out:
                self._landed.set()
                self._landed = anyio.Event()
            attempt.ended.set()
            landed()

    async def send(self, attempt: Attempt) -> None:
        """Send it now. What came of it is in `attempt.outcome` or `attempt.error`, and in the journal."""
        self._meter.asked()
        try:
            await self._sent(attempt)
        except (AutoEvolError, Failure) as error:
            attempt.error = error
            if isinstance(error, Failure) and error.kind in STOPPING:
                # Before its slot is free: the next in the queue would be sent for nothing.
                self._stop(attempt, error)
        finally:
            self._give_back(attempt)

    async def _sent(self, attempt: Attempt) -> None:
        lane, need = attempt.lane, attempt.need
        number = await self._journal.open_attempt(attempt.key, lane.name, need)
        attempt.used = need.sum
        began = self._clock.now()
        try:
            outcome = await lane.caller.call(attempt.request, attempt.key)
        except Failure as failure:
            reason = FINAL.get(failure.kind)
            attempt.used = need.sum if failure.charged else Sum(calls=1)
            if reason is None:
                await self._journal.close_attempt(number, failure.kind, attempt.used)
                raise
            outcome = NoAnswer(attempt.key, reason, failure.detail, seconds=self._clock.now() - began)
        except AutoEvolError:
            attempt.used = Sum(calls=1)
            await self._journal.close_attempt(number, "error", attempt.used)
            raise
        else:
            cost = lane.price(attempt.request, outcome.usage)
            outcome = replace(outcome, cost=cost, seconds=self._clock.now() - began)
            attempt.used = lane.used(need, outcome)
            lane.learn(attempt.request, outcome)
        await self._record(attempt, number, outcome, attempt.used)

    async def _record(self, attempt: Attempt, number: int, outcome: Outcome, used: Sum) -> None:
        if attempt.recorded:
            mark = outcome.fingerprint if isinstance(outcome, Answer) else outcome.detail
            finished = Finished(attempt.key, attempt.request, outcome, mark if attempt.lane.endpoint.script else "")
            await self._journal.finish(finished, number, used)
            self._meter.finished(outcome)
        else:
            await self._journal.close_attempt(number, "probe", used)
        attempt.outcome = outcome

    def _give_back(self, attempt: Attempt) -> None:
        """Settle budget and limits, whatever happened; an attempt cut off stays at what was set aside for it."""
        used = attempt.used
        if used is None:
            self._ledger.release(attempt.reservation)
        else:
            self._ledger.settle(attempt.reservation, used)
        if attempt.permit is None:
            return
        if used is None:
            attempt.lane.limiter.give_back(attempt.permit)
        else:
            attempt.lane.limiter.settle(attempt.permit, used.tokens)
