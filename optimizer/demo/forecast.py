"""How long the demo will take here: a short call to the model that does most of the work, then arithmetic."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ...agents.gateway.endpoints import Budget
from ...agents.gateway.gateway import open_gateway
from ...agents.gateway.requests import Decoding, Request, Turn
from ..cli.planning import measure
from ..pages.numbers import duration
from ..record.estimate import estimate
from ..record.settings import Settings

__all__ = ["forecast", "measure_speed"]

_PROBE = "Write a short story about a lighthouse keeper who counts ships."
_PROBE_TOKENS = 40
# Against one call alone: two slots write more in a second, reading the prompts costs part of it again, and the small
# model that answers works on the same cores. A round figure from timing whole demos.
_BUSY = 0.75


async def measure_speed(settings: Settings) -> float:
    """Tokens a second that the writing model makes now, alone."""
    seat = settings.roles.evolver
    endpoint = {seat.endpoint: settings.endpoints[seat.endpoint]}
    with tempfile.TemporaryDirectory() as folder:
        async with open_gateway(endpoint, Path(folder), Budget()) as gateway:
            decoding = Decoding(_PROBE_TOKENS)
            outcome = await gateway.ask(Request(seat.endpoint, seat.model, (Turn("user", _PROBE),), decoding))
    return max(0.1, outcome.usage.output_tokens / max(0.01, outcome.seconds))


def forecast(settings: Settings, speed: float) -> str:
    """The line that the demo begins with.

    Args:
        settings: of the demo.
        speed: tokens a second of the writing model (`measure_speed`).
    """
    sizes, _ = measure(settings)
    expected = estimate(settings, sizes)
    writing = sum(line.expected_out for line in expected.lines if line.role != "responder")
    seconds = writing / (speed * _BUSY)
    return (
        f"{sizes.total} seeds, at most {expected.calls} calls, {writing:,} tokens at {speed:.0f} a second: "
        f"this will take at most about {duration(seconds)}. It costs nothing. Ctrl-C stops it cleanly."
    )
