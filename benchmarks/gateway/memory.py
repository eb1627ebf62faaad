"""A million calls still to make: what is held in memory, what one that waits takes, how long giving up takes."""

from __future__ import annotations

from .stage import Scene, repeated
from .tables import Table, median, say

__all__ = ["run"]

_MILLION, _ENOUGH, _WAITING = 1_000_000, 3000, 100_000
_MIB = 2**20


def run(rounds: int) -> None:
    """Stream from a million, and let a hundred thousand wait."""
    stream = {"calls": _MILLION, "enough": _ENOUGH, "endpoint": {"concurrency": 200}}
    submit = {"how": "submit", "calls": _WAITING, "prompt_tokens": "1", "endpoint": {"rpm": 60.0}}
    scenes = [
        Scene("stream", {"latency": "0.05"}, (stream,), limit_s=120.0),
        Scene("submit", {"latency": "0.05"}, (submit,), limit_s=120.0),
    ]
    streamed, submitted = repeated(scenes, rounds, 1)
    more = median([(result.report.rss_most - result.report.rss_start) / _MIB for result in streamed])
    left = median([result.report.leaving_s for result in streamed])
    each = median([result.report.rss_waiting / _WAITING for result in submitted])
    request = median([result.report.rss_requests / _WAITING for result in submitted])
    given_up = median([result.report.leaving_s for result in submitted])
    table: Table = [
        ("what waits", "memory", "given up in"),
        (f"a stream of {_MILLION:,}, after {_ENOUGH:,} of them", f"{more:.0f} MiB above the start", f"{left:.2f} s"),
        (
            f"{_WAITING:,} submitted calls",
            f"{each:.0f} bytes each, and {request:.0f} for the request",
            f"{given_up:.2f} s",
        ),
    ]
    say("Memory", table, rounds)
