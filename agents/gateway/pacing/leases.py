"""Several AutoEvol processes on one machine share the limits of one account.

    process A ─┐
    process B ─┼─► <state>/accounts/<hash>.v1   a page of 4 KiB: rates, calls in flight, a pause, learned levels
    process C ─┘

Each call that is to be sent first leases what it is expected to take, in one step over all its limits; afterwards it is
corrected to what it took. There is no process in charge: whoever asks changes the page under a lock that dies with it.
A lease costs about 15 µs, so that no bank of permits beside the page is needed at the rates that providers allow: a
thousand leases a second are 1.5 % of a core, and what one process holds back is never missing to another.

Times are seconds of the monotonic clock, which the processes of a machine share.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

from ..keys import Key
from ..state import state_folder
from .lease_member import Membership
from .lease_page import Demand, Page

__all__ = ["Meter", "SharedAccount", "account_id", "accounts_folder"]

Meter = str | tuple[str, str]
"""A dimension over the whole account (`requests`, `tokens`, `input_tokens`, `output_tokens`), or it and a model."""

_BUSY_S = 0.005


def accounts_folder() -> Path:
    """Where accounts are shared: in the user's state folder, or in what `AUTOEVOL_STATE` names."""
    return state_folder() / "accounts"


def account_id(address: str, key: Key | None) -> str:
    """A name for an account: 16 hex digits from which neither the address nor the key can be had back."""
    secret = hashlib.blake2b(key.reveal().encode()).digest() if key is not None else b""
    return hashlib.blake2b(address.encode(), key=secret, digest_size=8, person=b"autoevol").hexdigest()


_open: dict[Path, Membership] = {}


class SharedAccount:
    """What may be sent to one account, over all processes of this machine that use it.

    Where the folder cannot be written, or the system has no record locks, it keeps the limits for this process alone
    and says so once. It never raises but for a number that is none. A file that is damaged is begun anew; what a
    process held that died is free again; after a restart of the machine nothing is left of what was.

    Args:
        folder: usually `accounts_folder()`.
        account_id: usually `account_id(address, key)`.
        notice: takes the line that says that nothing is shared.
    """

    def __init__(self, folder: Path, account_id: str, notice: Callable[[str], None] = lambda _: None) -> None:
        self._path = folder.absolute() / f"{account_id}.v1"
        shared = _open.get(self._path)
        self._shared = shared if shared is not None else Membership(self._path, notice)
        _open[self._path] = self._shared
        self._shared.users += 1
        self._mine = 0
        self._closed = False
        # Seen from the beginning, so that whoever asks first does not take itself for alone.
        if self._shared.enter() is not None:
            self._shared.leave()

    # ------------------------------------------------------------ rates

    def lease(self, meter: Meter, amount: float, per_minute: float, burst_s: float, now: float) -> float:
        """Take an amount of one limit; see `lease_all`."""
        return self.lease_all({meter: (amount, per_minute)}, burst_s, now)

    def lease_all(self, amounts: Mapping[Meter, tuple[float, float]], burst_s: float, now: float) -> float:
        """Take amounts of several limits at once, if all of them may pass now; else nothing.

        Over any window of W seconds at most `per_minute / 60 * (W + burst_s)` of a meter pass, over all processes, and
        one amount more where a single one is larger than the burst: it waits until all before it is paid for.

        Args:
            amounts: for each meter how much is taken, and how much of it is let through a minute.
            burst_s: how many seconds' worth may be caught up.
            now: seconds of the monotonic clock.

        Returns:
            0.0 where it was taken; else the seconds after which to ask again, at most half a second: when it may pass,
            when it is this process's turn, or when a common pause ends.

        Raises:
            ValueError: an amount is negative or no number, or a rate is not above 0.
        """
        demands = [_demand(meter, amount, rate) for meter, (amount, rate) in amounts.items()]
        page = self._shared.enter()
        if page is None:
            return _BUSY_S
        page.tick(now)
        wait = page.lease(demands, burst_s, now)
        if wait:
            # One that waited before us may be dead, and would wait for ever.
            self._shared.bury()
        self._shared.leave()
        return wait

    def correct(self, meter: Meter, delta: float) -> None:
        """Take so much more of what was leased, or give it back where it is negative."""
        if not math.isfinite(delta):
            raise ValueError("a correction must be a number")
        dimension, model = _split(meter)
        self._shared.change(lambda page: page.correct(dimension, model, delta))

    # ------------------------------------------------------------ calls in flight

    def take_slot(self, limit: int) -> bool:
        """Count one more call in flight, if there are fewer than `limit` over all living processes."""
        page = self._shared.enter()
        if page is None:
            return False
        if page.in_flight >= limit:
            self._shared.bury()
        free = page.in_flight < limit
        if free:
            self._hold(page, 1)
        self._shared.leave(changed=True)
        return free

    def free_slot(self) -> None:
        """One call less is in flight. More often than `take_slot` gave one it does nothing."""
        if self._mine:
            page = self._shared.enter()
            self._hold(page, -1)
            if page is not None:
                self._shared.leave()

    def _hold(self, page: Page | None, more: int) -> None:
        self._mine += more
        self._shared.hold(more)
        if page is not None:
            page.set_held(self._shared.held)

    # ------------------------------------------------------------ what one learns and all use

    def pause_until(self, now: float, seconds: float) -> None:
        """Let no process lease anything for so long; a shorter pause does not end a longer one."""

        def change(page: Page) -> None:
            page.tick(now)
            page.pause(now + seconds)

        self._shared.change(change)

    def paused_until(self) -> float:
        """The moment until which nothing may be leased; far in the past where there is no pause."""
        page = self._shared.enter()
        if page is None:
            return -math.inf
        until = page.paused_until
        self._shared.leave(changed=False)
        return until

    def level(self, model: str) -> float | None:
        """What a process learned about a model, such as the share of its limit that is really given; None: nothing."""
        page = self._shared.enter()
        if page is None:
            return None
        level = page.level(model)
        self._shared.leave(changed=False)
        return level

    def set_level(self, model: str, level: float) -> None:
        """Let all processes know what was learned about a model; a number above 0."""
        self._shared.change(lambda page: page.set_level(model, level))

    def members(self) -> int:
        """How many processes use the account, this one among them."""
        page = self._shared.enter()
        if page is None:
            return 1
        self._shared.bury()
        members = page.members
        self._shared.leave()
        return members

    # ------------------------------------------------------------ end

    def close(self) -> None:
        """Give back what is held. A second time does nothing."""
        if self._closed:
            return
        self._closed = True
        while self._mine:
            self.free_slot()
        self._shared.users -= 1
        if not self._shared.users:
            self._shared.close()
            _open.pop(self._path, None)

    def __enter__(self) -> SharedAccount:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _split(meter: Meter) -> tuple[str, str]:
    return (meter, "") if isinstance(meter, str) else meter


def _demand(meter: Meter, amount: float, per_minute: float) -> Demand:
    if not (amount >= 0 and math.isfinite(amount) and per_minute > 0):
        raise ValueError(f"{amount} of {meter} at {per_minute} a minute is nothing that can be leased")
    dimension, model = _split(meter)
    return dimension, model, amount, per_minute
