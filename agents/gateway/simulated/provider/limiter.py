"""The limits of the simulated provider: a token bucket, sliding windows, calendar minutes. Each counts one thing.

A limit is asked (`wait`) before it is charged (`take`), so that a call which another limit refuses costs nothing here.
What a call really used is settled later.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Literal, Protocol

__all__ = ["Kind", "Limit", "limit_of"]

Kind = Literal["bucket", "strict", "sliding", "fixed"]
_MINUTE = 60.0
# Clocks are not exact to the last bit of a float.
_SLACK = 1e-9

Entry = list[float]
"""When a window lets go of it, and what it costs."""


class Limit(Protocol):
    """One limit. Times are seconds of one clock."""

    per_minute: float

    def follow(self, per_minute: float) -> None:
        """Go on at another rate; what was charged stays charged."""
        ...

    def wait(self, now: float, cost: float) -> float:
        """Seconds until a call of this cost would be let through; 0 lets it through."""
        ...

    def take(self, now: float, cost: float) -> Entry:
        """Charge a call that is let through."""
        ...

    def settle(self, now: float, entry: Entry, cost: float) -> None:
        """Correct what a call was charged."""
        ...

    def left(self, now: float) -> float:
        """What would be let through at once."""
        ...

    def full_in(self, now: float) -> float:
        """Seconds until nothing of it is used."""
        ...


def limit_of(kind: Kind, per_minute: float, burst_s: float, wall: float) -> Limit:
    """A limit that nothing was charged to yet.

    Args:
        kind: bucket of `burst_s` seconds; strict, in any second; sliding, in any minute; fixed, in calendar minutes.
            Strict lets a second's share, rounded up, through in the time that the rate needs for so many: one in two
            seconds at 30 a minute.
        per_minute: the rate.
        burst_s: capacity of a bucket in seconds of its rate.
        wall: what must be added to a time to get the time of day in seconds, for calendar minutes.
    """
    match kind:
        case "bucket":
            return _Bucket(per_minute, burst_s)
        case "strict":
            return _Window(per_minute, 1.0, exact=True)
        case "sliding":
            return _Window(per_minute, _MINUTE)
        case "fixed":
            return _Fixed(per_minute, wall)


class _Bucket:
    """Refilled evenly. A call larger than the whole bucket passes when it is full and leaves a debt."""

    def __init__(self, per_minute: float, burst_s: float) -> None:
        self._burst_s = burst_s
        self._at = -math.inf
        self.follow(per_minute)
        self._level = self._capacity

    def follow(self, per_minute: float) -> None:
        self.per_minute = per_minute
        self._rate = per_minute / _MINUTE
        self._capacity = max(1.0, self._rate * self._burst_s)

    def _fill(self, now: float) -> float:
        if now > self._at:
            grown = self._level + self._rate * (now - self._at)
            self._level = min(self._capacity, grown)
            self._at = now
        return self._level

    def wait(self, now: float, cost: float) -> float:
        missing = min(cost, self._capacity) - self._fill(now)
        return missing / self._rate if missing > _SLACK else 0.0

    def take(self, now: float, cost: float) -> Entry:
        self._level = self._fill(now) - cost
        return [now, cost]

    def settle(self, now: float, entry: Entry, cost: float) -> None:
        self._level = min(self._capacity, self._fill(now) + entry[1] - cost)
        entry[1] = cost

    def left(self, now: float) -> float:
        return max(0.0, self._fill(now) + _SLACK)

    def full_in(self, now: float) -> float:
        return max(0.0, self._capacity - self._fill(now)) / self._rate


class _Window:
    """At most the window's share of the rate, rounded up, in any window that ends now.

    A call larger than that passes when the window is empty, and fills it for as long as the rate needs for it.
    """

    def __init__(self, per_minute: float, span_s: float, *, exact: bool = False) -> None:
        self._nominal_s = span_s
        self._exact = exact
        self._entries: deque[Entry] = deque()
        self._sum = 0.0
        self.follow(per_minute)

    def follow(self, per_minute: float) -> None:
        self.per_minute = per_minute
        self._most = float(math.ceil(per_minute / _MINUTE * self._nominal_s - _SLACK))
        self._span = self._most * _MINUTE / per_minute if self._exact else self._nominal_s

    def _drop(self, now: float) -> float:
        entries = self._entries
        while entries and entries[0][0] <= now + _SLACK:
            self._sum -= entries.popleft()[1]
        if not entries:
            self._sum = 0.0
        return self._sum

    def wait(self, now: float, cost: float) -> float:
        over = self._drop(now) + min(cost, self._most) - self._most
        if over <= _SLACK:
            return 0.0
        for end, freed in self._entries:
            over -= freed
            if over <= _SLACK:
                return max(_SLACK, end - now)
        return self._span

    def take(self, now: float, cost: float) -> Entry:
        span = self._span * max(1.0, cost / self._most)
        # Ends stay in order: what comes after a large call also stays until that one is let go.
        end = max(now + span, self._entries[-1][0] if self._entries else 0.0)
        entry = [end, cost]
        self._entries.append(entry)
        self._sum += cost
        return entry

    def settle(self, now: float, entry: Entry, cost: float) -> None:
        self._drop(now)
        if entry[0] > now + _SLACK:
            self._sum += cost - entry[1]
        entry[1] = cost

    def left(self, now: float) -> float:
        return max(0.0, self._most - self._drop(now))

    def full_in(self, now: float) -> float:
        self._drop(now)
        return max(0.0, self._entries[-1][0] - now) if self._entries else 0.0


class _Fixed:
    """At most the rate in each minute of the clock on the wall."""

    def __init__(self, per_minute: float, wall: float) -> None:
        self._wall = wall
        self._minute = -math.inf
        self._used = 0.0
        self.follow(per_minute)

    def follow(self, per_minute: float) -> None:
        self.per_minute = per_minute

    def _turn(self, now: float) -> float:
        minute = (now + self._wall) // _MINUTE
        if minute != self._minute:
            self._minute, self._used = minute, 0.0
        return self._used

    def _rest(self, now: float) -> float:
        return _MINUTE - (now + self._wall) % _MINUTE

    def wait(self, now: float, cost: float) -> float:
        over = self._turn(now) + min(cost, self.per_minute) - self.per_minute
        return self._rest(now) if over > _SLACK else 0.0

    def take(self, now: float, cost: float) -> Entry:
        self._turn(now)
        self._used += cost
        return [self._minute, cost]

    def settle(self, now: float, entry: Entry, cost: float) -> None:
        self._turn(now)
        if entry[0] == self._minute:
            self._used += cost - entry[1]
        entry[1] = cost

    def left(self, now: float) -> float:
        return max(0.0, self.per_minute - self._turn(now))

    def full_in(self, now: float) -> float:
        return self._rest(now) if self._turn(now) else 0.0
