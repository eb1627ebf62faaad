"""The one door to models (design, law 1).

    ask ─► journal ─► the same call under way? ─► budget ─► limits ─► attempt recorded ─► sent ─► outcome recorded
                                                    ▲                                       │
                                                    └─────────── waits, tries again ◄───────┘

Waiting is done in the caller's own task, with small records in the queues of budget and limits; only what is sent has
a task of the gateway, so that who cancels its waiting takes nobody's answer away and wastes nothing that is paid for.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio
from anyio.abc import TaskGroup
from tenacity import AsyncRetrying, retry_if_exception_type

from .attempts import Attempt, Sender
from .books.journal import Finished, Journal
from .books.ledger import Ledger, Need, Totals
from .clock import Clock, LoopClock
from .endpoints import Budget, Endpoint
from .errors import AutoEvolError, NotRecorded, SessionStopped, StorageError, UsageError
from .lanes import Lane, open_caller
from .outcomes import NoAnswer, Outcome
from .progress import Meter, Progress
from .requests import Request, request_key
from .retries import Tries, stopped_by
from .streams import OutcomeStream
from .wire.chat import Caller
from .wire.failures import STOPPING, Failure

__all__ = ["Gateway", "Parts", "open_gateway"]

_DRAIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Parts:
    """What can be put in the place of the gateway's own parts.

    Args:
        callers: by endpoint name, how it is called instead of by its settings.
        clock: where time comes from.
        power_safe: commits of the journal survive a loss of power too.
        drain_s: how long calls that are out may still come in when the session must stop.
    """

    callers: Mapping[str, Caller] = field(default_factory=dict[str, Caller])
    clock: Clock = field(default_factory=LoopClock)
    power_safe: bool = False
    drain_s: float = _DRAIN_S


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")


@asynccontextmanager
async def open_gateway(
    endpoints: Mapping[str, Endpoint],
    folder: Path,
    budget: Budget,
    *,
    replay_only: bool = False,
    on_notice: Callable[[str], None] = _to_stderr,
    parts: Parts | None = None,
) -> AsyncGenerator[Gateway]:
    """Open the gateway of a run: its journal, its ledger with all that was spent before, and its endpoints.

    Args:
        endpoints: the endpoint groups by name.
        folder: folder of the run; the journal is `journal.sqlite` in it.
        budget: hard caps over all restarts.
        replay_only: answer from the journal alone; no key, connection, engine or lock is taken.
        on_notice: takes single lines for the person.
        parts: other parts than the usual ones.

    Raises:
        UsageError: a key, an address or a price that is needed is missing.
        StorageError: the journal cannot be opened, or another process runs this run.
        ModelFileError: an embedded model cannot be had.
    """
    parts = parts or Parts()
    _check_prices(endpoints, budget)
    async with AsyncExitStack() as stack:
        journal = stack.enter_context(Journal(folder, power_safe=parts.power_safe, read_only=replay_only))
        lanes: dict[str, Lane] = {}
        for name, endpoint in endpoints.items() if not replay_only else ():
            caller = parts.callers.get(name) or await open_caller(name, endpoint, journal.marks(name), stack)
            lanes[name] = Lane.of(name, endpoint, caller, parts.clock, on_notice)
        ledger = Ledger(budget, journal.entries(), journal.minutes)
        try:
            async with anyio.create_task_group() as group:
                meter = Meter(parts.clock)
                desk = _Desk(parts.clock, meter, group, on_notice, parts.drain_s, replay_only)
                yield Gateway(lanes, journal, ledger, desk)
                group.cancel_scope.cancel()
        except BaseExceptionGroup as errors:
            # The gateway's own tasks raise nothing, so a single error is that of the block: it leaves as it came.
            if len(errors.exceptions) == 1:
                raise errors.exceptions[0] from errors.exceptions[0].__cause__
            raise


def _check_prices(endpoints: Mapping[str, Endpoint], budget: Budget) -> None:
    for name, endpoint in endpoints.items():
        if budget.usd is not None and not endpoint.free and not endpoint.prices:
            raise _unpriced(name, "its models")


def _unpriced(name: str, model: str) -> UsageError:
    return UsageError(
        f"The budget has a cap in USD, but the price of {model} at the endpoint '{name}' is unknown.",
        fix="Give `prices` for it in the settings (0 for a server of your own), or drop the cap in USD.",
    )


@dataclass(frozen=True, slots=True)
class _Desk:
    """What the gateway has at hand."""

    clock: Clock
    meter: Meter
    group: TaskGroup
    notice: Callable[[str], None]
    drain_s: float
    replay_only: bool


@dataclass(slots=True, eq=False)
class _Flight:
    """One call that is under way, asked for by one or by several. The first leads it; the others wait for its end."""

    request: Request
    key: str
    lane: Lane
    tries: Tries = field(default_factory=Tries)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ended: anyio.Event = field(default_factory=anyio.Event)
    led: bool = True
    attempt: Attempt | None = None
    outcome: Outcome | None = None


def _stopped_by(attempt: Attempt, failure: Failure) -> SessionStopped:
    return stopped_by(failure, attempt.lane.name, attempt.request.model, attempt.lane.caller.address)


class Gateway:
    """The open door. Made by `open_gateway`."""

    def __init__(self, lanes: Mapping[str, Lane], journal: Journal, ledger: Ledger, desk: _Desk) -> None:
        self._lanes = lanes
        self._journal = journal
        self._ledger = ledger
        self._sender = Sender(journal, ledger, desk.clock, desk.meter, desk.group, self._stop_for)
        self._desk = desk
        self._flights: dict[str, _Flight] = {}
        self._stopped: SessionStopped | StorageError | None = None
        self._unpriced_said: set[tuple[str, str]] = set()

    # ------------------------------------------------------------ what agents see

    @property
    def capacity(self) -> int:
        """How many calls may usefully be under way at once, and a few more that wait at the door."""
        most = sum(lane.capacity for lane in self._lanes.values())
        return max(1, most + most // 4)

    async def ask(self, request: Request) -> Outcome:
        """Make one call, or take its outcome from the journal.

        Raises:
            SessionStopped: the session cannot go on (key, quota, budget, outage).
            StorageError: the journal cannot be read or written.
            NotRecorded: the gateway only replays, and the call is not recorded.
            UsageError: the request names an endpoint that there is not, or a price that is needed is missing.
            ScriptExhausted: a scripted model has no further answer.
        """
        key = request_key(request)
        while True:
            recorded = self._journal.lookup(key)
            if recorded is not None:
                self._desk.meter.journaled += 1
                await self._book(request, key, (recorded.stage, recorded.place))
                return recorded.outcome
            if self._stopped is not None:
                raise await self._stopping(self._stopped)
            flight = self._flights.get(key)
            if flight is None:
                flight = _Flight(request, key, self._lane(request, key))
                await self._lead(flight)
            else:
                await flight.ended.wait()
            if flight.outcome is not None:
                await self._book(request, key, (flight.request.stage, flight.request.place))
                return flight.outcome
            # Its leader was cancelled, or the session stops: look again.

    def stream(self, requests: AsyncIterable[Request]) -> OutcomeStream:
        """Outcomes in the order of the requests; a request is pulled only when there is capacity for it.

        To leave the loop early, write `async with gateway.stream(...) as outcomes`: it ends what was pulled ahead.
        """
        return OutcomeStream(self, requests, self._desk.group)

    def totals(self) -> Totals:
        """What the run has spent, over all restarts, by role and by stage."""
        return self._ledger.totals()

    def progress(self) -> Progress:
        """How it goes now."""
        waiting = [f"{lane.name}: {lane.limiter.binding}" for lane in self._lanes.values() if lane.limiter.binding]
        waiting += [f"{lane.name}: outage" for lane in self._lanes.values() if lane.health.down]
        waiting += ["budget"] if self._ledger.waiting else []
        free = all(lane.endpoint.free for lane in self._lanes.values())
        spent = self._ledger.spent.cost
        under_way = len(self._flights)
        return self._desk.meter.progress(self._sender.out, under_way, ", ".join(waiting), spent, free=free)

    # ------------------------------------------------------------ one call

    def _lane(self, request: Request, key: str) -> Lane:
        if self._desk.replay_only:
            raise NotRecorded(
                f"The journal does not hold the call {request.place or key[:12]}.", fix="Resume the run to make it."
            )
        lane = self._lanes.get(request.endpoint)
        if lane is None:
            raise UsageError(
                f"The role '{request.role}' names the endpoint '{request.endpoint}', which the settings do not have.",
                fix=f"They have: {', '.join(sorted(self._lanes)) or 'none'}.",
            )
        return lane

    async def _book(self, request: Request, key: str, booked: tuple[str, str]) -> None:
        """Book a call on the first use in the course of the run.

        Stages follow each other, so the stage that asked first is the first in the course too. Inside a stage many ask
        at once, and the smallest place is the one that does not depend on who was faster.
        """
        stage, place = booked
        if not self._desk.replay_only and request.stage == stage and request.place < place:
            await self._journal.rebook(key, request)

    async def _lead(self, flight: _Flight) -> None:
        """Bring one call to its end, for all who ask for it."""
        self._flights[flight.key] = flight
        try:
            with flight.scope:
                retrying = AsyncRetrying(
                    sleep=self._desk.clock.sleep, wait=flight.tries.wait, retry=retry_if_exception_type(Failure)
                )
                await retrying(self._once, flight)
        except (SessionStopped, StorageError) as error:
            self._halt(error)
        finally:
            flight.led = False
            self._land(flight)

    def _land(self, flight: _Flight) -> None:
        """End a flight that nobody leads and of which nothing is out: an attempt that is out lands by itself."""
        attempt = flight.attempt
        if attempt is not None and attempt.ended.is_set():
            flight.outcome = attempt.outcome
        if not flight.led and (attempt is None or attempt.ended.is_set()) and not flight.ended.is_set():
            del self._flights[flight.key]
            flight.ended.set()

    async def _once(self, flight: _Flight) -> None:
        """One attempt.

        Raises:
            Failure: it should be tried again, after `Failure.wait` seconds.
        """
        attempt = flight.attempt = await self._admitted(flight)
        self._sender.launch(attempt, partial(self._land, flight))
        await attempt.ended.wait()
        if isinstance(attempt.error, Failure):
            await self._consider(flight, attempt, attempt.error)
        elif attempt.error is not None:
            raise attempt.error
        else:
            flight.lane.health.answered()

    async def _admitted(self, flight: _Flight) -> Attempt:
        """Wait for an outage to end, for room under the caps, and for the endpoint's limits."""
        lane, request = flight.lane, flight.request
        need = self._need(lane, request)
        while True:
            if lane.health.down:
                await lane.health.pass_outage(partial(self._probe, lane, request))
            with ExitStack() as undo:
                reservation = await self._ledger.reserve(need)
                undo.callback(self._ledger.release, reservation)
                permit = await lane.limiter.acquire(lane.expectation.expected(request))
                undo.callback(lane.limiter.give_back, permit)
                self._ledger.time_left()
                if not lane.health.down:
                    undo.pop_all()
                    return Attempt(request, flight.key, lane, need, reservation, permit)

    def _need(self, lane: Lane, request: Request) -> Need:
        need = lane.need(request)
        if need.usd is None and self._ledger.budget.usd is not None:
            raise _unpriced(lane.name, f"the model '{request.model}'")
        if need.usd is None and (lane.name, request.model) not in self._unpriced_said:
            self._unpriced_said.add((lane.name, request.model))
            self._desk.notice(f"The price of '{request.model}' at '{lane.name}' is unknown: its money is not counted.")
        return need

    async def _consider(self, flight: _Flight, attempt: Attempt, failure: Failure) -> None:
        """Decide what follows from a failure: nothing more, another try, or the end of the session."""
        lane, tries = flight.lane, flight.tries
        if failure.kind in STOPPING:
            raise _stopped_by(attempt, failure)
        if failure.kind == "rate_limit":
            lane.limiter.pause(lane.health.limited(tries.delay(failure)))
            raise failure
        lane.health.fault(tries, failure)
        wrong = lane.health.unproven_failure(tries, failure)
        if wrong is not None:
            raise wrong
        if lane.health.suspect(tries):
            probe = partial(self._probe, lane, flight.request)
            if await lane.health.pass_outage(probe, suspected=True):
                tries.forget()
        if tries.over is None:
            failure.wait = min(tries.delay(failure), lane.endpoint.patience_s)
            raise failure
        outcome = NoAnswer(flight.key, tries.over, f"{tries.faults} tries, last: {failure.detail}")
        await self._journal.finish(Finished(flight.key, flight.request, outcome))
        self._desk.meter.finished(outcome)
        flight.outcome = outcome

    async def _probe(self, lane: Lane, like: Request) -> Failure | None:
        """One small call past the queue: its failure, or None where the endpoint answers, be it with a refusal."""
        request = lane.probe(like)
        need = lane.need(request)
        attempt = Attempt(
            request, request_key(request), lane, need, await self._ledger.reserve(need), None, recorded=False
        )
        await self._sender.send(attempt)
        if isinstance(attempt.error, Failure):
            if attempt.error.kind in STOPPING:
                raise _stopped_by(attempt, attempt.error)
            if attempt.error.kind != "rate_limit":
                return attempt.error
        elif attempt.error is not None:
            raise attempt.error
        lane.health.answered()
        return None

    # ------------------------------------------------------------ the end of a session

    def _stop_for(self, attempt: Attempt, failure: Failure) -> None:
        """Stop in the very moment in which an account or a key turns out to be no good, before its slot is free."""
        self._halt(_stopped_by(attempt, failure))

    def _halt(self, error: SessionStopped | StorageError) -> None:
        """Nothing more is sent. Whoever waits is woken; what is out may still come in."""
        if self._stopped is None:
            self._stopped = error
        for flight in list(self._flights.values()):
            flight.scope.cancel()

    async def _stopping(self, error: SessionStopped | StorageError) -> AutoEvolError:
        """The error to raise, once what is out has come in: raising ends the other tasks of who asks."""
        await self._sender.drained(self._desk.drain_s)
        copy = type(error)(error.problem, fix=error.fix)
        copy.__cause__ = error.__cause__
        return copy
