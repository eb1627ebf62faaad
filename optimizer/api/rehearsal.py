"""A provider that is none, for code that is to be tried without a key."""

from __future__ import annotations

from contextlib import AbstractContextManager

__all__ = ["simulated_provider"]


def simulated_provider(**knobs: object) -> AbstractContextManager[str]:
    """The simulated provider in a process of its own, for as long as the block lasts.

        with simulated_provider(rpm=600) as base_url:
            optimize("seeds.jsonl", base_url=base_url, model="sim", budget="5000calls")

    Args:
        knobs: how it behaves, as the flags of `autoevol provider` (docs/provider.md): limits, faults, latency.

    Returns:
        A context that gives its address, ending in /v1.

    Raises:
        UsageError: there is no such knob, or its value is none.
        AutoEvolError: it did not start.
    """
    from ...agents.gateway.simulated.provider.process import start_provider  # noqa: PLC0415  for those who want one
    from ...agents.gateway.simulated.provider.settings import settings_of  # noqa: PLC0415

    return start_provider(settings_of(knobs))
