"""All limits of the simulated provider together: what lets a call in, what it is charged, and how that is announced."""

from __future__ import annotations

import email.utils
import math
from dataclasses import dataclass, field
from datetime import UTC, datetime

from .limiter import Entry, Limit, limit_of
from .settings import ProviderSettings

__all__ = ["Charged", "Gate", "duration", "retry_lines"]

_NAMES = ("requests", "tokens", "input-tokens", "output-tokens")


@dataclass(slots=True)
class Charged:
    """What an accepted call was charged, by limit."""

    input_tokens: int
    entries: list[tuple[str, Limit, Entry]] = field(default_factory=list[tuple[str, Limit, Entry]])

    def settle(self, now: float, output_tokens: int) -> None:
        """Correct the charge by what the call really took."""
        for name, limit, entry in self.entries:
            if name != "requests":
                limit.settle(now, entry, _cost(name, self.input_tokens, output_tokens))


class Gate:
    """The limits that the settings name.

    Args:
        settings: the limits; `follow` takes new ones.
        wall: what must be added to a time to get the time of day in seconds.
    """

    def __init__(self, settings: ProviderSettings, wall: float) -> None:
        self._wall = wall
        self._limits: dict[str, Limit] = {}
        self._form: tuple[object, ...] = ()
        self._reserves = True
        self._style = "none"
        self.follow(settings)

    def follow(self, settings: ProviderSettings) -> None:
        """Take other settings; what was charged stays charged, unless limits are now kept in another way."""
        form = (settings.limiter, settings.burst_s)
        if form != self._form:
            self._form, self._limits = form, {}
        rates = (settings.rpm, settings.tpm, settings.input_tpm, settings.output_tpm)
        for name, rate in zip(_NAMES, rates, strict=True):
            if rate is None:
                self._limits.pop(name, None)
            elif name in self._limits:
                self._limits[name].follow(rate)
            else:
                self._limits[name] = limit_of(settings.limiter, rate, settings.burst_s, self._wall)
        self._reserves = settings.count == "reserved"
        self._style = settings.headers

    def refusal(self, now: float, input_tokens: int, max_tokens: int) -> tuple[str, float] | None:
        """The limit that a call would pass and the seconds until it would not; None lets it in."""
        worst: tuple[str, float] | None = None
        for name, limit in self._limits.items():
            wait = limit.wait(now, _cost(name, input_tokens, max_tokens if self._reserves else 0))
            if wait > 0 and (worst is None or wait > worst[1]):
                worst = (name, wait)
        return worst

    def charge(self, now: float, input_tokens: int, max_tokens: int) -> Charged:
        """Charge a call that is let in."""
        charged = Charged(input_tokens)
        for name, limit in self._limits.items():
            cost = _cost(name, input_tokens, max_tokens if self._reserves else 0)
            charged.entries.append((name, limit, limit.take(now, cost)))
        return charged

    # ---------------------------------------------------------------- headers

    def headers(self, now: float) -> str:
        """Header lines that announce the limits in the chosen style. `remaining` is what would pass at once."""
        if self._style == "none":
            return ""
        return "".join(self._lines(name, limit, now) for name, limit in self._limits.items())

    def _lines(self, name: str, limit: Limit, now: float) -> str:
        most, left, full = round(limit.per_minute), int(limit.left(now)), limit.full_in(now)
        match self._style:
            case "anthropic":
                at = datetime.fromtimestamp(now + self._wall + full, UTC).isoformat(timespec="seconds")
                at = at.replace("+00:00", "Z")
                head = f"anthropic-ratelimit-{name}"
                return f"{head}-limit: {most}\r\n{head}-remaining: {left}\r\n{head}-reset: {at}\r\n"
            case "azure":
                return f"x-ratelimit-limit-{name}: {most}\r\nx-ratelimit-remaining-{name}: {left}\r\n"
            case "openrouter":
                # One limit, of requests, and its reset as a time in milliseconds.
                at_ms = int((now + self._wall + full) * 1000)
                lines = f"X-RateLimit-Limit: {most}\r\nX-RateLimit-Remaining: {left}\r\nX-RateLimit-Reset: {at_ms}\r\n"
                return lines if name == "requests" else ""
            case "groq":
                # Their request headers speak of days, whatever the limit of a minute is.
                if name == "requests":
                    most, left, full = most * 1440, max(0, most * 1440 - 1), 60.0
            case _:
                pass
        head = "x-ratelimit"
        return (
            f"{head}-limit-{name}: {most}\r\n{head}-remaining-{name}: {left}\r\n"
            f"{head}-reset-{name}: {duration(full)}\r\n"
        )


def _cost(name: str, input_tokens: int, output_tokens: int) -> float:
    match name:
        case "requests":
            return 1.0
        case "tokens":
            return input_tokens + output_tokens
        case "input-tokens":
            return input_tokens
        case _:
            return output_tokens


def duration(seconds: float) -> str:
    """Seconds as OpenAI writes them: `6m0s`, `1.5s`, `20ms`, `0s`."""
    if 0 < seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{f'{hours}h' if hours else ''}{f'{minutes}m' if minutes or hours else ''}{rest:g}s"


def retry_lines(settings: ProviderSettings, seconds: float | None, wall_now: float) -> str:
    """The `Retry-After` of a refusal in the chosen form; empty where nothing is said.

    Args:
        settings: the form.
        seconds: how long to wait; None says nothing.
        wall_now: time of day in seconds.
    """
    if seconds is None:
        return ""
    match settings.retry_after:
        case "none":
            return ""
        case "s":
            return f"retry-after: {math.ceil(seconds - 1e-6)}\r\n"
        case "ms":
            return f"retry-after-ms: {math.ceil(seconds * 1000 - 1e-3)}\r\n"
        case "date":
            # Dates have whole seconds: the next one, so that who waits until then has waited enough.
            return f"retry-after: {email.utils.formatdate(math.ceil(wall_now + seconds), usegmt=True)}\r\n"
