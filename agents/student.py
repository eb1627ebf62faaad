"""The student: the model that the data is meant for. It answers instructions, so that its pass rate can be measured.

Its second part comes with the recipe Selective Reflection: `ChooseTask` holds an old and a new pair; `Chosen` says
which is kept, with IFD or r-IFD from the student's own log-probabilities. Until then no such task is made.
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
