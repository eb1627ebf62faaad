"""The evolver of responses: one response made better in one respect (Deita, arXiv 2312.15685, section 2.3).

Each respect is a prompt `make-deita-improve-<respect>`, in our words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from .agent import drawn
from .contract import EVOLVED_SCHEMA, quoted, whole
from .messages import Evolved, Failed, Instruction, Task
from .operations import read_evolved
from .seated import Framed

__all__ = ["RESPECTS", "ImproveTask", "Improver", "Respect"]

Respect = Literal["helpfulness", "relevance", "depth", "creativity", "detail"]
RESPECTS: tuple[Respect, ...] = get_args(Respect)
_TAG = "new_text"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImproveTask(Task):
    """To the evolver: make this response to this instruction better in one respect; `temperature` draws it."""

    instruction: Instruction
    response: str
    respect: Respect
    temperature: float | None = None


@dataclass(frozen=True, slots=True)
class Improver(Framed):
    """Improves one response."""

    async def __call__(self, task: ImproveTask) -> Evolved | Failed:
        """The new response; `text` is None where the form was not kept, or only our own words came back."""
        asked, language = whole(task.instruction), task.instruction.language
        tag, sign = self.tag(_TAG, asked, task.response), self.sign(asked, task.response)
        form = self.form("make-evol-instruct-form", language, tag=tag)
        turns = self.turns(
            "make-deita-improve", language, instruction=quoted("QUESTION", sign, asked),
            response=quoted("TEXT", sign, task.response), form=form,
            respect=self.says(f"make-deita-improve-{task.respect}", language),
        )  # fmt: skip
        seat = replace(self.seat, decoding=drawn(self.seat.decoding, temperature=task.temperature))
        outcome = await self.put(task, turns, EVOLVED_SCHEMA, seat)
        return read_evolved(self, task, outcome, tag=tag, sign=sign, form=form)
