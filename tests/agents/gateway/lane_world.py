"""One lane over simulated time: real accounts, gates and lines; the provider is a rule that lets a call pass."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from autoevol.agents.gateway.accounts import Account
from autoevol.agents.gateway.doors import accounts_of
from autoevol.agents.gateway.endpoints import Endpoint
from autoevol.agents.gateway.flights import Flight, Ticket
from autoevol.agents.gateway.lanes import Departure, Lane
from autoevol.agents.gateway.pacing.gate import Load
from autoevol.agents.gateway.requests import Decoding, Request, Turn
from tests.clocks import SimulatedClock

__all__ = ["LaneWorld", "Sending", "TokenBucket", "flight"]

REFUSAL_S = 0.02


@dataclass(frozen=True)
class Sending:
    """One attempt: when, which call, at which account, and whether it was let through."""

    at: float
    name: str
    account: str
    tokens: float
    accepted: bool


class TokenBucket:
    """A provider's bucket: `per_s` calls a second, so many seconds of them at once."""

    def __init__(self, per_s: float, burst_s: float = 1.0) -> None:
        self.per_s = per_s
        self._burst = max(1.0, per_s * burst_s)
        self._left = self._burst
        self._at = 0.0

    def __call__(self, now: float) -> bool:
        """Whether a call passes now."""
        self._left = min(max(1.0, self.per_s), self._left + (now - self._at) * self.per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def flight(name: str, tokens: float = 10, role: str = "evolver", *, urgent: bool = False, model: str = "m") -> Flight:
    """A call that is expected to take so many tokens. Nobody waits for it, but it does not know."""
    request = Request("default", model, (Turn("user", name),), Decoding(10), role=role, place=name, urgent=urgent)
    made = Flight(request, name, Load(tokens, 0.0))
    made.tickets = list[Ticket]()
    return made


def _admit(_lane: Lane, _flight: Flight, _kin: tuple[Flight, ...]) -> bool:
    """There is always room under the caps."""
    return True


@dataclass
class LaneWorld:
    """A lane, its provider, and what was sent.

    Args:
        endpoint: settings; `base_url` is filled in.
        lets: whether the provider takes a call at this moment.
        seconds: what an answer takes, by the name of the call.
        wait: what a refusal asks to wait; None is half a second to a second by the count.
    """

    endpoint: Endpoint
    lets: Callable[[float], bool] = lambda _: True
    seconds: Callable[[str], float] = lambda _: 1.0
    wait: float | None = None
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    sent: list[Sending] = field(default_factory=list[Sending])
    notices: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        self.accounts = accounts_of("default", self.endpoint, self.clock, self.notices.append)
        self.lane = Lane("default", self.endpoint, self.accounts, self.clock, _admit, self._launch)

    def _launch(self, lane: Lane, going: Departure) -> None:
        now, call = self.clock.now(), going.flight
        accepted = self.lets(now)
        self.sent.append(Sending(now, call.key, going.account.name, call.load.input, accepted))
        if accepted:
            took = self.seconds(call.key)
            self.clock.call_at(now + took, lambda: self._answered(going, took))
        else:
            self.clock.call_at(now + REFUSAL_S, lambda: self._refused(going))

    def _answered(self, going: Departure, took: float) -> None:
        gate = going.permit.gate
        gate.answered(took, 10, self.clock.now())
        gate.settle(going.permit, going.flight.load.input, 0.0)
        self.lane.turn()

    def _refused(self, going: Departure) -> None:
        wait = self.wait if self.wait is not None else 0.5 + 0.5 * (len(self.sent) % 10) / 10
        going.permit.gate.settle(going.permit, going.flight.load.input, 0.0)
        going.permit.gate.turned_away(going.permit, wait, self.clock.now())
        self.lane.delay(going.flight, wait)

    @property
    def account(self) -> Account:
        """The only account, or the first."""
        return self.accounts[0]

    def run(self, until: float = float("inf")) -> None:
        """Let time pass until nothing happens any more, or until then."""
        self.lane.turn()
        while self.clock.time < until and self.clock.advance():
            pass

    def accepted(self, start: float = 0.0, end: float = float("inf")) -> int:
        """Calls let through in [start, end)."""
        return sum(sending.accepted for sending in self.sent if start <= sending.at < end)

    @property
    def refused(self) -> int:
        """Calls turned away."""
        return sum(not sending.accepted for sending in self.sent)
