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
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from .attempts import Crew
from .books.journal import Journal
from .books.ledger import Ledger, Totals
from .books.reuse import Reuse, adopted, open_reuse
from .clock import Clock, LoopClock
from .doors import accounts_of, connect
from .endpoints import Budget, Endpoint
from .errors import NotRecorded, SessionStopped, UsageError
from .flights import Flight, Ticket
from .lanes import Lane
from .outcomes import Outcome
from .progress import Meter, Progress
from .requests import Request, request_key
from .streams import OutcomeStream
from .traffic import Desk, Traffic, unpriced
from .wire.chat import Caller
from .wire.quirks import Quirks

__all__ = ["Gateway", "Parts", "open_gateway"]

_DRAIN_S = 60.0
_FRESH = frozenset({"test"})


@dataclass(frozen=True, slots=True)
class Parts:
    """What can be put in the place of the gateway's own parts.

    Args:
        callers: by endpoint name, how it is called instead of by its settings.
        clock: where time comes from.
        power_safe: commits of the journal survive a loss of power too.
        drain_s: how long calls that are out may still come in when the session must stop.
        on_call: hears of every call that a model ended, once it is in the journal; it must be quick and raise nothing.
    """

    callers: Mapping[str, Caller] = field(default_factory=dict[str, Caller])
    clock: Clock = field(default_factory=LoopClock)
    power_safe: bool = False
    drain_s: float = _DRAIN_S
    on_call: Callable[[Request, Outcome], None] | None = None


def _to_stderr(line: str) -> None:
    sys.stderr.write(f"{line}\n")


