"""Numbers, durations and moments as they stand in headers. What is none is None, never an exception."""

from __future__ import annotations

import email.utils
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

__all__ = ["amount", "moment", "parameters", "reset_seconds"]

_MOST = 1e12
_DAY_S = 86400.0
_YEAR_S = 366 * _DAY_S
# Numbers from here on are moments and not durations: 1e9 s after 1970 was in 2001, 1e9 s from now is in 30 years.
_EPOCH_S, _EPOCH_MS = 1e9, 1e11
_DURATION = re.compile(r"(?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|μs|ms|s|m|h|d))+")
_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)([a-zµμ]+)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": _DAY_S}
_PARAMETER = re.compile(r'(?:^|[;,\s])([a-z-]{1,12})\s*=\s*("?)([^;,"\s]{1,40})\2')


def amount(text: str, least: float = 0.0) -> float | None:
    """A number from `least` to 1e12. Of a list (`100, 100;w=60`: the binding limit, then all) it is the first."""
    value = _number(text[:60])
    return value if value is not None and least <= value <= _MOST else None


# Limits and moments are the same in reply after reply.
@lru_cache(maxsize=256)
def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        if "," not in text and ";" not in text:
            return None
    return _number(text.partition(",")[0].partition(";")[0])


def reset_seconds(text: str, headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds until a reset that is said as seconds, as a duration (`1h2m3.5s`), as an epoch time or by RFC 3339.

    Args:
        text: the header's value.
        headers: moments are counted from the reply's own `date`, so that a clock that is wrong here does no harm.
        now: used where the reply has no date.
    """
    value, is_moment = _reset(text[:60])
    if not is_moment:
        return value if 0 <= value <= _YEAR_S else None
    date = moment(headers.get("date", ""))
    seconds = value - (now.timestamp() if date is None else date)
    # A bucket that is full names a moment just gone by; a day ago is no moment that anyone means.
    return max(0.0, seconds) if -_DAY_S < seconds <= _YEAR_S else None


@lru_cache(maxsize=256)
def _reset(text: str) -> tuple[float, bool]:
    """Seconds, or epoch seconds and True; NaN for what is neither."""
    text = text.strip()
    if _DURATION.fullmatch(text) is not None:
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(text)), False
    seconds = _number(text)
    if seconds is not None:
        return (seconds, False) if seconds < _EPOCH_S else (seconds / (1000 if seconds >= _EPOCH_MS else 1), True)
    try:
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo is not None else when.replace(tzinfo=UTC)).timestamp(), True
    except (ValueError, OverflowError):
        return math.nan, False


@lru_cache(maxsize=64)
def moment(text: str) -> float | None:
    """Epoch seconds of an HTTP date."""
    try:
        date = email.utils.parsedate_to_datetime(text[:60])
        return (date if date.tzinfo is not None else date.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


@lru_cache(maxsize=64)
def parameters(item: str) -> tuple[str, dict[str, str]]:
    """What stands in front of the first semicolon of an item of a structured field, and its parameters."""
    found: list[tuple[str, str, str]] = _PARAMETER.findall(item)
    return item.partition(";")[0].strip().strip('"'), {name: value for name, _, value in found}
