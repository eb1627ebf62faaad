"""Tables as Markdown, and the few sums that are in them."""

from __future__ import annotations

import os
import platform
import statistics
import sys
from collections.abc import Sequence
from itertools import pairwise

from .stage import Logged

__all__ = ["Table", "longest_gap", "median", "percent", "quantile", "say", "share_of"]

Table = list[Sequence[str]]
"""Rows of cells; the first is the head."""


def say(title: str, table: Table, rounds: int) -> None:
    """Print a table under its title."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    head, *rows = table
    lines = [
        f"**{title}** (medians of {rounds}, {cores} cores, Python {platform.python_version()})" if rounds > 1 else
        f"**{title}** (one run, {cores} cores, Python {platform.python_version()})",
        "", _line(head), _line(["---"] * len(head)), *(_line(row) for row in rows), "",
    ]  # fmt: skip
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def median(values: Sequence[float]) -> float:
    """The median; infinity where there is none."""
    return statistics.median(values) if values else float("inf")


def quantile(values: Sequence[float], part: float) -> float:
    """The value below which this part of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("inf")


def percent(value: float, digits: int = 1) -> str:
    """A share as a percentage."""
    return f"{100 * value:.{digits}f} %"


def share_of(per_second: float, calls: Sequence[Logged], start: float, end: float, *, tokens: bool = False) -> float:
    """The share of a permitted rate that was used between two moments.

    Args:
        per_second: calls or tokens a second that are permitted.
        calls: those let in.
        start, end: moments.
        tokens: count tokens.
    """
    inside = [call for call in calls if start <= call.arrived < end]
    used = sum(call.tokens for call in inside) if tokens else len(inside)
    return used / max(end - start, 1e-9) / per_second


def longest_gap(calls: Sequence[Logged]) -> float:
    """The longest time without a call let in, in seconds."""
    moments = [call.arrived for call in calls]
    return max((after - before for before, after in pairwise(moments)), default=0.0)
