"""Tokens with a heavy tail under a limit of tokens: do large calls starve behind small ones?

Fifty workers ask without a pause; a call's wait is what it took besides the attempt that succeeded.
"""

from __future__ import annotations

from .jobs import Report
from .stage import Scene, repeated
from .tables import Table, median, quantile, say

__all__ = ["run"]

_TPM = 240_000.0
_CASES: dict[str, tuple[str, dict[str, float]]] = {
    "limit in the settings": ("none", {"tpm": _TPM}),
    "limit announced": ("openai", {}),
    "limit unknown": ("none", {}),
}


def _waits(report: Report) -> tuple[float, float, float]:
    """Median wait, longest wait of the heaviest tenth, longest of all."""
    large = quantile([float(tokens) for tokens in report.tokens], 0.9)
    heaviest = [wait for wait, tokens in zip(report.waits, report.tokens, strict=True) if tokens >= large]
    return median(report.waits), max(heaviest), max(report.waits)


def run(rounds: int) -> None:
    """Play every case."""
    job = {"how": "workers", "at_once": 50, "calls": 500, "prompt_tokens": "pareto/100/1.5", "max_tokens": 256}
    scenes = [
        Scene(name, {"tpm": _TPM, "headers": headers, "count": "actual", "latency": "1"},
              ({**job, "endpoint": endpoint},), limit_s=240.0)
        for name, (headers, endpoint) in _CASES.items()
    ]  # fmt: skip
    table: Table = [("limit", "median wait", "longest wait of the heaviest tenth", "ratio", "longest wait", "answers")]
    for scene, results in zip(scenes, repeated(scenes, rounds), strict=True):
        waits = [_waits(result.report) for result in results]
        ratio = median([heaviest / max(middle, 0.1) for middle, heaviest, _ in waits])
        table.append((
            scene.name, f"{median([wait[0] for wait in waits]):.2f} s", f"{median([wait[1] for wait in waits]):.2f} s",
            f"{ratio:.2f}", f"{median([wait[2] for wait in waits]):.2f} s",
            f"{min(result.report.answers for result in results)} of 500",
        ))  # fmt: skip
    say("Waits under a limit of tokens, sizes with a heavy tail", table, rounds)
