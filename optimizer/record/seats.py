"""Who is asked in a run: the roles in use, and the evolvers of a comparison."""

from __future__ import annotations

from typing import get_args

from ...agents.gateway.errors import UsageError
from ...agents.messages import RoleName
from ..scoring.examine.menu import price_of_item
from .rivals import RIVALS
from .settings import RoleSettings, Settings

__all__ = ["as_search", "evolver_seats", "looks_at_results", "roles_in_use", "seat_name"]


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


def roles_in_use(settings: Settings) -> tuple[RoleName, ...]:
    """The roles whose models a run with these settings may call."""
    if settings.recipe == "make":
        return _roles_of_making(settings)
    searching = settings.recipe == "auto-evol" and settings.search.steps > 0
    dear = price_of_item(settings)
    beside = settings.recipe == "compare" and settings.compare.pairwise
    used: dict[RoleName, bool] = {
        "evolver": True, "responder": True, "analyst": searching and looks_at_results(settings), "refiner": searching,
        "judge": beside or "judge" in dear, "student": "student" in dear, "embedder": "embedder" in dear,
    }  # fmt: skip
    return tuple(role for role, wanted in used.items() if wanted)


def _roles_of_making(settings: Settings) -> tuple[RoleName, ...]:
    used = {role for part in settings.make for role in part.all_roles()}
    if any(part.recipe == "auto-evol" for part in settings.make):
        used |= set(roles_in_use(as_search(settings)))
    return tuple(role for role in get_args(RoleName) if role in used)


def as_search(settings: Settings) -> Settings:
    """The settings of the search and application that are one part of a run of several recipes."""
    return settings.model_copy(update={"recipe": "auto-evol", "make": ()})


def looks_at_results(settings: Settings) -> bool:
    """Whether a batch is evolved and analysed in each step; the baseline and others' strategies have no analyst."""
    return settings.search.strategy not in {"best-of-n", *RIVALS}
