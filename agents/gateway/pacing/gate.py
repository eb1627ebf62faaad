"""All limits of one model at one account, held together: rates, calls in flight, what is announced, what is found.

    said by the person ─┐
    announced in headers ┼─► pacers ─► level (found by 429s) ─► window of calls in flight (found by times) ─► a permit
    a pause asked for  ──┘

A call passes when all of them let it; what it was expected to take is corrected to what it took when it is answered.
Where the person and the provider both name a limit the smaller one holds: the person may share the account with others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..endpoints import ModelLimits
from .finder import RateFinder, Sent
from .pacer import Pacer
from .window import FIRST_WINDOW, Window

__all__ = ["Dimension", "Gate", "Limit", "Load", "Permit", "Slots", "pacers_of"]

Limit = Literal[
    "", "concurrency", "rpm", "tpm", "input_tpm", "output_tpm", "pause", "learned", "shared", "outage", "budget"
]
Dimension = Literal["rpm", "tpm", "input_tpm", "output_tpm"]
DIMENSIONS: tuple[Dimension, ...] = ("rpm", "tpm", "input_tpm", "output_tpm")
# Exactly at a limit the jitter of the network would cross it now and then.
_MARGIN = 0.995
_PACED_IN_FLIGHT = 20_000
_LONG_S = 30.0
# An announced limit that is so much another one makes what was learned about the old one worthless.
_OTHER = 0.1
_USUAL_TOKENS = 500.0
_SMOOTHING = 0.1
# A provider that refuses what is caught up after a stall counts each second strictly; then nothing is caught up.
_STRICT_BURST_S = 0.02
_NEVER = float("inf")


@dataclass(slots=True, frozen=True)
class Load:
    """What a call is expected to take, in tokens."""

    input: float
    output: float

    def of(self, dimension: Dimension) -> float:
        """The same in the units of a limit."""
        if dimension == "rpm":
            return 1.0
        if dimension == "tpm":
            return self.input + self.output
        return self.input if dimension == "input_tpm" else self.output


class Slots:
    """Calls in flight at one account, over all its models.

    Attributes:
        most: the bound that the person named; None where there is none.
        used: how many there are.
    """

    __slots__ = ("most", "used")

    def __init__(self, most: int | None) -> None:
        self.most = most
        self.used = 0


@dataclass(slots=True, eq=False)
class Permit:
    """The right to send one call through a gate. `paced` is what it was taken from: that may be other limits by the
    time it is settled, at another level."""

    gate: Gate
    load: Load
    paced: Pacers
    level: float
    span: float
    sent: Sent
    held: bool = True


Pacers = list[tuple[Dimension, Pacer]]


def pacers_of(limits: ModelLimits, now: float) -> Pacers:
    """A pacer for each rate that is named."""
    named: list[tuple[Dimension, float | None]] = [(name, getattr(limits, name)) for name in DIMENSIONS]
    return [(name, Pacer(value * _MARGIN / 60, now)) for name, value in named if value is not None]


class Gate:
    """Admission for one model at one account. Times are seconds of the gateway's clock.

    Args:
        account: pacers that hold over all models of the account, and are shared with their gates.
        slots: calls in flight of the account, shared likewise.
        limits: what the person says about this model alone.
        now: the time.
        careful: find a rate that nobody names by starting slowly; False where calls in flight are bounded anyway.

    Attributes:
        known: whether any rate is said or announced.
        finder: the level that 429s show.
        window: the calls in flight that times show.
        in_flight: calls in flight through this gate.
    """

    def __init__(self, account: Pacers, slots: Slots, limits: ModelLimits, now: float, *, careful: bool) -> None:
        self._account = account
        self._slots = slots
        self._said = pacers_of(limits, now)
        self._announced: dict[Dimension, Pacer] = {}
        self._unknown: Pacers = [("rpm", Pacer(1.0, now))]
        self._most = limits.concurrency
        self._bounded = slots.most is not None or limits.concurrency is not None
        self.known = False
        self._binding: Pacers = []
        self._bind()
        self.finder = RateFinder(1.0 if self.known else None, now, free=not careful or self._bounded)
        self.window = Window(now)
        self._paused_until = -_NEVER
        self._usual: dict[Dimension, float] = {"rpm": 1.0}
        self._strict_since = _NEVER
        self.in_flight = 0

    def _bind(self) -> None:
        """Gather what every call passes; it changes only when something is announced."""
        named = [*self._account, *self._said, *self._announced.items()]
        self.known = bool(named)
        self._binding = named or self._unknown

    # ------------------------------------------------------------ admission

    @property
    def most_in_flight(self) -> int:
        """Calls that may be in flight at once through this gate."""
        bounds = [bound for bound in (self._most, self._slots.most) if bound is not None]
        if bounds:
            return min(bounds)
        if self.known:
            return _PACED_IN_FLIGHT
        if self.finder.starting or self.finder.level == _NEVER:
            return int(self.window.size)
        # The rate is found: calls in flight follow from it and from how long a call takes.
        return int(max(FIRST_WINDOW, min(self.window.size * 2, 2 * self.finder.level * self.window.seconds)))

    @property
    def capacity(self) -> int:
        """Calls that may usefully be under way, by Little's law with room to grow."""
        most = self.most_in_flight
        if self._bounded:
            return most
        if not self.known:
            return min(most, math.ceil(FIRST_WINDOW + 2 * self.finder.calls_per_s * (self.window.seconds or 1.0)))
        # As long as nothing has been answered nobody knows how long that takes; it must not hold up what may go.
        seconds = self.window.seconds or _LONG_S
        rate = min(pacer.per_second / max(1.0, self._usual.get(name, _USUAL_TOKENS)) for name, pacer in self._binding)
        return min(most, math.ceil(FIRST_WINDOW + 2 * rate * min(1.0, self.finder.level) * seconds))

    def ready(self, load: Load, now: float) -> tuple[float, Limit]:
        """When a call of this load may pass at the earliest, and which limit says so; infinity is after an answer."""
        if self._slots.most is not None and self._slots.used >= self._slots.most:
            return _NEVER, "concurrency"
        if self.in_flight >= self.most_in_flight:
            return _NEVER, "concurrency"
        when, limit = self._paused_until, "pause"
        level = self.finder.level
        for name, pacer in self._binding:
            at = pacer.ready_at(load.of(name) / level)
            if at > when:
                when, limit = at, name if self.known and level > 0.9 else "learned"
        return when, limit  # type: ignore[return-value]

    def rates(self) -> list[tuple[bool, Dimension, float]]:
        """What bounds a call: whether it is this model's own limit, which one, and its units a second at level 1."""
        shared = len(self._account) if self.known else 0
        return [(number >= shared, name, pacer.per_second) for number, (name, pacer) in enumerate(self._binding)]

    def take(self, load: Load, now: float) -> Permit:
        """Let a call pass."""
        self.finder.tick(now, may_grow=not self.window.slow)
        level, span = self.finder.level, 0.0
        for name, pacer in self._binding:
            amount = load.of(name)
            pacer.take(amount / level, now)
            span = max(span, amount / pacer.per_second)
            usual = self._usual.get(name, amount)
            self._usual[name] = usual + _SMOOTHING * (amount - usual)
        self.in_flight += 1
        self._slots.used += 1
        return Permit(self, load, self._binding, level, span, self.finder.sent(span, now))

    def give_back(self, permit: Permit) -> None:
        """Nothing was sent: free the slot and everything that was taken."""
        if permit.held:
            self.finder.unsent(permit.span)
            self._correct(permit, 0.0, 0.0, calls=-1)
            self._free(permit)

    def settle(self, permit: Permit, input_tokens: float, output_tokens: float) -> None:
        """Free the slot and correct what was expected to what was used. A second time does nothing."""
        if permit.held:
            self._correct(permit, input_tokens, output_tokens)
            self._free(permit)

    def _correct(self, permit: Permit, input_tokens: float, output_tokens: float, *, calls: int = 0) -> None:
        used = Load(input_tokens, output_tokens)
        for name, pacer in permit.paced:
            more = calls if name == "rpm" else used.of(name) - permit.load.of(name)
            if more:
                pacer.correct(more / permit.level)

    def _free(self, permit: Permit) -> None:
        permit.held = False
        self.in_flight -= 1
        self._slots.used -= 1

    # ------------------------------------------------------------ what comes back

    def answered(self, seconds: float, output_tokens: int, now: float) -> None:
        """A call was answered after so many seconds."""
        self.window.answered(seconds, output_tokens, self.in_flight, now)

    def turned_away(self, permit: Permit, wait: float, now: float) -> float:
        """A call came back as too fast.

        Args:
            permit: the call's.
            wait: seconds that it was asked to wait, or our own guess.
            now: the time.

        Returns:
            Seconds for which nothing should be sent; the level is lowered once an episode.
        """
        if self.known and self._burst_was_refused(permit, now):
            return 0.0
        if not self.finder.turned_away(permit.sent, permit.span, now):
            return 0.0
        pause = self.finder.pause(wait)
        if pause:
            self.pause_until(now + pause)
        return pause

    def _burst_was_refused(self, permit: Permit, now: float) -> bool:
        """Whether it may have been the burst that was too much, and not the rate: once, the burst is given up first."""
        if self._strict_since == _NEVER:
            self._strict_since = now
            for _, pacer in self._binding:
                pacer.shrink(_STRICT_BURST_S)
        return permit.sent.at <= self._strict_since

    def overloaded(self) -> None:
        """The endpoint has too much to do, whoever asks."""
        self.window.overloaded(self.in_flight)

    def too_many_at_once(self) -> None:
        """The endpoint named the calls in flight as what is too much."""
        self.window.overloaded(self.in_flight)
        self._most = max(1, int(self.window.size))

    def pause_until(self, when: float) -> None:
        """Let nothing through before then; an earlier end does not shorten a later one."""
        if when > self._paused_until:
            self._paused_until = when
            for _, pacer in self._binding:
                pacer.rest(when)

    def announce(self, limits: Mapping[Dimension, float], now: float) -> bool:
        """Take what the provider says about its limits, in units a minute.

        Returns:
            Whether something is new.
        """
        changed = other = False
        for name, per_minute in limits.items():
            rate = per_minute * _MARGIN / 60
            pacer = self._announced.get(name)
            if pacer is None:
                self._announced[name] = Pacer(rate, now)
                changed = other = True
            elif abs(pacer.per_second - rate) > 1e-9 * rate:
                # Backends behind one address may announce a little different limits, reply by reply.
                other = other or abs(pacer.per_second - rate) > _OTHER * pacer.per_second
                pacer.change(rate)
                changed = True
        if changed:
            self._bind()
        if other:
            self.finder.renew(1.0, now)
        return changed
