"""What agents have in common: a seat, whose role they play; and most of them the frame in which they are asked."""

from __future__ import annotations

from dataclasses import dataclass

from ..prompts import Prompts
from .agent import Seat
from .contract import OutputForm
from .messages import RoleName

__all__ = ["Framed", "Seated"]


@dataclass(frozen=True, slots=True)
class Seated:
    """An agent that asks a model.

    Args:
        seat: where its calls go.
    """

    seat: Seat

    @property
    def role(self) -> RoleName:
        """The role that it plays."""
        return self.seat.role


@dataclass(frozen=True, slots=True)
class Framed(Seated):
    """One that is told what to do by our prompts, with data between marks, and answers in a form.

    Args:
        seat: where its calls go.
        secret: of the run; the marks round the data derive from it.
        output_form: how the answer must be given: between tags, or as JSON.
        prompts: what it is told.
    """

    secret: str
    output_form: OutputForm
    prompts: Prompts
