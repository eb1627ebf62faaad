"""The embedder: a text as a vector, so that it can be told how far apart texts are."""

from __future__ import annotations

from dataclasses import dataclass

from .agent import call_of, failed
from .gateway.outcomes import NoAnswer
from .messages import Embedded, EmbedTask, Failed
from .seated import Seated

__all__ = ["Embedder"]


@dataclass(frozen=True, slots=True)
class Embedder(Seated):
    """Embeds one text."""

    async def __call__(self, task: EmbedTask) -> Embedded | Failed:
        """The vector of a text; an endpoint that gives none has failed."""
        outcome = await self.seat.embed(task, task.text)
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        calls = (call_of(self.role, outcome),)
        if not outcome.vector:
            detail = "the endpoint gave no vector"
            return Failed(id=f"{task.id}/reply", parent=task.id, reason="empty", detail=detail, calls=calls)
        return Embedded(id=f"{task.id}/reply", parent=task.id, vector=tuple(outcome.vector), calls=calls)