@asynccontextmanager
async def open_gateway(
    endpoints: Mapping[str, Endpoint],
    folder: Path,
    budget: Budget,
    *,
    replay_only: bool = False,
    reuse: Sequence[Path] = (),
    on_notice: Callable[[str], None] = _to_stderr,
    parts: Parts | None = None,
) -> AsyncGenerator[Gateway]:
    """Open the gateway of a run: its journal, its ledger with all that was spent before, and its endpoints.

    Args:
        endpoints: the endpoint groups by name.
        folder: folder of the run; the journal is `journal.sqlite` in it.
        budget: hard caps over all restarts.
        replay_only: answer from the journal alone; no key, connection, engine or lock is taken.
        reuse: folders of other runs whose answers are taken, and copied, where the same call comes up; never in the
            stage `test`, whose answers must be fresh (design, law 6).
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
                desk = Desk(parts.clock, Meter(parts.clock), crew, on_notice, parts.drain_s, replay_only, parts.on_call)
                others = stack.enter_context(open_reuse(() if replay_only else reuse))
                for trouble in others.troubles:
                    on_notice(trouble)
                gateway = Gateway(journal, ledger, desk, others)
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
            raise unpriced(name, "its models")


class Gateway:
    """The open door. Made by `open_gateway`."""

    def __init__(self, journal: Journal, ledger: Ledger, desk: Desk, reuse: Reuse) -> None:
        self._journal = journal
        self._reuse = reuse
        self._ledger = ledger
        self._desk = desk
        self._traffic = Traffic(journal, ledger, desk)
        self._paused_at = 0.0

    async def connect(
        self, endpoints: Mapping[str, Endpoint], callers: Mapping[str, Caller], stack: AsyncExitStack
    ) -> None:
        """Make the lanes ready. Called once, by `open_gateway`.

        Raises:
            UsageError: a key, an address or a fallback that is named is missing.
            ModelFileError: an embedded model cannot be had.
        """
        desk, traffic = self._desk, self._traffic
        lanes = traffic.lanes
        for name, endpoint in endpoints.items():
            accounts = accounts_of(name, endpoint, desk.clock, desk.notice)
            marks, quirks = self._journal.marks(name), Quirks(endpoint.abilities)
            for account in accounts:
                account.reach_by(callers.get(name) or await connect(account, marks, quirks, stack))
            lanes[name] = Lane(name, endpoint, accounts, desk.clock, traffic.admit, traffic.launch)
        for name, endpoint in endpoints.items():
            if endpoint.fallback is None:
                continue
            if endpoint.fallback not in lanes or endpoint.fallback == name:
                raise UsageError(
                    f"The fallback of the endpoint '{name}' is '{endpoint.fallback}', which is no other endpoint.",
                    fix=f"Endpoints are: {', '.join(lanes)}.",
                )
            lanes[endpoint.fallback].stand_in_for(lanes[name])
        for lane in lanes.values():
            lane.name_stand_ins()

    def close(self) -> None:
        """Stop all timers, and send nothing more; called by `open_gateway`."""
        for lane in self._traffic.lanes.values():
            lane.close()

    # ------------------------------------------------------------ what agents see

    @property
    def capacity(self) -> int:
        """How many calls may usefully be under way at once, and a few more that wait at the door."""
        most = sum(lane.capacity for lane in self._traffic.lanes.values())
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
        flight = self._traffic.flights.get(key)
        if flight is not None:
            ticket.flight = flight
            flight.tickets.append(ticket)
            return ticket
        ticket.flight = Flight(request, key, lane.load(request), [ticket])
        paid = self._reuse.lookup(key) if request.stage not in _FRESH else None
        if paid is None:
            self._traffic.enter(ticket.flight, lane)
        else:
            self._desk.meter.journaled += 1
            self._traffic.adopt(ticket.flight, adopted(request, paid))
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
            self._traffic.forget(flight)

    # ------------------------------------------------------------ a person's hand

    @property
    def paused(self) -> bool:
        """Whether a person has paused the session."""
        return self._traffic.paused

    def pause(self) -> None:
        """Send nothing until `go_on`. What is out comes in; minutes of a pause do not count for the budget."""
        if not self._traffic.paused:
            self._traffic.pause()
            self._paused_at = self._desk.clock.now()

    def go_on(self) -> None:
        """End a pause."""
        if self._traffic.paused:
            self._journal.leave_out(self._desk.clock.now() - self._paused_at)
            self._traffic.go_on()

    def stop(self, error: SessionStopped) -> None:
        """Send nothing more; what is out comes in, then whoever waits gets this error."""
        if self._traffic.paused:
            self._journal.leave_out(self._desk.clock.now() - self._paused_at)
        # Nothing that waits for the end of the pause may slip out: it ends with the traffic.
        self._traffic.halt(error)

    def hold_to(self, budget: Budget) -> None:
        """From now on these are the caps.

        Raises:
            UsageError: a cap in USD needs a price that is not known.
        """
        _check_prices({lane.name: lane.endpoint for lane in self._traffic.lanes.values()}, budget)
        self._ledger.hold_to(budget)

    # ------------------------------------------------------------ what a person looks at

    def totals(self) -> Totals:
        """What the run has spent, over all restarts, by role and by stage."""
        return self._ledger.totals()

    def progress(self) -> Progress:
        """How it goes now."""
        lanes = self._traffic.lanes.values()
        waiting = [f"{lane.name}: {lane.binding}" for lane in lanes if lane.binding and lane.usable]
        waiting += [f"{lane.name}: {lane.shut}" for lane in lanes if not lane.usable]
        waiting += ["budget"] if self._ledger.waiting else []
        waiting = ["paused"] if self.paused else waiting
        free = all(lane.endpoint.free for lane in lanes)
        spent = self._ledger.spent.cost
        under_way = len(self._traffic.flights)
        permitted = {lane.name: rate for lane in list(lanes) if (rate := lane.permitted) is not None}
        now = self._desk.meter.progress(self._traffic.sender.out, under_way, ", ".join(waiting), spent, free=free)
        return replace(now, permitted=permitted, retrying=sum(lane.delayed for lane in list(lanes)))

    def _lane(self, request: Request, key: str) -> Lane:
        if self._desk.replay_only:
            raise NotRecorded(
                f"The journal does not hold the call {request.place or key[:12]}.", fix="Resume the run to make it."
            )
        lane = self._traffic.lanes.get(request.endpoint)
        if lane is None:
            raise UsageError(
                f"The role '{request.role}' names the endpoint '{request.endpoint}', which the settings do not have.",
                fix=f"They have: {', '.join(sorted(self._traffic.lanes)) or 'none'}.",
            )
        return lane
