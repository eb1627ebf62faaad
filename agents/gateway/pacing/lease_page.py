"""What the processes that share an account know together: one page of 4 KiB, and how it is read and changed.

    0     checksum, mark, boot, newest moment seen, pause, members
    64    48 meters:  key, paid (moment), per minute, used (moment)        rates, and levels that were learned
    1600  48 members: mark, calls in flight, waiting since, waiting until, the meters it waits for

The page is one write, so that it is never half written when a process is killed, and has a checksum, so that anything
else that happened to it is seen: it is then begun anew. Nothing in it has a name; a meter's key is a hash.

The rates are kept by the generic cell rate algorithm (GCRA), as in `pacer`: for each the moment at which all that was
let through would have been paid off. Processes are served in the order in which they began to wait, so that one that
asks for little does not pass one that asks for much for ever. Who does not come back within a tenth of a second after
its turn has lost the turn, nothing else.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterator
from functools import lru_cache

__all__ = ["LAPSE_S", "MEMBERS", "PAGE", "Demand", "Page"]

PAGE = 4096
LAPSE_S = 0.1
MEMBERS = 48
_METERS = 48
_MARK = 0x314C4541
_HEAD = struct.Struct("<IIQddI")
_METER = struct.Struct("<Qddd")
_MEMBER = struct.Struct("<QIddQ")
_METERS_AT, _METER_SIZE = 64, 32
_MEMBERS_AT, _MEMBER_SIZE = _METERS_AT + _METERS * _METER_SIZE, 40
_NEVER = -1e300
_GRAIN = 1e-9
# The clock that all share never goes back while the machine is up; a little for those who read it before they waited.
_BACK_S = 5.0
# A shorter wait would only turn round, timers are no finer; a longer one would keep the turn of who gave up.
_LEAST_WAIT_S, _LONGEST_WAIT_S = 0.002, 0.5

Demand = tuple[str, str, float, float]
"""A dimension, a model (or none, for the whole account), an amount, and how much of it is let through a minute."""


@lru_cache(maxsize=1024)
def _key(dimension: str, model: str) -> int:
    digest = hashlib.blake2b(f"{dimension}\0{model}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") | 1


class Page:
    """The page in memory, between one `load` and one `store`.

    Args:
        boot: a number that is another after the machine was started again; 0 where there is none.

    Attributes:
        me: index of this process among the members.
    """

    def __init__(self, boot: int) -> None:
        self._boot = boot
        self._data = bytearray(PAGE)
        self._newest = _NEVER
        self._paused = _NEVER
        self._high = 0
        self.me = 0
        self._mark = 0

    # ------------------------------------------------------------ whole

    def load(self, data: bytes) -> bool:
        """Take the page as read; what is not whole, or of another start of the machine, becomes a new page.

        Returns:
            Whether it was taken as it is.
        """
        if len(data) == PAGE:
            checksum, mark, boot, self._newest, self._paused, self._high = _HEAD.unpack_from(data)
            if mark == _MARK and boot == self._boot and checksum == zlib.crc32(memoryview(data)[4:]):
                self._data = bytearray(data)
                return True
        self._data = bytearray(PAGE)
        self._newest, self._paused, self._high = _NEVER, _NEVER, 0
        return False

    def store(self) -> bytes:
        """The page as it is to be written."""
        data = self._data
        _HEAD.pack_into(data, 0, 0, _MARK, self._boot, self._newest, self._paused, self._high)
        struct.pack_into("<I", data, 0, zlib.crc32(memoryview(data)[4:]))
        return bytes(data)

    def tick(self, now: float) -> None:
        """Take note of the time. Where it went back the machine was started anew, and no moment means anything."""
        if now + _BACK_S < self._newest:
            self._paused = self._newest = _NEVER
            for at in range(_METERS_AT, _MEMBERS_AT, _METER_SIZE):
                key, paid, rate, _ = _METER.unpack_from(self._data, at)
                _METER.pack_into(self._data, at, key, paid if rate == 0 else now, rate, now)
            for index in range(self._high):
                mark, held, _, _, _ = self._member(index)
                self._put_member(index, mark, held)
        self._newest = max(self._newest, now)

    # ------------------------------------------------------------ members

    def _member(self, index: int) -> tuple[int, int, float, float, int]:
        return _MEMBER.unpack_from(self._data, _MEMBERS_AT + index * _MEMBER_SIZE)

    def _put_member(
        self, index: int, mark: int, held: int = 0, since: float = _NEVER, until: float = _NEVER, wanted: int = 0
    ) -> None:  # fmt: skip
        _MEMBER.pack_into(self._data, _MEMBERS_AT + index * _MEMBER_SIZE, mark, held, since, until, wanted)

    def join(self, index: int, mark: int, held: int) -> None:
        """Become a member.

        Args:
            index: the place.
            mark: a number drawn by the process, not 0.
            held: calls that it has in flight.
        """
        self.me, self._mark = index, mark
        self._high = max(self._high, index + 1)
        self._put_member(index, mark, held)

    @property
    def joined(self) -> bool:
        """Whether this process still stands in the page."""
        return bool(self._mark) and self.me < self._high and self._member(self.me)[0] == self._mark

    def others(self) -> Iterator[int]:
        """Places of the other members, living or not."""
        return (index for index in range(self._high) if self._member(index)[0] and index != self.me)

    def remove(self, index: int) -> None:
        """A member is gone; its calls in flight are free."""
        self._put_member(index, 0)
        while self._high and not self._member(self._high - 1)[0]:
            self._high -= 1

    @property
    def members(self) -> int:
        """How many stand in the page."""
        return sum(1 for index in range(self._high) if self._member(index)[0])

    @property
    def in_flight(self) -> int:
        """Calls in flight of all members."""
        return sum(held for index in range(self._high) for mark, held, _, _, _ in [self._member(index)] if mark)

    def set_held(self, held: int) -> None:
        """Say how many calls this process has in flight."""
        mark, _, since, until, wanted = self._member(self.me)
        self._put_member(self.me, mark, held, since, until, wanted)

    # ------------------------------------------------------------ meters

    def _meter(self, dimension: str, model: str) -> int:
        """The place of a meter; a new one takes the place that was not used for longest."""
        key = _key(dimension, model)
        unused, oldest = 0, float("inf")
        for place in range(_METERS):
            found, _, _, used = _METER.unpack_from(self._data, _METERS_AT + place * _METER_SIZE)
            if found == key:
                return place
            if not found:
                unused = place
                break
            if used < oldest:
                unused, oldest = place, used
        _METER.pack_into(self._data, _METERS_AT + unused * _METER_SIZE, key, _NEVER, 0.0, self._newest)
        return unused

    def lease(self, demands: list[Demand], burst_s: float, now: float) -> float:
        """Take all of it if all of it may pass now, else nothing.

        Returns:
            0.0 where it was taken, else the seconds until it may, but at most half a second: who still wants it then
            asks again, and so keeps its turn.
        """
        ready, wanted = self._paused, 0
        taken: list[tuple[int, int, float, float]] = []
        for dimension, model, amount, rate in demands:
            place = self._meter(dimension, model)
            key, paid, _, _ = _METER.unpack_from(self._data, _METERS_AT + place * _METER_SIZE)
            unit = 60.0 / rate
            if paid == _NEVER:
                # Without a burst at the start, so that the first second is as smooth as every other.
                paid = now + burst_s - unit
                _METER.pack_into(self._data, _METERS_AT + place * _METER_SIZE, key, paid, rate, now)
            ready = max(ready, paid - max(0.0, burst_s - amount * unit))
            wanted |= 1 << place
            taken.append((place, key, max(paid, now) + amount * unit, rate))
        mark, held, since, until, _ = self._member(self.me)
        since = since if until != _NEVER else now
        turn = self._turn(wanted, since, now)
        if ready <= now + _GRAIN and turn is None:
            for place, key, paid, rate in taken:
                _METER.pack_into(self._data, _METERS_AT + place * _METER_SIZE, key, paid, rate, now)
            self._put_member(self.me, mark, held)
            return 0.0
        wait = max(ready - now, (turn or now) - now, _LEAST_WAIT_S if turn is not None else _GRAIN)
        wait = min(wait, _LONGEST_WAIT_S)
        self._put_member(self.me, mark, held, since, now + wait + LAPSE_S, wanted)
        return wait

    def _turn(self, wanted: int, since: float, now: float) -> float | None:
        """When those will have been served who have waited for the same for longer; None where there are none."""
        turn = None
        for index in range(self._high):
            if index == self.me:
                continue
            mark, _, theirs, until, meters = self._member(index)
            if mark and until >= now and meters & wanted and (theirs, index) < (since, self.me):
                turn = max(turn or now, until - LAPSE_S)
        return turn

    def correct(self, dimension: str, model: str, delta: float) -> None:
        """Take so much more of what was leased before, or give it back where it is negative."""
        at = _METERS_AT + self._meter(dimension, model) * _METER_SIZE
        key, paid, rate, used = _METER.unpack_from(self._data, at)
        if rate > 0 and paid != _NEVER:
            _METER.pack_into(self._data, at, key, paid + delta * 60.0 / rate, rate, used)

    def level(self, model: str) -> float | None:
        """What was learned about a model; None where nothing was."""
        level: float = _METER.unpack_from(self._data, _METERS_AT + self._meter("level", model) * _METER_SIZE)[1]
        return level if level > 0 else None

    def set_level(self, model: str, level: float) -> None:
        """Keep what was learned about a model."""
        place = self._meter("level", model)
        _METER.pack_into(self._data, _METERS_AT + place * _METER_SIZE, _key("level", model), level, 0.0, self._newest)

    @property
    def paused_until(self) -> float:
        """The moment until which nothing is to be sent; long ago where that is nowhere."""
        return self._paused

    def pause(self, until: float) -> None:
        """Let nothing through before then; an earlier end does not shorten a later one."""
        self._paused = max(self._paused, until)
