"""The one door to models (design, law 1).

    submit ─► journal ─► the same call under way? ─► line of its model ─► limits ─► budget ─► attempt recorded ─► sent
                                                       ▲                                                         │
                                                       └── at once, or after a wait outside the line ◄── failed ─┤
                                                                        outcome recorded, then told to all ◄─────┘

What waits is a small record; only what is sent has a task, and that is the gateway's, so that who cancels its waiting
takes nobody's answer away and wastes nothing that is paid for.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from .accounts import Account
from .attempts import Attempt, Crew, Sender
from .books.journal import Finished, Journal
from .books.ledger import Ledger, Need, Reservation, Totals
from .clock import Clock, LoopClock
from .doors import accounts_of, connect
from .endpoints import Budget, Endpoint
from .errors import AutoEvolError, EndpointDown, NotRecorded, SessionStopped, StorageError, UsageError
from .flights import Flight, Ticket
from .lanes import Departure, Lane
from .outcomes import Answer, NoAnswer, Outcome
from .progress import Meter, Progress
from .requests import Request, request_key
from .retries import Tries, stopped_by
from .served import ServedModels
from .streams import OutcomeStream
from .wire.chat import Caller
from .wire.failures import STOPPING, Failure
from .wire.quirks import Quirks

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
        ledger = Ledger(budget, journal.entries(), journal.minutes)
        try:
            async with asyncio.TaskGroup() as group:
                crew = Crew(group)
                desk = _Desk(parts.clock, Meter(parts.clock), crew, on_notice, parts.drain_s, replay_only)
                gateway = Gateway(journal, ledger, desk)
                if not replay_only:
                    await gateway.connect(endpoints, parts.callers, stack)
                try:
                    yield gateway
                finally:
                    gateway.close()
                    crew.cancel()
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
    crew: Crew
    notice: Callable[[str], None]
    drain_s: float
    replay_only: bool


class Gateway:
    """The open door. Made by `open_gateway`."""

    def __init__(self, journal: Journal, ledger: Ledger, desk: _Desk) -> None:
        self._lanes: dict[str, Lane] = {}
        self._journal = journal
        self._ledger = ledger
        self._sender = Sender(journal, ledger, desk.clock, desk.meter, self._close_account)
        self._desk = desk
        self._flights: dict[str, Flight] = {}
        self._reserved: tuple[Need, Reservation] | None = None
        self._parked: dict[str, list[tuple[Flight, Failure]]] = {}
        self._stopped: AutoEvolError | None = None
        self._unpriced_said: set[tuple[str, str]] = set()
        self._served = ServedModels(desk.notice)
        ledger.on_room = self._turn_all

    async def connect(
        self, endpoints: Mapping[str, Endpoint], callers: Mapping[str, Caller], stack: AsyncExitStack
    ) -> None:
        """Make the lanes ready. Called once, by `open_gateway`.

        Raises:
            UsageError: a key, an address or a fallback that is named is missing.
            ModelFileError: an embedded model cannot be had.
        """
        desk = self._desk
        for name, endpoint in endpoints.items():
            accounts = accounts_of(name, endpoint, desk.clock, desk.notice)
            marks, quirks = self._journal.marks(name), Quirks(endpoint.abilities)
            for account in accounts:
                account.reach_by(callers.get(name) or await connect(account, marks, quirks, stack))
            self._lanes[name] = Lane(name, endpoint, accounts, desk.clock, self._admit, self._launch)
        for name, endpoint in endpoints.items():
            if endpoint.fallback is None:
                continue
            if endpoint.fallback not in self._lanes or endpoint.fallback == name:
                raise UsageError(
                    f"The fallback of the endpoint '{name}' is '{endpoint.fallback}', which is no other endpoint.",
                    fix=f"Endpoints are: {', '.join(self._lanes)}.",
                )
            self._lanes[endpoint.fallback].stand_in_for(self._lanes[name])

    def close(self) -> None:
        """Stop all timers; called by `open_gateway`."""
        for lane in self._lanes.values():
            lane.close()

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
        ticket = self.submit(request)
        try:
            return await self.collect(ticket)
        except asyncio.CancelledError:
            self.leave(ticket)
            raise

    def stream(self, requests: AsyncIterable[Request]) -> OutcomeStream:
        """Outcomes in the order of the requests; a request is pulled only when there is capacity for it.

        To leave the loop early, write `async with gateway.stream(...) as outcomes`: it ends what was pulled ahead.
        """
        return OutcomeStream(self, requests, self._desk.crew)

    def submit(self, request: Request) -> Ticket:
        """Put a call in its line without waiting for it. `collect` brings its outcome, `leave` gives it up.

        Raises:
            StorageError, NotRecorded, UsageError: as `ask`.
        """
        key = request_key(request)
        ticket = Ticket(request, key, asyncio.get_running_loop().create_future())
        recorded = self._journal.lookup(key)
        if recorded is not None:
            self._desk.meter.journaled += 1
            ticket.booked = (recorded.stage, recorded.place)
            ticket.future.set_result(recorded.outcome)
            return ticket
        lane = self._lane(request, key)
        flight = self._flights.get(key)
        if flight is None:
            flight = self._flights[key] = Flight(request, key, lane.load(request), [ticket])
            ticket.flight = flight
            if self._stopped is not None:
                self._desk.crew.start(self._end_all(self._stopped))
            else:
                lane.push(flight)
        else:
            ticket.flight = flight
            flight.tickets.append(ticket)
        return ticket

    async def collect(self, ticket: Ticket) -> Outcome:
        """The outcome of a call, booked on the first use in the course of the run.

        Stages follow each other, so the stage that asked first is the first in the course too. Inside a stage many ask
        at once, and the smallest place is the one that does not depend on who was faster.

        Raises:
            SessionStopped, StorageError, ScriptExhausted: as `ask`.
        """
        outcome = await ticket.future
        stage, place = ticket.booked
        request = ticket.request
        if not self._desk.replay_only and request.stage == stage and request.place < place:
            await self._journal.rebook(ticket.key, request)
        return outcome

    def leave(self, ticket: Ticket) -> None:
        """Give a call up. If nobody else waits for it nothing more is sent; what is out is kept when it comes."""
        flight = ticket.flight
        ticket.future.cancel()
        if flight is None or ticket not in flight.tickets:
            return
        flight.tickets.remove(ticket)
        if flight.tickets:
            flight.request = flight.tickets[0].request if not flight.out else flight.request
        elif not flight.out:
            self._forget(flight)

    def totals(self) -> Totals:
        """What the run has spent, over all restarts, by role and by stage."""
        return self._ledger.totals()

    def progress(self) -> Progress:
        """How it goes now."""
        lanes = self._lanes.values()
        waiting = [f"{lane.name}: {lane.binding}" for lane in lanes if lane.binding and lane.usable]
        waiting += [f"{lane.name}: outage" for lane in lanes if not lane.usable]
        waiting += ["budget"] if self._ledger.waiting else []
        free = all(lane.endpoint.free for lane in lanes)
        spent = self._ledger.spent.cost
        under_way = len(self._flights)
        return self._desk.meter.progress(self._sender.out, under_way, ", ".join(waiting), spent, free=free)

    # ------------------------------------------------------------ a call goes out

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

    def _need(self, lane: Lane, request: Request) -> Need:
        need = lane.need(request)
        if need.usd is None and self._ledger.budget.usd is not None:
            raise _unpriced(lane.name, f"the model '{request.model}'")
        if need.usd is None and (lane.name, request.model) not in self._unpriced_said:
            self._unpriced_said.add((lane.name, request.model))
            self._desk.notice(f"The price of '{request.model}' at '{lane.name}' is unknown: its money is not counted.")
        return need

    def _admit(self, lane: Lane, flight: Flight) -> bool:
        """Set room aside for a call that its limits would let go. A call that cannot go at all is ended here."""
        try:
            need = self._need(lane, lane.asked(flight.request))
            reservation = self._ledger.try_reserve(need)
        except SessionStopped as error:
            self._halt(error)
            return False
        except UsageError as error:
            self._fail(flight, error)
            return False
        if reservation is None:
            return False
        self._reserved = (need, reservation)
        return True

    def _launch(self, lane: Lane, going: Departure) -> None:
        assert self._reserved is not None  # noqa: S101  admitted a moment ago
        need, reservation = self._reserved
        self._reserved = None
        flight = going.flight
        attempt = Attempt(flight.request, flight.key, lane, going.account, need, reservation, going.permit)
        flight.out = True
        self._desk.crew.start(self._fly(flight, attempt))

    async def _fly(self, flight: Flight, attempt: Attempt) -> None:
        """One attempt, and what follows from it. The one boundary of the gateway's tasks: it raises nothing of ours."""
        try:
            await self._sender.send(attempt)
            flight.out = False
            if attempt.outcome is not None:
                attempt.account.health.answered()
                if isinstance(attempt.outcome, Answer):
                    self._served.note(attempt.lane.name, attempt.request.model, attempt.outcome)
                self._land(flight, attempt.outcome)
            elif isinstance(attempt.error, Failure):
                await self._consider(flight, attempt, attempt.error)
            elif isinstance(attempt.error, SessionStopped | StorageError):
                self._halt(attempt.error)
            elif attempt.error is not None:
                self._fail(flight, attempt.error)
        except (SessionStopped, StorageError) as error:
            self._halt(error)
        finally:
            flight.out = False
            if not flight.tickets:
                self._forget(flight)

    # ------------------------------------------------------------ a call comes back

    def _land(self, flight: Flight, outcome: Outcome) -> None:
        """Tell all who wait."""
        self._forget(flight)
        booked = (flight.request.stage, flight.request.place)
        for ticket in flight.tickets:
            ticket.booked = booked
            if not ticket.future.done():
                ticket.future.set_result(outcome)

    def _fail(self, flight: Flight, error: AutoEvolError) -> None:
        self._forget(flight)
        for ticket in flight.tickets:
            if not ticket.future.done():
                ticket.future.set_exception(_copy(error))

    def _forget(self, flight: Flight) -> None:
        flight.gone = True
        if self._flights.get(flight.key) is flight:
            del self._flights[flight.key]

    async def _consider(self, flight: Flight, attempt: Attempt, failure: Failure) -> None:
        """Decide what follows from a failure: nothing more, another try, or the end of the session."""
        account, lane = attempt.account, attempt.lane
        tries = flight.fared()
        if failure.kind in STOPPING or failure.kind == "adapted":
            # The account is closed and another takes it, or the request is right now: at once, and no try is used up.
            self._again(lane, flight, 0.0)
        elif failure.kind == "rate_limit":
            wait = tries.delay(failure)
            try:
                account.health.limited(wait)
            except EndpointDown as error:
                self._shut(lane, account, error)
            self._slow_down(attempt, failure, wait)
            self._again(lane, flight, min(wait, account.endpoint.patience_s))
        else:
            await self._after_fault(flight, attempt, failure, tries)

    def _slow_down(self, attempt: Attempt, failure: Failure, wait: float) -> None:
        if attempt.permit is None:
            return
        if failure.about == "concurrency":
            attempt.permit.gate.too_many_at_once()
        else:
            attempt.account.turned_away(attempt.permit, wait)

    async def _after_fault(self, flight: Flight, attempt: Attempt, failure: Failure, tries: Tries) -> None:
        account, lane = attempt.account, attempt.lane
        if failure.kind == "overloaded" and attempt.permit is not None:
            attempt.permit.gate.overloaded()
        try:
            account.health.fault(tries, failure)
        except EndpointDown as error:
            self._shut(lane, account, error)
            tries.forget()
        if account.health.probing or account.health.suspect(tries):
            parked = self._parked.setdefault(account.name, [])
            parked.append((flight, failure))
            if not account.health.probing:
                await self._find_out(lane, account, flight.request)
            return
        await self._retry(lane, flight, failure, tries)

    async def _retry(self, lane: Lane, flight: Flight, failure: Failure, tries: Tries) -> None:
        if tries.over is None:
            self._again(lane, flight, min(tries.delay(failure), lane.endpoint.patience_s))
            return
        outcome = NoAnswer(flight.key, tries.over, f"{tries.faults} tries, last: {failure.detail}")
        await self._journal.finish(Finished(flight.key, flight.request, outcome))
        self._desk.meter.finished(outcome)
        self._land(flight, outcome)

    def _again(self, lane: Lane, flight: Flight, seconds: float) -> None:
        if self._stopped is None and flight.tickets:
            lane.delay(flight, seconds)
        lane.turn()

    # ------------------------------------------------------------ an account that does not answer

    async def _find_out(self, lane: Lane, account: Account, like: Request) -> None:
        """Probe an account until it answers; then let those go on whose faults led to it."""
        try:
            was_down = await account.health.pass_outage(partial(self._probe, lane, account, like), lane.turn)
        except SessionStopped as error:
            self._shut(lane, account, error)
            was_down = True
        for flight, failure in self._parked.pop(account.name, []):
            if flight.gone:
                continue
            tries = flight.fared()
            if was_down:
                tries.forget()
            await self._retry(lane, flight, failure, tries)
        lane.turn()

    async def _probe(self, lane: Lane, account: Account, like: Request) -> Failure | None:
        """One small call past the queue: its failure, or None where the endpoint answers, be it with a refusal."""
        request = lane.probe(like)
        need = lane.need(request)
        reservation = await self._ledger.reserve(need)
        attempt = Attempt(request, request_key(request), lane, account, need, reservation, None, recorded=False)
        await self._sender.send(attempt)
        if isinstance(attempt.error, Failure):
            if attempt.error.kind in STOPPING:
                raise self._closed_by(attempt, attempt.error)
            if attempt.error.kind not in {"rate_limit", "adapted"}:
                return attempt.error
        elif attempt.error is not None:
            raise attempt.error
        account.health.answered()
        return None

    def _close_account(self, attempt: Attempt, failure: Failure) -> None:
        """Ask an account no more whose key or money is no good."""
        self._shut(attempt.lane, attempt.account, self._closed_by(attempt, failure))

    def _shut(self, lane: Lane, account: Account, error: SessionStopped) -> None:
        """Ask an account no more; where nobody else can take its calls the session stops."""
        if account.closed is not None:
            return
        account.closed = error
        others = any(each.closed is None for each in lane.accounts)
        stand_in = lane.fallback is not None and any(each.closed is None for each in lane.fallback.accounts)
        if others or stand_in:
            who = "the other accounts" if others else f"the endpoint '{lane.fallback.name if lane.fallback else ''}'"
            self._desk.notice(f"{error.problem} It is not asked any more; {who} go on.")
            lane.turn()
        else:
            self._halt(error)

    def _closed_by(self, attempt: Attempt, failure: Failure) -> SessionStopped:
        request = attempt.lane.asked(attempt.request)
        return stopped_by(failure, attempt.account.name, request.model, attempt.account.caller.address)

    # ------------------------------------------------------------ the end of a session

    def _turn_all(self) -> None:
        for lane in self._lanes.values():
            lane.turn()

    def _halt(self, error: AutoEvolError) -> None:
        """Nothing more is sent. What is out may still come in; then whoever waits is told."""
        if self._stopped is None:
            self._stopped = error
            for lane in self._lanes.values():
                lane.halted = True
            self._desk.crew.start(self._end_all(error))

    async def _end_all(self, error: AutoEvolError) -> None:
        await self._sender.drained(self._desk.drain_s)
        for flight in list(self._flights.values()):
            self._fail(flight, error)


def _copy(error: AutoEvolError) -> AutoEvolError:
    """One for each who is told: one exception raised in many tasks would mix their tracebacks."""
    copy = type(error)(error.problem, fix=error.fix)
    copy.__cause__ = error.__cause__
    return copy
