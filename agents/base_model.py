"""A model that was never aligned, as one that answers: a few answered questions of ours, then the one that is asked.

The reward of an aligned model's answer above that of its base model's tells what alignment knew to do with an
instruction (Magpie, arXiv 2406.08464, section 3.2; answers in context after URIAL, arXiv 2312.01552). The examples are
our own.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..prompts import Prompts
from .generator import Generator
from .messages import Continued, ContinueTask, Failed, RoleName, Task

__all__ = ["BaseModel", "BaseTask"]

_STOPS = ("\n# Question", "\n# 问题", "<|endoftext|>")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseTask(Task):
    """To a base model: what would it answer?

    Args:
        instruction: the question.
        language: of the examples.
        max_tokens: bound of the answer.
    """

    instruction: str
    language: str = "en"
    max_tokens: int = 1024


@dataclass(frozen=True, slots=True)
class BaseModel:
    """Has one question answered in context, greedily."""

    generator: Generator
    prompts: Prompts

    @property
    def role(self) -> RoleName:
        """The role that it plays."""
        return self.generator.role

    async def __call__(self, task: BaseTask) -> Continued | Failed:
        """The answer, up to where the model would ask the next question itself."""
        text = self.prompts.get("make-base", task.language).fill(instruction=task.instruction)
        return await self.generator(
            ContinueTask(
                id=task.id, parent=task.parent, stage=task.stage, sample=task.sample, text=f"{text}\n",
                stop=_STOPS, temperature=0.0, top_p=1.0, max_tokens=task.max_tokens,
            )
        )  # fmt: skip
