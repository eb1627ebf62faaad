"""One attempt: recorded before it is sent, sent, and recorded with what came of it before anyone hears of that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import anyio

from .accounts import Account
from .books.journal import Finished, Journal
from .books.ledger import Ledger, Need, Reservation, Sum
from .clock import Clock
from .errors import AutoEvolError
from .lanes import Lane
from .outcomes import Answer, NoAnswer, Outcome
from .pacing.gate import Load, Permit
from .progress import Meter
from .requests import Request
from .wire.failures import FINAL, STOPPING, Failure

__all__ = ["Attempt", "Crew", "Sender"]


class Crew:
    """The gateway's own tasks. Native ones: starting one costs a fifth of an anyio task, and every call starts one."""

    def __init__(self, group: asyncio.TaskGroup) -> None:
        self._group = group
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Start a task; it must raise nothing."""
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def cancel(self) -> None:
        """End them all."""
        for task in self._tasks:
            task.cancel()


@dataclass(slots=True, eq=False)
class Attempt:
    """One sending of one call, admitted by budget and limits.

    Args:
        request: as it is asked for; booked on its place.
        lane, account: where it goes; the lane is another than the request's where that one stands in.
        permit: None for a probe, which asks no limiter.
        used: what it counts for; None as long as nothing was sent.
        recorded: whether its outcome is that of the call (a probe's is not).
        kin: requests, with their keys, asked for by the same call: other samples of the question, or further texts.
        more: their outcomes, as many as came.
        apart: whether one of several texts may be to blame, so that they are asked for again in smaller companies.
    """

    request: Request
    key: str
    lane: Lane
    account: Account
    need: Need
    reservation: Reservation
    permit: Permit | None
    recorded: bool = True
    used: Sum | None = None
    outcome: Outcome | None = None
    error: AutoEvolError | Failure | None = None
    kin: list[tuple[Request, str]] = field(default_factory=list[tuple[Request, str]])
    more: list[Outcome] = field(default_factory=list[Outcome])
    apart: bool = False


@runtime_checkable
class _ManyCaller(Protocol):
    """A caller that can ask for several samples at once; see `wire.callers`."""

    async def call_many(self, requests: Sequence[Request], keys: Sequence[str]) -> list[Outcome]: ...


class Sender:
    """Sends attempts. `stop` is called in the very moment in which an account turns out to be no good, `on_call` for
    every call that came to its end, once that is recorded."""

    def __init__(
        self, journal: Journal, ledger: Ledger, clock: Clock, meter: Meter, stop: Callable[[Attempt, Failure], None],
        on_call: Callable[[Request, Outcome], None] | None = None,
    ) -> None:  # fmt: skip
        self._journal = journal
        self._ledger = ledger
        self._clock = clock
        self._meter = meter
        self._stop = stop
        self._on_call = on_call
        self._landed = anyio.Event()
        self.out = 0

    async def drained(self, seconds: float) -> None:
        """Wait until nothing is out any more, but not longer than this."""
        with anyio.move_on_after(seconds):
            while self.out:
                await self._landed.wait()

    async def send(self, attempt: Attempt) -> None:
        """Send it now. What came of it is in `attempt.outcome` or `attempt.error`, and in the journal."""
        self._meter.asked()
        self.out += 1
        try:
            await self._sent(attempt)
        except (AutoEvolError, Failure) as error:
            attempt.error = error
        finally:
            self._settle(attempt)
            self.out -= 1
            if not self.out:
                self._landed.set()
                self._landed = anyio.Event()

    async def _sent(self, attempt: Attempt) -> None:
        number = await self._journal.open_attempt(
            attempt.key, attempt.lane.name, attempt.need, replica=attempt.account.caller.address
        )
        attempt.used = attempt.need.sum
        began = self._clock.now()
        request = attempt.lane.asked(attempt.request)
        outcomes: list[Outcome]
        try:
            outcomes = await self._asked(attempt, request)
        except Failure as caught:
            took = self._clock.now() - began
            failure = _of_one(attempt, caught)
            outcomes = [await self._failed(attempt, number, failure, took)]
        except AutoEvolError:
            attempt.used = Sum(calls=1)
            self._free(attempt)
            await self._journal.close_attempt(number, "error", attempt.used)
            raise
        else:
            outcomes = self._came(attempt, request, outcomes, self._clock.now() - began)
        await self._record(attempt, number, outcomes)

    async def _asked(self, attempt: Attempt, request: Request) -> list[Outcome]:
        caller = attempt.account.caller
        if not attempt.kin or not isinstance(caller, _ManyCaller):
            return [await caller.call(request, attempt.key)]
        requests = [request, *(attempt.lane.asked(each) for each, _ in attempt.kin)]
        return await caller.call_many(requests, [attempt.key, *(key for _, key in attempt.kin)])

    def _came(self, attempt: Attempt, request: Request, outcomes: list[Outcome], took: float) -> list[Outcome]:
        """Fill in what only we know, and give the slot back before the record is written: the next call may go."""
        lane, filled, used = attempt.lane, list[Outcome](), Sum()
        if attempt.kin and request.form == "embedding":
            lane.company.came(len(outcomes), refused=False)
        for outcome in outcomes:
            more: dict[str, Any] = {"cost": lane.price(request, outcome.usage), "seconds": took}
            if isinstance(outcome, Answer) and request is not attempt.request:
                more["fallback"] = lane.name
            filled.append(replace(outcome, **more))
            used = used + lane.used(attempt.need, filled[-1]) if used.calls else lane.used(attempt.need, filled[-1])
        if len(filled) > 1 and any(outcome.usage.estimated for outcome in filled) and not lane.endpoint.free:
            used = attempt.need.sum  # once, for all of them
        attempt.used = used if len(filled) == 1 else replace(used, calls=1, seconds=took)
        # One answer alone shows what calls of this role take; the parts of one call show less than that.
        if len(filled) == 1:
            lane.expectation.learn(request, filled[0].usage)
        if attempt.permit is not None:
            longest = max(outcome.usage.output_tokens for outcome in filled)
            attempt.permit.gate.answered(took, longest, self._clock.now())
        self._free(attempt)
        return filled

    async def _failed(self, attempt: Attempt, number: int, failure: Failure, took: float) -> NoAnswer:
        """The outcome of a failure that is the call's own; any other is raised again once it is recorded."""
        reason = FINAL.get(failure.kind)
        attempt.used = attempt.need.sum if failure.charged else Sum(calls=1, seconds=took)
        if reason is None:
            if failure.kind in STOPPING:
                # Before its slot is free: the next in the queue would be sent for nothing.
                self._stop(attempt, failure)
            self._free(attempt, held=failure.kind == "rate_limit")
            await self._journal.close_attempt(number, failure.kind, attempt.used)
            raise failure
        self._free(attempt)
        return NoAnswer(attempt.key, reason, failure.detail, seconds=took)

    async def _record(self, attempt: Attempt, number: int, outcomes: list[Outcome]) -> None:
        assert attempt.used is not None  # noqa: S101  set when it was sent
        if attempt.recorded:
            asked = [(attempt.request, attempt.key), *attempt.kin]
            finished = [
                Finished(key, request, outcome, _mark(attempt, outcome))
                for (request, key), outcome in zip(asked, outcomes, strict=False)
            ]
            await self._journal.finish_many(finished, number, attempt.used)
            for (request, _), outcome in zip(asked, outcomes, strict=False):
                self._meter.finished(outcome, request.role, request.stage)
                if self._on_call is not None:
                    self._on_call(request, outcome)
        else:
            await self._journal.close_attempt(number, "probe", attempt.used)
        attempt.outcome, attempt.more = outcomes[0], outcomes[1:]

    def _free(self, attempt: Attempt, *, held: bool = False) -> None:
        """Give slot and tokens back; the lane is turned by who lands the call where its level must be lowered first."""
        permit, used = attempt.permit, attempt.used
        if permit is None or used is None:
            return
        attempt.account.settle(permit, Load(used.input_tokens, used.output_tokens))
        if not held:
            attempt.lane.turn()

    def _settle(self, attempt: Attempt) -> None:
        """Settle budget and limits, whatever happened; an attempt cut off stays at what was set aside for it."""
        if attempt.used is None:
            self._ledger.release(attempt.reservation)
            if attempt.permit is not None:
                attempt.account.settle(attempt.permit, None)
        else:
            self._ledger.settle(attempt.reservation, attempt.used)
            self._free(attempt, held=True)


def _of_one(attempt: Attempt, failure: Failure) -> Failure:
    """The failure of a call for several texts may be that of one of them: no other may suffer for it."""
    if (
        not attempt.kin
        or attempt.request.form != "embedding"
        or failure.kind == "rate_limit"
        or failure.kind in STOPPING
    ):
        return failure
    attempt.apart = True
    if failure.kind not in FINAL:
        return failure
    attempt.lane.company.came(1 + len(attempt.kin), refused=True)
    return Failure("adapted", f"{1 + len(attempt.kin)} texts together: {failure.detail}")


def _mark(attempt: Attempt, outcome: Outcome) -> str:
    """Which line of a script answered, so that a resumed run goes on where the script was."""
    if attempt.lane.endpoint.script is None:
        return ""
    return outcome.fingerprint if isinstance(outcome, Answer) else outcome.detail
