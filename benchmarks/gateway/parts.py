"""Where the processor's time goes: a profile summed up by part of the gateway."""

from __future__ import annotations

import cProfile
import pstats
from typing import cast

__all__ = ["by_part"]

# The first that a file's path holds is its part; functions of C without a file are told by their names.
_PARTS = (
    ("journal", ("gateway/books/journal", "gateway/books/writer", "gateway/books/rows", "gateway/books/texts",
                 "gateway/books/packing", "sqlite", "commit")),
    ("ledger", ("gateway/books/ledger", "gateway/books/prices", "gateway/books/bills", "gateway/estimates")),
    ("limits", ("gateway/pacing", "gateway/lanes", "gateway/accounts", "gateway/clock")),
    ("keys and prompts", ("gateway/requests", "sha256", "json/", "_json", "orjson")),
    ("wire form", ("gateway/wire/chat", "gateway/wire/reading", "gateway/wire/quirks", "gateway/wire/failures")),
    ("transport", ("gateway/wire/", "aiohttp", "httpx", "httpcore", "yarl", "multidict", "h11", "http/", "ssl")),
    ("gateway", ("autoevol/agents/gateway", "agents/gateway")),
    ("the benchmark", ("benchmarks/",)),
    ("event loop and sockets", ("asyncio", "selectors", "epoll", "socket", "anyio", "_run_once", "select")),
)  # fmt: skip


def by_part(profile: cProfile.Profile) -> dict[str, float]:
    """The share of each part in the time that was spent in its own functions; what is of no part is `other`."""
    stats = cast("dict[tuple[str, int, str], tuple[int, int, float, float, object]]", pstats.Stats(profile).stats)  # type: ignore[attr-defined]
    sums: dict[str, float] = {}
    for (path, _, name), (_, _, own, *_) in stats.items():
        sums[_part(f"{path} {name}")] = sums.get(_part(f"{path} {name}"), 0.0) + own
    whole = sum(sums.values()) or 1.0
    return {part: time / whole for part, time in sorted(sums.items(), key=lambda item: -item[1])}


def _part(where: str) -> str:
    return next((part for part, marks in _PARTS if any(mark in where for mark in marks)), "other")
