"""One account: an address and a key, how it is reached, how fast each of its models may be asked, and how it is."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime

from .clock import Clock
from .endpoints import Endpoint, ModelLimits
from .errors import SessionStopped
from .pacing.announced import AnnouncedLimits, Announcement, read_announcement
from .pacing.gate import DIMENSIONS, Dimension, Gate, Limit, Load, Permit, Slots, pacers_of
from .pacing.leases import SharedAccount
from .pacing.sharing import Sharing
from .retries import Health
from .wire.chat import Caller
from .wire.transport import WireReply

__all__ = ["Account"]

_NO_LIMITS = ModelLimits()
_NEVER = float("inf")


class Account:
    """One way to an endpoint's models.

    Args:
        name: for messages: the endpoint's name, with a number where there are several.
        endpoint: the settings, those of a replica already put in.
        most: calls in flight at once; None is unbounded.
        careful: whether a rate that nobody names is found by starting slowly.
        clock: where time comes from.
        notice: takes single lines for the person.

    Attributes:
        closed: why it is not asked any more in this session (no money, key refused); None while it is.
        served: calls that it was given.
        notice: takes single lines for the person.
    """

    def __init__(
        self, name: str, endpoint: Endpoint, most: int | None, clock: Clock, notice: Callable[[str], None]
    ) -> None:
        self.name = name
        self.endpoint = endpoint
        self.closed: SessionStopped | None = None
        self.served = 0
        self._clock = clock
        self.notice = notice
        self._slots = Slots(most)
        self._pacers = pacers_of(endpoint, clock.now())
        self._gates: dict[str, Gate] = {}
        self._announced: dict[str, AnnouncedLimits] = {}
        self._said_higher = False
        self._sharing: Sharing | None = None
        self._caller: Caller | None = None
        self.health: Health = Health(name, "", endpoint.patience_s, clock, notice)

    def reach_by(self, caller: Caller) -> None:
        """Take what makes the calls. It comes later, because it shows its replies to `on_reply`."""
        self._caller = caller
        self.health = Health(self.name, caller.address, self.endpoint.patience_s, self._clock, self.notice)

    def share(self, shared: SharedAccount) -> None:
        """Keep the limits together with other processes of this machine."""
        self._sharing = Sharing(shared, self._slots.most)

    @property
    def caller(self) -> Caller:
        """What makes the calls."""
        assert self._caller is not None  # noqa: S101  set before the first call
        return self._caller

    def gate(self, model: str) -> Gate:
        """The limits of one of its models."""
        gate = self._gates.get(model)
        if gate is None:
            gate = self._gates[model] = self._new_gate(model)
        return gate

    def _new_gate(self, model: str) -> Gate:
        limits = self.endpoint.models.get(model, _NO_LIMITS)
        return Gate(self._pacers, self._slots, limits, self._clock.now(), careful=not self.endpoint.free)

    def ready(self, model: str, load: Load, now: float) -> tuple[float, Limit]:
        """When a call may go out here at the earliest, and which limit says so."""
        if self.closed is not None or self.health.down or self.health.probing:
            return _NEVER, "outage"
        return self.gate(model).ready(load, now)

    def take(self, model: str, load: Load, now: float) -> Permit | float:
        """Let a call go that is ready, or say after how many seconds to ask again: other processes have used it up."""
        gate = self.gate(model)
        if self._sharing is not None:
            wait = self._sharing.ask(gate, model, load, now)
            if wait:
                return wait
        permit = gate.take(load, now)
        if self._sharing is not None:
            self._sharing.went(permit, model)
        self.served += 1
        return permit

    def settle(self, permit: Permit, used: Load | None) -> None:
        """A call came back and took so much; None says that it never went out. A second time does nothing."""
        if self._sharing is not None:
            self._sharing.came(permit, used)
        if used is None:
            permit.gate.give_back(permit)
        else:
            permit.gate.settle(permit, used.input, used.output)

    def turned_away(self, permit: Permit, wait: float) -> None:
        """A call came back as too fast and was told to wait so many seconds."""
        now = self._clock.now()
        pause = permit.gate.turned_away(permit, wait, now)
        if pause and self._sharing is not None:
            self._sharing.pause(pause, now)

    @property
    def permitted(self) -> float | None:
        """Calls a minute that are permitted here, as settings and provider say; None where nobody says."""
        shared: list[float] = []
        own: dict[str, float] = {}
        for model, gate in self._gates.items():
            for mine, dimension, per_second in gate.rates() if gate.known else ():
                if dimension == "rpm" and mine:
                    own[model] = min(own.get(model, math.inf), 60 * per_second)
                elif dimension == "rpm":
                    shared.append(60 * per_second)
        # What only some models are bound to bounds nothing altogether.
        models = [sum(own.values())] if own and len(own) == len(self._gates) else []
        return min([*shared, *models], default=None)

    @property
    def usable(self) -> bool:
        """Whether it can be asked at all now."""
        return self.closed is None and not self.health.down

    @property
    def capacity(self) -> int:
        """Calls that may usefully be under way here."""
        if not self._gates:
            # A gate of no model is not kept: nobody ever announces its limits, and all would count as unknown.
            return self._slots.most or self._new_gate("").capacity
        total = sum(gate.capacity for gate in self._gates.values())
        return total if self._slots.most is None else min(total, self._slots.most)

    def on_reply(self, model: str, reply: WireReply) -> None:
        """Look through the headers of a reply for what the provider says about its limits."""
        said = read_announcement(reply.headers, datetime.now(UTC))
        if said is not None:
            self._announce(model, said)

    def _announce(self, model: str, said: Announcement) -> None:
        now = self._clock.now()
        announced = self._announced.setdefault(model, AnnouncedLimits())
        announced.update(said, now)
        gate = self.gate(model)
        rates: dict[Dimension, float] = {
            name: rate for name in DIMENSIONS if (rate := getattr(announced, name)) is not None
        }
        if gate.announce(rates, now):
            self._compare(model, rates)
        hold = announced.hold_until(now)
        if hold is not None:
            gate.pause_until(now + self.health.bearable(hold - now))

    def _compare(self, model: str, rates: dict[Dimension, float]) -> None:
        """Tell the person once that the provider allows more than the settings do."""
        for name, rate in rates.items():
            said = getattr(self.endpoint, name)
            if said is not None and rate > 1.05 * said and not self._said_higher:
                self._said_higher = True
                self.notice(
                    f"The endpoint '{self.name}' announces {name} {rate:.0f} for '{model}'; the settings' {said:.0f}"
                    f" are kept. Leave {name} out to use all of it."
                )
