"""The student as a reader: what a given text is worth to it, token by token, from its own log-probabilities."""

from __future__ import annotations

from dataclasses import dataclass

from .gateway.outcomes import NoAnswer
from .gateway.requests import Decoding
from .messages import Failed, Scored, ScoreTask
from .seated import Seated

__all__ = ["Scorer"]

_NOTHING = Decoding(1)  # nothing is drawn: how the student answers elsewhere must not make another call of it


@dataclass(frozen=True, slots=True)
class Scorer(Seated):
    """Has one given text scored."""

    async def __call__(self, task: ScoreTask) -> Scored | Failed:
        """The tokens of the text with their log-probabilities; an endpoint that gives none has failed."""
        outcome = await self.seat.plain(task, task.text, "given_text", _NOTHING)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        if not outcome.scores:
            return self.empty(task, outcome, "the endpoint gave no log-probabilities")
        return Scored(**self.head(task, outcome), tokens=outcome.scores)
