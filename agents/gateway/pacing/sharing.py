"""An account's limits beside other processes of this machine: the bridge between its gates and the common page.

While no other process uses the account nothing is leased, so that who is alone pays nothing for it.
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
        self._leased: dict[Permit, tuple[list[tuple[Meter, Dimension]], bool]] = {}
        self._levels: dict[str, float] = {}

    def _look(self, now: float) -> None:
        """See now and then whether somebody else is there."""
        if now - self._looked >= _LOOK_S:
            self._looked = now
            self._members = self._shared.members()
            self._others = self._members > 1

    def ask(self, gate: Gate, model: str, load: Load, now: float) -> float:
        """Lease what a call takes.

        Returns:
            0.0 where it may go; else the seconds after which to ask again.
        """
        self._look(now)
        gate.finder.fellows = self._members
        if not self._others:
            return 0.0
        self._exchange_level(gate, model, now)
        if self._most is not None and not self._shared.take_slot(self._most):
            return _LOOK_S / 5
        level = gate.finder.level
        if level == float("inf"):
            return 0.0
        amounts = {
            self._meter(own, name, model): (load.of(name), per_second * 60 * level)
            for own, name, per_second in gate.rates()
        }
        wait = self._shared.lease_all(amounts, BURST_S, now)
        if wait and self._most is not None:
            self._shared.free_slot()
        return wait

    def went(self, permit: Permit, model: str) -> None:
        """A call that was asked for goes out."""
        if self._others:
            meters: list[tuple[Meter, Dimension]] = [
                (self._meter(own, name, model), name) for own, name, _ in permit.gate.rates()
            ]
            self._leased[permit] = (meters, self._most is not None)

    def came(self, permit: Permit, used: Load) -> None:
        """It came back and took so much; of requests it took one."""
        leased = self._leased.pop(permit, None)
        if leased is None:
            return
        meters, slot = leased
        for meter, name in meters:
            if name != "rpm" and (more := used.of(name) - permit.load.of(name)):
                self._shared.correct(meter, more)
        if slot:
            self._shared.free_slot()

    def pause(self, seconds: float, now: float) -> None:
        """What one is told holds for all."""
        if self._others:
            self._shared.pause_until(now, seconds)

    def _exchange_level(self, gate: Gate, model: str, now: float) -> None:
        """Take a level that another has found since, or tell them ours."""
        theirs, told = self._shared.level(model), self._levels.get(model)
        if theirs is not None and theirs != told:
            gate.finder.adopt(theirs, now)
            self._levels[model] = theirs
        elif gate.finder.level != told and gate.finder.level != float("inf"):
            self._shared.set_level(model, gate.finder.level)
            self._levels[model] = self._shared.level(model) or gate.finder.level

    def _meter(self, own: bool, name: Dimension, model: str) -> Meter:
        return (_METERS[name], model) if own else _METERS[name]
