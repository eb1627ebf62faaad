"""Who really served the answers that a comparison rests on: a provider may change a model in the middle of a run."""

from __future__ import annotations

from collections.abc import Iterable

from .evaluate import Standing

__all__ = ["mixed_note", "mixed_servers"]


def mixed_servers(standings: Iterable[Standing]) -> dict[str, list[str]]:
    """By role the models that served it, with their fingerprints, where there was more than one of them.

    A difference between two methods may then be one between two models, so the record of the comparison says so.
    """
    served: dict[str, set[str]] = {}
    for standing in standings:
        for trajectory in standing.trajectories.values():
            for call in trajectory.calls:
                if call.model:
                    name = f"{call.model} ({call.fingerprint})" if call.fingerprint else call.model
                    served.setdefault(call.role, set()).add(f"{name} at {call.fallback}" if call.fallback else name)
    return {role: sorted(names) for role, names in sorted(served.items()) if len(names) > 1}


def mixed_note(mixed: dict[str, list[str]]) -> str:
    """The same in a sentence; empty where nothing is mixed."""
    if not mixed:
        return ""
    told = "; ".join(f"the {role} by {', '.join(names[:4])}" for role, names in mixed.items())
    return f"Beware: not all answers that are compared are of one model: {told}."
