"""Every call is refused for good: each prompt is asked once, and ends as a row with its reason or stops the session."""

from __future__ import annotations

from .stage import Scene, repeated
from .tables import Table, median, say

__all__ = ["run"]

_CALLS = 200


def run(rounds: int) -> None:
    """Play each status."""
    scenes = [
        Scene(f"{status}", {"bad_status": status, "latency": "0.02"},
              ({"calls": _CALLS, "endpoint": {"concurrency": 50}},), limit_s=60.0)
        for status in (400, 401, 404)
    ]  # fmt: skip
    table: Table = [("every call answers", "prompts", "calls", "calls per prompt", "rows", "the session")]
    for scene, results in zip(scenes, repeated(scenes, rounds), strict=True):
        calls = median([result.number("received") for result in results])
        prompts = median([result.distinct for result in results])
        rows = median([result.report.calls for result in results])
        stopped = "stops" if results[0].report.stopped else "goes on"
        table.append(
            (scene.name, f"{_CALLS}", f"{calls:.0f}", f"{calls / max(1, prompts):.2f}", f"{rows:.0f}", stopped)
        )
    say("Every call is refused for good", table, rounds)
