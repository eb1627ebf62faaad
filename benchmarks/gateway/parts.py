"""Where the processor's time goes: a profile summed up by part of the gateway."""

from __future__ import annotations

import cProfile
import pstats
from typing import cast

__all__ = ["by_part"]

# The first that a file's path holds is its part.
_PARTS = (
    ("journal", ("gateway/books/journal", "gateway/books/writer", "gateway/books/rows", "gateway/books/texts",
                 "gateway/books/packing")),
    ("ledger", ("gateway/books/", "gateway/estimates", "gateway/progress")),
    ("limits", ("gateway/pacing", "gateway/lanes", "gateway/accounts", "gateway/clock")),
    ("keys", ("gateway/requests", "json/", "hashlib")),
    ("transport", ("gateway/wire/transport", "gateway/wire/routes", "aiohttp", "httpx", "yarl", "multidict", "http/",
                   "ssl.py")),
    ("wire form", ("gateway/wire/",)),
    ("gateway and stream", ("agents/gateway",)),
    ("the benchmark", ("benchmarks/",)),
    ("event loop and sockets", ("asyncio", "selectors", "socket", "anyio")),
)  # fmt: skip
_BUILT_IN = "~"

_Function = tuple[str, int, str]
_Times = tuple[int, int, float, float]


def by_part(profile: cProfile.Profile) -> dict[str, float]:
    """The share of each part in the time that was spent in its own functions.

    What is built into the interpreter or written in C counts for who calls it; what is of no part is `other`.
    """
    stats = cast(
        "dict[_Function, tuple[int, int, float, float, dict[_Function, _Times]]]",
        pstats.Stats(profile).stats,  # type: ignore[attr-defined]
    )
    sums: dict[str, float] = {}
    for (path, _, _), (_, _, own, _, callers) in stats.items():
        if path != _BUILT_IN and not path.startswith("<"):
            _add(sums, path, own)
            continue
        for (caller, _, _), (_, _, there, _) in callers.items():
            _add(sums, caller, there)
    whole = sum(sums.values()) or 1.0
    return {part: time / whole for part, time in sorted(sums.items(), key=lambda item: -item[1])}


def _add(sums: dict[str, float], path: str, seconds: float) -> None:
    part = next((part for part, marks in _PARTS if any(mark in path for mark in marks)), "other")
    sums[part] = sums.get(part, 0.0) + seconds
