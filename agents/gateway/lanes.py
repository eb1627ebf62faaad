"""One lane an endpoint: its accounts, the lines of what waits for it by model, and the one timer that serves them."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from .accounts import Account
from .books.ledger import Need, Sum, price_of
from .books.prices import worst_price
from .clock import Clock, Timer
from .company import Company
from .endpoints import Endpoint
from .estimates import Expectation, worst_input
from .flights import Flight
from .outcomes import Outcome, Usage
from .pacing.gate import Limit, Load, Permit
from .pacing.line import Line
from .requests import Decoding, Request, Turn

__all__ = ["Departure", "Lane"]

# Timers of the event loop come up to so much late or early.
_GRAIN_S = 1e-4
_NEVER = float("inf")


@dataclass(slots=True, frozen=True)
class Departure:
    """A call that may go out now: where, by what right, and which others are answered by the same one."""

    flight: Flight
    account: Account
    permit: Permit
    kin: tuple[Flight, ...] = ()


class Lane:
    """The queue of one endpoint.

    Args:
        name: of the endpoint.
        endpoint: its settings.
        accounts: one for each address and key.
        clock: where time comes from.
        admit: whether the budget has room for a call now, and for others that go with it.
        launch: sends a call.

    Attributes:
        fallback: the lane that takes what waits here while no account of this one can be asked.
        halted: whether nothing more is sent.
        paused: whether nothing is sent until a person says so.
    """

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        accounts: Sequence[Account],
        clock: Clock,
        admit: Callable[[Lane, Flight, tuple[Flight, ...]], bool],
        launch: Callable[[Lane, Departure], None],
    ) -> None:
        self.name = name
        self.endpoint = endpoint
        self.accounts = tuple(accounts)
        self.expectation = Expectation()
        self.fallback: Lane | None = None
        self._stand_ins: dict[str, str] = {}
        self.company = Company(endpoint, self.asked)
        self._clock = clock
        self._admit = admit
        self._launch = launch
        self._lines: dict[str, Line[Flight]] = {}
        self._delayed: list[tuple[float, int, Flight]] = []
        self._number = 0
        self._timer: Timer | None = None
        self._wake = _NEVER
        self._turning = False
        self._binding: Limit = ""
        self.halted = False
        self.paused = False

    # ------------------------------------------------------------ what waits

    @property
    def binding(self) -> Limit:
        """What the first of a line waits for; empty where nothing waits."""
        return self._binding if any(self._lines.values()) else ""

    @property
    def capacity(self) -> int:
        """Calls that may usefully be under way."""
        return sum(account.capacity for account in self.accounts if account.usable) or 1

    @property
    def permitted(self) -> float | None:
        """Calls a minute that are permitted, over all accounts that can be asked; None where nobody says."""
        known = [account.permitted for account in self.accounts if account.usable]
        return None if not known or None in known else sum(rate for rate in known if rate is not None)

    @property
    def delayed(self) -> int:
        """Calls between two tries."""
        return len(self._delayed)

    @property
    def shut(self) -> str:
        """Why no account can be asked: none is open any more (no money, key refused), or none answers."""
        return "no account" if all(account.closed for account in self.accounts) else "outage"

    @property
    def usable(self) -> bool:
        """Whether any account can be asked now."""
        return any(account.usable for account in self.accounts)

    @property
    def answers_elsewhere(self) -> bool:
        """Whether another account, or the lane that stands in, can be asked while one account cannot."""
        return self.usable or (self.fallback is not None and self.fallback.usable)

    def stand_in_for(self, lane: Lane) -> None:
        """Answer what another lane cannot answer for a time."""
        lane.fallback = self

    def name_stand_ins(self) -> None:
        """Tell those who stand in for this lane, and those who stand in for them, with which model the settings say."""
        model, lane, passed = "", self, {self.name}
        while lane.fallback is not None and lane.fallback.name not in passed:
            model = lane.endpoint.fallback_model or model
            lane = lane.fallback
            passed.add(lane.name)
            if model:
                lane._stand_ins[self.name] = model

    def asked(self, request: Request) -> Request:
        """A request as it is put here: another one where this lane stands in for the one that it names."""
        if request.endpoint == self.name:
            return request
        model = self._stand_ins.get(request.endpoint, request.model)
        return replace(request, endpoint=self.name, model=model)

    def push(self, flight: Flight, *, again: bool = False) -> None:
        """Let a call wait for its turn; one that has had a turn goes to the front."""
        model = flight.request.model
        if flight.request.endpoint != self.name:
            model = self._stand_ins.get(flight.request.endpoint, model)
        line = self._lines.get(model)
        if line is None:
            line = self._lines[model] = Line()
        line.push(flight, again=again)
        flight.line = line
        if self.company.wait(flight):
            # Those that are asked for in the same moment go together.
            self._set_timer(min(self._wake, self._clock.now()))
        # Who stands behind others changes nothing for the first.
        elif len(line) == 1 or again or flight.urgent:
            self.turn()

    def delay(self, flight: Flight, seconds: float) -> None:
        """Let a call wait so long, outside the line, and then be the first of its share."""
        self._number += 1
        heapq.heappush(self._delayed, (self._clock.now() + seconds, self._number, flight))
        self.turn()

    def has_room_beside(self, account: Account, flight: Flight) -> bool:
        """Whether another account could take this call now."""
        model, now = self.asked(flight.request).model, self._clock.now()
        others = (each for each in self.accounts if each is not account)
        return any(each.ready(model, flight.load, now)[0] <= now for each in others)

    def drain(self) -> list[Flight]:
        """Take out all that waits in lines."""
        return [flight for line in self._lines.values() for flight in _drained(line)]

    # ------------------------------------------------------------ service

    def turn(self) -> None:
        """Send what may go now, and set the one timer to the moment of the next."""
        if self._turning or self.halted or self.paused:
            return
        self._turning = True
        try:
            now = self._clock.now()
            self._end_delays(now)
            wake = self._serve(now)
            if self._delayed:
                wake = min(wake, self._delayed[0][0])
        finally:
            self._turning = False
        self._set_timer(wake)

    def _end_delays(self, now: float) -> None:
        while self._delayed and (self._delayed[0][0] <= now + _GRAIN_S or self._delayed[0][2].gone):
            flight = heapq.heappop(self._delayed)[2]
            if not flight.gone:
                self.push(flight, again=True)

    def _serve(self, now: float) -> float:
        """Serve the lines, a call of each in turn, for some limits hold over all models: who was served last is last.

        Returns:
            The moment at which the first of a line may pass, or infinity where an event must come first.
        """
        waiting = deque([(model, line) for model, line in self._lines.items() if line])
        wake = _NEVER
        while waiting and not self.halted:
            model, line = waiting[0]
            when = self._next(model, line, now)
            if when is not None:
                wake = min(wake, when)
                waiting.popleft()
            elif len(self._lines) > 1:
                self._lines[model] = self._lines.pop(model)
                waiting.rotate(-1)
        return wake

    def _next(self, model: str, line: Line[Flight], now: float) -> float | None:
        """Let the first of a line go; None where it went, or is gone, and else the moment at which it may."""
        flight = line.head()
        if flight is None:
            return _NEVER
        account, when, self._binding = self._choose(model, flight.load, now)
        if when > now + _GRAIN_S:
            return self._stood_in(line, when)
        kin = self.company.of(flight)
        load = _together(flight, kin)
        permit = account.take(model, load, now)
        if not isinstance(permit, Permit):
            self._binding = "shared"
            return now + permit
        if not self._admit(self, flight, kin):
            account.settle(permit, None)
            if kin:
                self.company.stay_apart(flight, kin)
            if kin or flight.gone:
                return None
            self._binding = "budget"
            return _NEVER
        line.pop()
        flight.line = None
        for each in kin:
            line.remove(each)
            each.line = None
        self.company.went(flight, kin)
        self._launch(self, Departure(flight, account, permit, kin))
        return None

    def _stood_in(self, line: Line[Flight], when: float) -> float:
        """Where no account can be asked and another lane stands in, it takes the whole line."""
        if self.usable or self.fallback is None or not self.fallback.usable:
            return when
        for each in _drained(line):
            self.fallback.push(each)
        return _NEVER

    def _choose(self, model: str, load: Load, now: float) -> tuple[Account, float, Limit]:
        """The account that may be asked first; of those that may be asked now the one with the least in flight."""
        best: tuple[float, int, int, Account, Limit] | None = None
        for account in self.accounts:
            when, limit = account.ready(model, load, now)
            if len(self.accounts) == 1:
                return account, when, limit
            rank = (max(when, now + _GRAIN_S), account.gate(model).in_flight, account.served, account, limit)
            if best is None or rank[:3] < best[:3]:
                best = rank
        assert best is not None  # noqa: S101  a lane has an account
        return best[3], best[0], best[4]

    def _set_timer(self, wake: float) -> None:
        if wake == self._wake and self._timer is not None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wake = wake
        if wake != _NEVER:
            self._timer = self._clock.call_at(wake, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        self.turn()

    def close(self) -> None:
        """Send nothing more, whatever is given back from now on."""
        self.halted = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # ------------------------------------------------------------ what calls take

    def load(self, request: Request) -> Load:
        """What a call is expected to take."""
        return Load(*self.expectation.expected(request))

    def need(self, request: Request, kin: Sequence[Request] = ()) -> Need:
        """What one attempt could use at worst, with others that go with it: samples of it, or further texts."""
        texts = sum(map(worst_input, kin)) if request.form == "embedding" else 0
        usage = Usage(worst_input(request) + texts, request.decoding.max_tokens * (1 + len(kin)))
        price = worst_price(self.endpoint.prices.get(request.model), usage, free=self.endpoint.free)
        return Need(request.role, request.stage, usage.input_tokens, usage.output_tokens, price, request.model)

    def price(self, request: Request, usage: Usage) -> float | None:
        """Money for a usage in USD; None where the price of the model is unknown."""
        return price_of(self.endpoint.prices.get(request.model), usage, free=self.endpoint.free)

    def used(self, need: Need, outcome: Outcome) -> Sum:
        """What an outcome counts for. Where a provider does not say, it is what was set aside: caps are hard."""
        usage = outcome.usage
        if usage.estimated and not self.endpoint.free:
            return need.sum
        return Sum(
            1, usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens,
            outcome.cost or 0.0, int(outcome.cost is None), outcome.seconds,
        )  # fmt: skip

    def probe(self, like: Request) -> Request:
        """The smallest call there is, to the model that is asked here for one like this, and of the same form."""
        return Request(
            self.name, self.asked(like).model, (Turn("user", "ping"),), Decoding(max_tokens=1), 0, "probe", "probe",
            like.stage, like.form,
        )  # fmt: skip


def _drained(line: Line[Flight]) -> list[Flight]:
    """All that waits in a line, taken out of it."""
    flights = line.drain()
    for flight in flights:
        flight.line = None
    return flights


def _together(flight: Flight, kin: tuple[Flight, ...]) -> Load:
    """What calls that go together are expected to take: a question is read once, texts each."""
    if not kin:
        return flight.load
    texts = sum(each.load.input for each in kin) if flight.request.form == "embedding" else 0.0
    return replace(flight.load, input=flight.load.input + texts, output=flight.load.output * (1 + len(kin)))
