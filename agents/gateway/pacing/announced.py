"""What a provider says about its limits in the headers of a reply, whatever the reply's status.

    OpenAI, Groq          x-ratelimit-{limit,remaining,reset}-{requests,tokens}; resets are durations (`6m0s`, `12ms`)
    Azure, GitHub Models  the same, resets in seconds; x-ratelimit-renewalperiod-{requests,tokens}
    Anthropic             anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-…; resets are moments
    OpenRouter, others    x-ratelimit-{limit,remaining,reset}; resets in epoch milliseconds, epoch seconds or seconds
    Mistral, Cerebras     x-ratelimit-{limit,remaining,reset}-{req,requests,tokens}-{minute,hour,day,month}
    Fireworks             x-ratelimit-{limit,remaining}-tokens-{prompt,generated}
    IETF drafts           ratelimit-{limit,remaining,reset}; `ratelimit: "a";r=50;t=30` and
                          `ratelimit-policy: "a";q=100;w=60`

Sources: the rate-limit pages of the providers; draft-ietf-httpapi-ratelimit-headers, 03 to 11; where the pages are
silent on what a number means, what is seen on the wire. What cannot be read is passed over: headers never raise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from .header_values import amount, parameters, reset_seconds

__all__ = ["DIMENSIONS", "AnnouncedLimits", "Announcement", "Dimension", "Window", "per_minute", "read_announcement"]

Dimension = Literal["requests", "tokens", "input_tokens", "output_tokens"]
DIMENSIONS: tuple[Dimension, ...] = ("requests", "tokens", "input_tokens", "output_tokens")
_Field = Literal["limit", "remaining", "reset", "period"]

_MINUTE, _HOUR, _DAY, _MONTH = 60.0, 3600.0, 86400.0, 30 * 86400.0
# A reset further away than this belongs to a quota of hours or days; a second of grace for rounded times.
_LONGEST_PACE_S = 61.0
_LEAST_HOLD_S = 2.0
# Headers round times to seconds and tokens to thousands.
_NEAR, _NEAR_S = 0.1, 1.5
_TELLING = 4


@dataclass(frozen=True, slots=True)
class Window:
    """One limit as announced; None is not said.

    Args:
        limit: so many in each window.
        remaining: so many are left.
        reset_s: seconds until all of it is there again.
        length_s: length of the window in seconds, where a header says so.
    """

    limit: float | None = None
    remaining: float | None = None
    reset_s: float | None = None
    length_s: float | None = None


@dataclass(frozen=True, slots=True)
class Announcement:
    """What one reply says. Where several windows of one kind are announced, it is the one that binds most."""

    requests: Window | None = None
    tokens: Window | None = None
    input_tokens: Window | None = None
    output_tokens: Window | None = None
    concurrency: int | None = None


# ---------------------------------------------------------------- names


@dataclass(frozen=True, slots=True, eq=False)
class _Family:
    """Headers that speak of the same window; values of two families are never mixed."""

    name: str
    dimension: Dimension
    length_s: float | None = None


_SUFFIXES: dict[str, tuple[Dimension, float | None]] = {
    "requests": ("requests", None),
    "tokens": ("tokens", None),
    "input-tokens": ("input_tokens", None),
    "output-tokens": ("output_tokens", None),
    "project-requests": ("requests", None),
    "project-tokens": ("tokens", None),
    "tokens-prompt": ("input_tokens", _MINUTE),
    "tokens-cache-adjusted-prompt": ("input_tokens", _MINUTE),
    "tokens-generated": ("output_tokens", _MINUTE),
}
_LENGTHS = {"second": 1.0, "minute": _MINUTE, "hour": _HOUR, "day": _DAY, "month": _MONTH}
_FIELDS: dict[str, _Field] = {
    "limit": "limit", "remaining": "remaining", "reset": "reset", "renewalperiod": "period",
}  # fmt: skip


def _families() -> Iterator[tuple[str, _Family]]:
    """Patterns of header names, with `{}` for the field."""
    for suffix, (dimension, length_s) in _SUFFIXES.items():
        yield "x-ratelimit-{}-" + suffix, _Family(suffix, dimension, length_s)
    for unit, length_s in _LENGTHS.items():
        for word in ("req", "requests"):
            yield f"x-ratelimit-{{}}-{word}-{unit}", _Family(f"{word} {unit}", "requests", length_s)
        yield f"x-ratelimit-{{}}-tokens-{unit}", _Family(f"tokens {unit}", "tokens", length_s)
        yield f"x-ratelimitbysize-{{}}-{unit}", _Family(f"size {unit}", "tokens", length_s)
    for suffix in ("requests", "tokens", "input-tokens", "output-tokens"):
        yield f"anthropic-ratelimit-{suffix}-{{}}", _Family(f"anthropic {suffix}", _SUFFIXES[suffix][0])
    yield "ratelimitbysize-{}", _Family("size", "tokens", _MINUTE)
    yield "x-trial-endpoint-call-{}", _Family("trial", "requests", _MINUTE)
    yield "x-tokenlimit-{}", _TOKENLIMIT
    yield "x-ratelimit-{}", _PLAIN
    yield "ratelimit-{}", _Family("ratelimit", "requests")


_TOKENLIMIT, _PLAIN = _Family("x-tokenlimit", "tokens"), _Family("x-ratelimit", "requests")
_NAMES: dict[str, tuple[_Family, _Field]] = {
    pattern.format(word): (family, said) for pattern, family in _families() for word, said in _FIELDS.items()
}
_CONCURRENCY = frozenset({
    "x-ratelimit-limit-concurrency", "x-ratelimit-limit-concurrent", "x-ratelimit-limit-concurrent-requests",
})  # fmt: skip
_KNOWN = dict.fromkeys((*_NAMES, *_CONCURRENCY, "ratelimit", "ratelimit-policy"))


# ---------------------------------------------------------------- reading


def read_announcement(headers: Mapping[str, str], now: datetime) -> Announcement | None:
    """Read the limits out of a reply's headers.

    Args:
        headers: names in lower case.
        now: the moment of the reply, with its time zone.

    Returns:
        None where nothing is said that can be read.
    """
    found = headers.keys() & _KNOWN.keys()
    if not found:
        return None
    windows = _windows(_said(found, headers, now))
    concurrency = next((int(most) for name in found & _CONCURRENCY if (most := amount(headers[name], 1.0))), None)
    if "ratelimit" in found or "ratelimit-policy" in found:
        window, most = _structured(headers.get("ratelimit", "")[:600], headers.get("ratelimit-policy", "")[:600])
        concurrency = concurrency or most
        if window is not None:
            windows.setdefault("requests", []).append(window)
    if not windows and concurrency is None:
        return None
    return Announcement(**{kind: _binding(each) for kind, each in windows.items()}, concurrency=concurrency)


def _said(found: set[str], headers: Mapping[str, str], now: datetime) -> dict[_Family, dict[_Field, float]]:
    said: dict[_Family, dict[_Field, float]] = {}
    for header in found:
        named = _NAMES.get(header)
        if named is None:
            continue
        family, what = named
        text = headers[header]
        if what == "reset":
            value = reset_seconds(text, headers, now)
        else:
            value = amount(text, 0.0 if what == "remaining" else 1e-9)
        if value is not None:
            said.setdefault(family, {})[what] = value
    return said


def _windows(said: dict[_Family, dict[_Field, float]]) -> dict[Dimension, list[Window]]:
    windows: dict[Dimension, list[Window]] = {}
    # Together's pages and what it sends disagree on whether these count seconds or minutes. A number whose unit is not
    # known is no limit; what is left and when it returns can still be used.
    unknown = {_PLAIN, _TOKENLIMIT} if _TOKENLIMIT in said else set[_Family]()
    for family, values in said.items():
        window = Window(
            None if family in unknown else values.get("limit"),
            values.get("remaining"), values.get("reset"), values.get("period", family.length_s),
        )  # fmt: skip
        windows.setdefault(family.dimension, []).append(window)
    return windows


def _binding(windows: list[Window]) -> Window:
    """The window that binds most: one that is used up, else the lowest pace, else the shortest."""
    if len(windows) == 1:
        return windows[0]

    def order(window: Window) -> tuple[bool, float, float]:
        used_up = window.remaining == 0 and (window.reset_s or 0.0) >= _LEAST_HOLD_S
        return (not used_up, per_minute(window) or math.inf, window.length_s or 0.0)

    return min(windows, key=order)


def _structured(left: str, policies: str) -> tuple[Window | None, int | None]:
    """`ratelimit` and `ratelimit-policy`: of the policies that count requests the one that binds most, and how many
    calls may be in flight where a policy counts those."""
    windows: list[Window] = []
    concurrency = None
    for policy in policies.split(","):
        name, said = parameters(policy)
        limit = amount(said.get("q") or name, 1e-9)
        if limit is not None and said.get("qu") == "concurrent-requests":
            concurrency = int(limit) or None
        elif limit is not None and said.get("qu", "requests") == "requests":
            windows.append(_rest(Window(limit, length_s=amount(said.get("w", ""), 1e-9)), name, left))
    if not windows:
        _, said = parameters(left)
        plain = _rest(Window(amount(said.get("limit", ""), 1e-9)), "", left)
        windows = [plain] if plain != Window() else []
    return (_binding(windows) if windows else None), concurrency


def _rest(window: Window, name: str, left: str) -> Window:
    """Join what is left (`r`, `t`; `remaining`, `reset` in the drafts before 08) to its policy."""
    for item in left.split(",") if ";" in left else [left]:
        whose, said = parameters(item)
        remaining = amount(said.get("r") or said.get("remaining", ""))
        reset_s = amount(said.get("t") or said.get("reset", ""))
        if (remaining is not None or reset_s is not None) and (";" not in left or whose == name or not name):
            return Window(window.limit, remaining, reset_s, window.length_s)
    return window


# ---------------------------------------------------------------- meaning


def per_minute(window: Window) -> float | None:
    """The pace that a window asks for, in units a minute; None where it asks for none.

    A window whose length no header says is taken for a minute, as the providers' pages do, unless its reset shows that
    it is longer: a reset more than 61 s away, or that of a bucket which refills so slowly that it takes an hour or a
    day to fill (Groq's limit of requests counts days: one request used, reset in 6 s, 14,400 in a day). Such a limit
    is a quota. It says when to stop and not how fast to go.
    """
    if window.limit is None:
        return None
    length_s = window.length_s if window.length_s is not None else _length(window)
    return window.limit * _MINUTE / length_s if length_s <= _LONGEST_PACE_S else None


def _length(window: Window) -> float:
    """Length of a window that no header says: a minute, an hour or a day."""
    if window.reset_s is None:
        return _MINUTE
    if window.reset_s > _LONGEST_PACE_S:
        return math.inf
    full_s = _filling(window)
    slow = full_s is not None and any(abs(full_s - length) <= 0.05 * length for length in (_HOUR, _DAY))
    return math.inf if slow else _MINUTE


def _filling(window: Window) -> float | None:
    """Seconds that a bucket takes from empty to full, if it is one that refills all the time."""
    if window.limit is None or window.remaining is None or window.reset_s is None or window.remaining >= window.limit:
        return None
    return window.limit * window.reset_s / (window.limit - window.remaining)


@dataclass(slots=True)
class _Standing:
    """What is known of one dimension."""

    pace: float | None = None
    quota: float | None = None
    bucket: bool | None = None
    hold: float = -math.inf
    left_s: float = -math.inf
    full_s: float = -math.inf

    def update(self, window: Window, now: float) -> None:
        pace = per_minute(window)
        if pace is None and window.limit is not None:
            self.quota = window.limit
        # A day's quota looks like a minute's limit shortly before midnight; a limit that once was a quota stays one.
        elif pace is not None and (window.length_s is not None or window.limit != self.quota):
            self.pace = pace
        self._judge(window)
        self._hold(window, now)

    def _judge(self, window: Window) -> None:
        """Tell a bucket that refills all the time from a window that starts anew; both may leave it open."""
        length_s = window.length_s if window.length_s is not None else _length(window)
        if not window.limit or not window.remaining or window.reset_s is None or not math.isfinite(length_s):
            return
        if window.limit < _TELLING:
            # Of so few, one more or less is too much of the window to tell a bucket from it.
            return
        slack_s = _slack(length_s, window.limit)
        left_s = window.remaining / window.limit * length_s
        if window.reset_s > length_s - left_s + slack_s:
            # No bucket takes longer to fill than what was taken takes to come back.
            self.bucket = False
        elif (
            window.reset_s >= _LEAST_HOLD_S
            and abs(left_s + window.reset_s - self.full_s) <= slack_s
            and abs(left_s - self.left_s) > slack_s
        ):
            # What is left is not as much as before, but together with what is still to come it is.
            self.bucket = True
        self.left_s, self.full_s = left_s, left_s + window.reset_s

    def _hold(self, window: Window, now: float) -> None:
        if window.remaining is None or window.reset_s is None:
            return
        until = now + window.reset_s
        if window.remaining > 0:
            if until > self.hold + 1:
                self.hold = -math.inf
        elif window.reset_s >= _LEAST_HOLD_S and self._is_fixed(window):
            self.hold = max(self.hold, until)

    def _is_fixed(self, window: Window) -> bool:
        if self.bucket is not None:
            return not self.bucket
        if window.limit is None or window.limit < _TELLING:
            return False
        lengths = (window.length_s,) if window.length_s is not None else (_MINUTE, _HOUR, _DAY)
        return all(abs((window.reset_s or 0.0) - length) > _slack(length, window.limit) for length in lengths)


def _slack(length_s: float, limit: float) -> float:
    """How far a bucket's reset may lie from what its rate says: times are rounded, and so is what is left, by up to one
    unit, which is a third of a minute where three a minute are allowed."""
    return max(_NEAR_S, _NEAR * length_s, length_s / limit)


@dataclass(slots=True)
class AnnouncedLimits:
    """The newest of what one account says about one model, dimension by dimension. What a reply does not say stays.

    **When nothing should be sent.** `remaining` 0 means two things. A window that starts anew at its reset (OpenRouter,
    Mistral, the IETF drafts) gives nothing until then, and every call before is refused: that is a hold. A bucket that
    refills all the time (OpenAI, Anthropic, Groq) gives the next unit after 1/rate seconds; its reset says when it will
    be *full*, and to wait for that would waste nearly a whole window. They are told apart by arithmetic: of a bucket,
    limit - remaining = rate x reset, so an empty one resets in limit/rate, its whole length. An empty one with a reset
    well under the length is a window. Replies with something left say more beforehand, and what they said decides where
    the empty one could be either: a reset longer than what was taken needs to come back is a window's; where
    remaining + rate x reset stays the same while what is left changes it is a bucket (which may hold less than its
    limit), for in a window both go down together. Where nothing is known it is no hold: a 429 costs less than a minute.
    """

    concurrency: int | None = None
    _standings: dict[Dimension, _Standing] = field(
        default_factory=lambda: {dimension: _Standing() for dimension in DIMENSIONS}
    )

    def update(self, announcement: Announcement, now: float) -> None:
        """Take in what a reply said.

        Args:
            announcement: what `read_announcement` gave.
            now: seconds of the gateway's clock.
        """
        for dimension in DIMENSIONS:
            window: Window | None = getattr(announcement, dimension)
            if window is not None:
                self._standings[dimension].update(window, now)
        if announcement.concurrency is not None:
            self.concurrency = announcement.concurrency

    @property
    def rpm(self) -> float | None:
        """Requests a minute."""
        return self._standings["requests"].pace

    @property
    def tpm(self) -> float | None:
        """Tokens a minute, input and output together."""
        return self._standings["tokens"].pace

    @property
    def input_tpm(self) -> float | None:
        """Input tokens a minute."""
        return self._standings["input_tokens"].pace

    @property
    def output_tpm(self) -> float | None:
        """Output tokens a minute."""
        return self._standings["output_tokens"].pace

    @property
    def quotas(self) -> dict[Dimension, float]:
        """Limits of hours or days, which say when to stop and not how fast to go."""
        return {name: standing.quota for name, standing in self._standings.items() if standing.quota is not None}

    def hold_until(self, now: float) -> float | None:
        """The moment until which nothing should be sent, as `update` counts time; None where calls may go."""
        until = max(standing.hold for standing in self._standings.values())
        return until if until > now else None
