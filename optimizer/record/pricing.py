"""Prices of the models in use: what the person said, else what is publicly known. A run freezes them at its start."""

from __future__ import annotations

from collections.abc import Iterator

from ...agents.gateway.books.prices import known_price, provider_of
from ...agents.gateway.endpoints import Endpoint, Price
from .seats import evolver_seats, roles_in_use
from .settings import RoleSettings, Settings

__all__ = ["models_in_use", "priced", "unpriced"]


def priced(settings: Settings) -> Settings:
    """The settings with the known prices of the models in use; a price that is there stays."""
    found: dict[str, dict[str, Price]] = {}
    for name, model in models_in_use(settings):
        endpoint = settings.endpoints[name]
        price = None if endpoint.free or model in endpoint.prices else _known(endpoint, model)
        if price is not None:
            found.setdefault(name, dict(endpoint.prices))[model] = price
    if not found:
        return settings
    changed = {name: settings.endpoints[name].model_copy(update={"prices": prices}) for name, prices in found.items()}
    return settings.model_copy(update={"endpoints": {**settings.endpoints, **changed}})


def unpriced(settings: Settings) -> list[str]:
    """Models in use whose price nobody knows."""
    missing = [
        model
        for name, model in models_in_use(settings)
        if not settings.endpoints[name].free and model not in settings.endpoints[name].prices
    ]
    return list(dict.fromkeys(missing))


def models_in_use(settings: Settings) -> Iterator[tuple[str, str]]:
    """Endpoint and model of every role in use, each pair once, and of the endpoints that stand in for them."""
    seen: set[tuple[str, str]] = set()
    roles, seats = roles_in_use(settings), list[RoleSettings]()
    if settings.recipe == "compare":
        roles, seats = tuple(role for role in roles if role != "evolver"), list(evolver_seats(settings))
    seats += [getattr(settings.roles, role) for role in roles]
    for seat in seats:
        name, model = seat.endpoint, seat.model
        while name in settings.endpoints and (name, model) not in seen:
            seen.add((name, model))
            yield name, model
            endpoint = settings.endpoints[name]
            name, model = endpoint.fallback or "", endpoint.fallback_model or model


def _known(endpoint: Endpoint, model: str) -> Price | None:
    """Only where all addresses of the endpoint are one provider's: there is one price for all of them."""
    address = endpoint.base_url or ""
    others = {replica.base_url for replica in endpoint.replicas if replica.base_url is not None}
    if {provider_of(other) for other in others} - {provider_of(address)}:
        return None
    return known_price(address, model)
