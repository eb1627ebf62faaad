"""The student: the model that the data is meant for. It answers instructions, so that its pass rate can be measured.

What texts are worth to it, by its own log-probabilities, is asked of the same role by `scorer.py`; which of two texts
is kept is said by `optimizer/scoring/ifd.py`, from these figures alone.
"""

from __future__ import annotations

from dataclasses import dataclass

from .messages import Answered, AnswerTask, Failed, RoleName, SolveTask
from .responder import Responder

__all__ = ["Student"]


@dataclass(frozen=True, slots=True)
class Student:
    """Answers an instruction in the form of the run's responses.

    Args:
        answering: how it answers; the calls go to the student's own seat.
    """

    answering: Responder

    @property
    def role(self) -> RoleName:
        """The role that it plays."""
        return "student"

    async def __call__(self, task: SolveTask) -> Answered | Failed:
        """Answer one instruction; another sample index is another draw."""
        return await self.answering(
            AnswerTask(
                id=task.id, parent=task.parent, stage=task.stage, sample=task.sample, instruction=task.instruction
            )
        )
