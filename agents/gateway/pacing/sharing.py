"""An account's limits beside other processes of this machine: the bridge between its gates and the common page.

While no other process uses the account nothing is leased, so that who is alone pays nothing for it. Who comes to
others waits until they have noticed: one that still takes itself for alone would send beside the page.
"""

from __future__ import annotations

from .gate import Dimension, Gate, Load, Permit
from .leases import Meter, SharedAccount
from .pacer import BURST_S

__all__ = ["Sharing"]

_LOOK_S = 0.25
_METERS: dict[Dimension, str] = {
    "rpm": "requests", "tpm": "tokens", "input_tpm": "input_tokens", "output_tpm": "output_tokens",
}  # fmt: skip


class Sharing:
    """What the processes of a machine lease of one account.

    Args:
        shared: the common page.
        most: calls in flight of the account over all of them; None is unbounded.
    """

    def __init__(self, shared: SharedAccount, most: int | None) -> None:
        self._shared = shared
        self._most = most
        self._others = False
        self._members = 1
        self._looked = float("-inf")
        self._noticed = float("-inf")
        self._leased: dict[Permit, tuple[dict[Meter, Dimension], bool]] = {}
        self._levels: dict[str, float] = {}

    def _look(self, now: float) -> None:
        """See now and then whether somebody else is there."""
        if now - self._looked >= _LOOK_S:
            first, self._looked = self._looked == float("-inf"), now
            self._members = self._shared.members()
            self._others = self._members > 1
            if first and self._others:
                self._noticed = now + _LOOK_S

    def ask(self, gate: Gate, model: str, load: Load, now: float) -> float:
        """Lease what a call takes.

        Returns:
            0.0 where it may go; else the seconds after which to ask again.
        """
        self._look(now)
        gate.finder.fellows = self._members
        if not self._others:
            return 0.0
        if now < self._noticed:
            return self._noticed - now
        self._exchange_level(gate, model, now)
        if self._most is not None and not self._shared.take_slot(self._most):
            return _LOOK_S / 5
        level = gate.finder.level
        if level == float("inf"):
            return 0.0
        amounts: dict[Meter, tuple[float, float]] = {}
        for own, name, per_second in gate.rates():
            meter, rate = self._meter(own, name, model), per_second * 60 * level
            # Of what the person and the provider say about the same the smaller holds, as in the gate.
            amounts[meter] = (load.of(name), min(rate, amounts[meter][1]) if meter in amounts else rate)
        wait = self._shared.lease_all(amounts, BURST_S, now)
        if wait and self._most is not None:
            self._shared.free_slot()
        return wait

    def went(self, permit: Permit, model: str) -> None:
        """A call that was asked for goes out."""
        if self._others:
            meters: dict[Meter, Dimension] = {}
            for own, name, _ in permit.gate.rates():
                meters[self._meter(own, name, model)] = name
            self._leased[permit] = (meters, self._most is not None)

    def came(self, permit: Permit, used: Load | None) -> None:
        """It came back and took so much, of requests one; None says that it never went out and took nothing."""
        leased = self._leased.pop(permit, None)
        if leased is None:
            return
        meters, slot = leased
        for meter, name in meters.items():
            took = permit.load.of(name)
            if more := (-took if used is None else used.of(name) - took):
                self._shared.correct(meter, more)
        if slot:
            self._shared.free_slot()

    def pause(self, seconds: float, now: float) -> None:
        """What one is told holds for all."""
        if self._others:
            self._shared.pause_until(now, seconds)

    def _exchange_level(self, gate: Gate, model: str, now: float) -> None:
        """Take a level that another has found since, or tell them ours. One who knows the limits speaks of a share of
        them, one who does not of calls a second: they have nothing to tell each other."""
        model = model if gate.known else f"{model}\0calls a second"
        theirs, told = self._shared.level(model), self._levels.get(model)
        if theirs is not None and theirs != told:
            gate.finder.adopt(theirs, now)
            self._levels[model] = theirs
        elif gate.finder.level != told and gate.finder.level != float("inf"):
            self._shared.set_level(model, gate.finder.level)
            self._levels[model] = self._shared.level(model) or gate.finder.level

    def _meter(self, own: bool, name: Dimension, model: str) -> Meter:
        return (_METERS[name], model) if own else _METERS[name]
