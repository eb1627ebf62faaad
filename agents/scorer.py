"""The student as a reader: what a given text is worth to it, token by token, from its own log-probabilities."""

from __future__ import annotations

from dataclasses import dataclass

from .agent import Seat, call_of, failed
from .gateway.outcomes import NoAnswer
from .gateway.requests import Decoding
from .messages import Failed, RoleName, Scored, ScoreTask

__all__ = ["Scorer"]

_NOTHING = Decoding(1)  # nothing is drawn: how the student answers elsewhere must not make another call of it


@dataclass(frozen=True, slots=True)
class Scorer:
    """Has one given text scored.

    Args:
        seat: where its calls go; its endpoint must give log-probabilities of given text.
    """

    seat: Seat

    @property
    def role(self) -> RoleName:
        """The role that it plays."""
        return self.seat.role

    async def __call__(self, task: ScoreTask) -> Scored | Failed:
        """The tokens of the text with their log-probabilities; an endpoint that gives none has failed."""
        outcome = await self.seat.plain(task, task.text, "given_text", _NOTHING)
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        calls = (call_of(self.role, outcome),)
        if not outcome.scores:
            detail = "the endpoint gave no log-probabilities"
            return Failed(id=f"{task.id}/reply", parent=task.id, reason="empty", detail=detail, calls=calls)
        return Scored(id=f"{task.id}/reply", parent=task.id, tokens=outcome.scores, calls=calls)
