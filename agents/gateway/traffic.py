"""Calls under way: who waits for which, what goes out by which right, who is told of what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import anyio

from .attempts import Attempt, Crew, Sender
from .books.journal import Finished, Journal
from .books.ledger import Ledger, Need, Reservation
from .clock import Clock
from .errors import AutoEvolError, SessionStopped, StorageError, UsageError
from .flights import Flight
from .lanes import Departure, Lane
from .outcomes import Answer, Outcome
from .progress import Meter
from .recovery import Recovery
from .requests import Request
from .served import ServedModels
from .wire.failures import Failure

__all__ = ["Desk", "Traffic", "unpriced"]


def unpriced(name: str, model: str) -> UsageError:
    """A cap in USD cannot be kept where a price is not known (design, law 7)."""
    return UsageError(
        f"The budget has a cap in USD, but the price of {model} at the endpoint '{name}' is unknown.",
        fix="Give `prices` for it in the settings (0 for a server of your own), or drop the cap in USD.",
    )


@dataclass(frozen=True, slots=True)
class Desk:
    """What the gateway has at hand."""

    clock: Clock
    meter: Meter
    crew: Crew
    notice: Callable[[str], None]
    drain_s: float
    replay_only: bool
    on_call: Callable[[Request, Outcome], None] | None = None


class Traffic:
    """All calls under way in an open gateway.

    Attributes:
        lanes: by the name of the endpoint.
        flights: by the key of the call.
        stopped: why nothing more is sent; None while all goes on.
        road: not set while a person has paused the session.
    """

    def __init__(self, journal: Journal, ledger: Ledger, desk: Desk) -> None:
        self.lanes: dict[str, Lane] = {}
        self.flights: dict[str, Flight] = {}
        self.stopped: AutoEvolError | None = None
        self.road = anyio.Event()
        self.road.set()
        self._journal = journal
        self._ledger = ledger
        self._desk = desk
        self._recovery = Recovery(self, journal, ledger, desk)
        self.sender = Sender(journal, ledger, desk.clock, desk.meter, self._recovery.close_account, desk.on_call)
        self._reserved: tuple[Need, Reservation] | None = None
        self._unpriced_said: set[tuple[str, str]] = set()
        self._served = ServedModels(desk.notice)
        ledger.on_room = self.turn

    # ------------------------------------------------------------ going out

    def enter(self, flight: Flight, lane: Lane) -> None:
        """Let a new call wait for its turn; where the session has stopped it is told so."""
        self.flights[flight.key] = flight
        if self.stopped is not None:
            self._desk.crew.start(self._end_all(self.stopped))
        else:
            lane.push(flight)

    def adopt(self, flight: Flight, finished: Finished) -> None:
        """End a call with an answer that another run has paid for, once it is in our own journal."""
        self.flights[flight.key] = flight
        flight.out = True
        self._desk.crew.start(self._adopt(flight, finished))

    async def _adopt(self, flight: Flight, finished: Finished) -> None:
        try:
            await self._journal.finish(finished)
            self.land(flight, finished.outcome)
        except StorageError as error:
            # Where the session has stopped before, nobody else would tell them.
            self._fail(flight, error)
            self.halt(error)

    def _need(self, lane: Lane, request: Request, kin: tuple[Flight, ...]) -> Need:
        need = lane.need(request, [each.request for each in kin])
        if need.usd is None and self._ledger.budget.usd is not None:
            raise unpriced(lane.name, f"the model '{request.model}'")
        if need.usd is None and (lane.name, request.model) not in self._unpriced_said:
            self._unpriced_said.add((lane.name, request.model))
            self._desk.notice(f"The price of '{request.model}' at '{lane.name}' is unknown: its money is not counted.")
        return need

    def admit(self, lane: Lane, flight: Flight, kin: tuple[Flight, ...]) -> bool:
        """Set room aside for a call that its limits would let go, and for others that go with it.

        A call that cannot go at all is ended here.
        """
        try:
            need = self._need(lane, lane.asked(flight.request), kin)
            reservation = self._ledger.try_reserve(need)
        except SessionStopped as error:
            # Too much for several answers may be enough for one: the lane asks again for that.
            if not kin:
                self.halt(error)
            return False
        except UsageError as error:
            self._fail(flight, error)
            return False
        if reservation is None:
            return False
        self._reserved = (need, reservation)
        return True

    def launch(self, lane: Lane, going: Departure) -> None:
        """Send a call that was admitted a moment ago, in a task of its own."""
        assert self._reserved is not None  # noqa: S101  admitted a moment ago
        need, reservation = self._reserved
        self._reserved = None
        flight = going.flight
        attempt = Attempt(
            flight.request, flight.key, lane, going.account, need, reservation, going.permit,
            kin=[(each.request, each.key) for each in going.kin],
        )  # fmt: skip
        for each in (flight, *going.kin):
            each.out = True
        self._desk.crew.start(self._fly(flight, going.kin, attempt))

    async def _fly(self, flight: Flight, kin: tuple[Flight, ...], attempt: Attempt) -> None:
        """One attempt, and what follows from it. The one boundary of the gateway's tasks: it raises nothing of ours."""
        try:
            try:
                await self.sender.send(attempt)
            finally:
                flight.out = False
            if attempt.apart:
                for each in (flight, *kin):
                    each.together = max(1, (len(kin) + 2) // 2)
            self._land_kin(kin, attempt)
            if attempt.outcome is not None:
                attempt.account.health.answered()
                if isinstance(attempt.outcome, Answer):
                    self._served.note(attempt.lane.name, attempt.request.model, attempt.outcome)
                self.land(flight, attempt.outcome)
            elif isinstance(attempt.error, Failure):
                await self._recovery.consider(flight, attempt, attempt.error)
            elif isinstance(attempt.error, SessionStopped | StorageError):
                self.halt(attempt.error)
            elif attempt.error is not None:
                self._fail(flight, attempt.error)
        except (SessionStopped, StorageError) as error:
            self.halt(error)
        finally:
            # By now it may be out again.
            if not flight.tickets and not flight.out:
                self.forget(flight)

    # ------------------------------------------------------------ coming back

    def _land_kin(self, kin: tuple[Flight, ...], attempt: Attempt) -> None:
        """Tell those who got a sample of the same call; the others wait for their own, as long as the call was told."""
        failure = attempt.error
        wait = (failure.wait or 0.0) if isinstance(failure, Failure) and failure.kind == "rate_limit" else 0.0
        for number, each in enumerate(kin):
            each.out = False
            if number < len(attempt.more):
                self.land(each, attempt.more[number])
            elif each.tickets:
                self.again(attempt.lane, each, min(wait, attempt.lane.endpoint.patience_s))
            else:
                self.forget(each)

    def land(self, flight: Flight, outcome: Outcome) -> None:
        """Tell all who wait."""
        self.forget(flight)
        booked = (flight.request.stage, flight.request.place)
        for ticket in flight.tickets:
            ticket.booked = booked
            if not ticket.future.done():
                ticket.future.set_result(outcome)

    def _fail(self, flight: Flight, error: AutoEvolError) -> None:
        self.forget(flight)
        for ticket in flight.tickets:
            if not ticket.future.done():
                ticket.future.set_exception(_copy(error))

    def forget(self, flight: Flight) -> None:
        """It needs no further attempt."""
        flight.gone = True
        if self.flights.get(flight.key) is flight:
            del self.flights[flight.key]

    def again(self, lane: Lane, flight: Flight, seconds: float) -> None:
        """Let a call wait so long and then be the first, if anybody still wants it."""
        if self.stopped is None and flight.tickets:
            lane.delay(flight, seconds)
        lane.turn()

    # ------------------------------------------------------------ a person's hand

    @property
    def paused(self) -> bool:
        """Whether a person has paused the session."""
        return not self.road.is_set()

    def pause(self) -> None:
        """Send nothing more until `go_on`; what is out comes in, and is told to all who wait."""
        if not self.paused and self.stopped is None:
            self.road = anyio.Event()
        for lane in self.lanes.values():
            lane.paused = self.paused

    def go_on(self) -> None:
        """End a pause."""
        self.road.set()
        for lane in self.lanes.values():
            lane.paused = False
        self.turn()

    # ------------------------------------------------------------ the end of a session

    def turn(self) -> None:
        """Look in every lane for what may go now."""
        for lane in self.lanes.values():
            lane.turn()

    def halt(self, error: AutoEvolError) -> None:
        """Nothing more is sent. What is out may still come in; then whoever waits is told."""
        if self.stopped is None:
            self.stopped = error
            self.road.set()
            for lane in self.lanes.values():
                lane.halted = True
            self._desk.crew.start(self._end_all(error))

    async def _end_all(self, error: AutoEvolError) -> None:
        await self.sender.drained(self._desk.drain_s)
        for flight in list(self.flights.values()):
            self._fail(flight, error)


def _copy(error: AutoEvolError) -> AutoEvolError:
    """One for each who is told: one exception raised in many tasks would mix their tracebacks."""
    copy = type(error)(error.problem, fix=error.fix)
    copy.__cause__ = error.__cause__
    return copy
