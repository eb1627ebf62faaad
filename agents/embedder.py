"""The embedder: a text as a vector, so that it can be told how far apart texts are."""

from __future__ import annotations

from dataclasses import dataclass

from .gateway.outcomes import NoAnswer
from .messages import Embedded, EmbedTask, Failed
from .seated import Seated

__all__ = ["Embedder"]


@dataclass(frozen=True, slots=True)
class Embedder(Seated):
    """Embeds one text."""

    async def __call__(self, task: EmbedTask) -> Embedded | Failed:
        """The vector of a text; an endpoint that gives none has failed."""
        outcome = await self.seat.plain(task, task.text, "embedding")
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        if not outcome.vector:
            return self.empty(task, outcome, "the endpoint gave no vector")
        return Embedded(**self.head(task, outcome), vector=tuple(outcome.vector))
