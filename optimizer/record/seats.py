"""The evolvers of a comparison: one seat for each model that every method meets the items with."""

from __future__ import annotations

from ...agents.gateway.errors import UsageError
from .settings import RoleSettings, Settings

__all__ = ["evolver_seats", "seat_name"]


def evolver_seats(settings: Settings) -> tuple[RoleSettings, ...]:
    """The seats, in the order in which they were named; the role's own where none was.

    `ENDPOINT:MODEL` names another endpoint; a colon behind anything else is part of the model's name.

    Raises:
        UsageError: one is empty or named twice.
    """
    own = settings.roles.evolver
    seats: list[RoleSettings] = []
    for word in settings.compare.evolvers:
        endpoint, colon, model = word.strip().partition(":")
        if not colon or endpoint not in settings.endpoints:
            endpoint, model = own.endpoint, word.strip()
        seat = own.model_copy(update={"endpoint": endpoint, "model": model.strip()})
        if not seat.model or seat in seats:
            raise UsageError(
                f"The evolver's model '{word}' is {'named twice' if seat.model else 'empty'}.", fix="Name each once."
            )
        seats.append(seat)
    return tuple(seats) or (own,)


def seat_name(seat: RoleSettings, settings: Settings) -> str:
    """The model, with its endpoint where that is not the role's own."""
    return seat.model if seat.endpoint == settings.roles.evolver.endpoint else f"{seat.endpoint}:{seat.model}"
