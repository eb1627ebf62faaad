"""What trackers hear, as plain values; `at` is in nanoseconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass

from ...agents.gateway.outcomes import Outcome
from ...agents.gateway.requests import Request

__all__ = ["Began", "CallEnded", "News", "PartBegan", "StepDecided"]


@dataclass(frozen=True, slots=True)
class Began:
    """A session of the run is at work."""

    at: int


@dataclass(frozen=True, slots=True)
class PartBegan:
    """A part of the work begins; `step` counts from 0, None outside the loop."""

    at: int
    step: int | None
    name: str


@dataclass(frozen=True, slots=True)
class CallEnded:
    """A model ended a call, and the journal has it."""

    at: int
    request: Request
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class StepDecided:
    """A step is decided and on disk; `place` is the folder of its recipe, empty for the run's own."""

    at: int
    place: str
    step: int


News = Began | PartBegan | CallEnded | StepDecided
