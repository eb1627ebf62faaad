"""An estimate as a file of the run, so that what was spent can be held against it."""

from __future__ import annotations

from typing import Any

from .estimate import Estimate, Line

__all__ = ["ESTIMATE", "estimate_object", "line_object"]

ESTIMATE = "estimate.json"


def estimate_object(forecast: Estimate) -> dict[str, Any]:
    """As plain JSON values. Money is null where a price is unknown."""
    return {
        "calls": {"at_least": forecast.least_calls, "at_most": forecast.calls},
        "tokens": {"expected": forecast.expected_tokens, "at_most": forecast.worst_tokens},
        "usd": {"at_least": forecast.least_usd, "expected": forecast.expected_usd, "at_most": forecast.worst_usd},
        "lines": [line_object(line) for line in forecast.lines],
    }


def line_object(line: Line) -> dict[str, Any]:
    """One line of it."""
    return {
        "stage": line.stage, "role": line.role, "endpoint": line.endpoint, "model": line.model,
        "calls": {"at_least": line.least_calls, "at_most": line.calls},
        "tokens_in": {"expected": line.tokens_in, "at_most": line.worst_in},
        "tokens_out": {"expected": line.expected_out, "at_most": line.worst_out},
        "usd": {"at_least": line.least_usd, "expected": line.expected_usd, "at_most": line.worst_usd},
    }  # fmt: skip
