"""How long a run takes at the limits that are known, and which of them binds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...agents.gateway.endpoints import Endpoint, ModelLimits
from .estimate import Line
from .settings import Settings

__all__ = ["Bound", "bounds", "slowest"]

_SLOTS = 4  # of an embedded model that says nothing


@dataclass(frozen=True, slots=True)
class Bound:
    """One limit, and what it means for the calls that it is for.

    Args:
        endpoint, model: whose it is; an empty model is all of the endpoint's together.
        limit: `rpm`, `tpm`, `input_tpm`, `output_tpm` or `concurrency`.
        value: the limit, over all addresses and keys of the endpoint together.
        seconds: the calls take at least so long at this limit. For `concurrency`: for each second that a call takes.
    """

    endpoint: str
    model: str
    limit: str
    value: float
    seconds: float


def bounds(settings: Settings, lines: Iterable[Line]) -> list[Bound]:
    """Every known limit of the endpoints in use, with the time that it means for these calls."""
    used: dict[tuple[str, str], list[Line]] = defaultdict(list)
    for line in lines:
        used[line.endpoint, ""].append(line)
        used[line.endpoint, line.model].append(line)
    return [
        bound
        for (name, model), calls in sorted(used.items())
        if name in settings.endpoints
        for bound in _bounds(settings.endpoints[name], name, model, calls)
    ]


def slowest(found: Iterable[Bound]) -> Bound | None:
    """The limit of a rate that binds: the one that takes longest."""
    return max((bound for bound in found if bound.limit != "concurrency"), key=lambda b: b.seconds, default=None)


def _bounds(endpoint: Endpoint, name: str, model: str, lines: list[Line]) -> Iterator[Bound]:
    tokens_in, tokens_out = sum(line.tokens_in for line in lines), sum(line.expected_out for line in lines)
    amounts = {
        "rpm": sum(line.calls for line in lines),
        "tpm": tokens_in + tokens_out,
        "input_tpm": tokens_in,
        "output_tpm": tokens_out,
    }
    limits: ModelLimits | None = endpoint.models.get(model) if model else endpoint
    if limits is None:
        return
    for limit, amount in amounts.items():
        value = _over_all(endpoint, limits, limit)
        if value is not None:
            yield Bound(name, model, limit, value, 60 * amount / value)
    slots = _over_all(endpoint, limits, "concurrency")
    if slots is None and not model and endpoint.free and endpoint.packaged is None:  # that takes many texts at once
        slots = _SLOTS if endpoint.local is not None else 1
    if slots is not None:
        yield Bound(name, model, "concurrency", slots, amounts["rpm"] / slots)


def _over_all(endpoint: Endpoint, limits: ModelLimits, name: str) -> float | None:
    """A limit is of each address and key: with replicas it adds up. A replica without one is as the endpoint says."""
    own: float | None = getattr(limits, name)
    if own is None:
        return None
    further = [own if limits is not endpoint else getattr(each, name) or own for each in endpoint.replicas]
    return own + sum(further)
