"""The reflector as a reviewer of code: says in a few sentences why a program fails, and does not mend it.

The feedback model of Self-Repair (arXiv 2306.09896, section 3.2): where it is better than the programmer, repairs gain
most, so that it has a seat of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from .agent import drawn
from .contract import quoted, whole
from .gateway.outcomes import Answer, NoAnswer
from .messages import Failed, Instruction, Reply, Task
from .reading import fault_of, inside, json_value, several_lines
from .schemas import TEXT, schema
from .seated import Framed

__all__ = ["ExplainTask", "Explained", "Explainer"]

_TAG = "explanation"
_SCHEMA = schema(explanation=TEXT)
_CHARS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainTask(Task):
    """To the reflector: why does this program fail? `temperature` draws the answer."""

    instruction: Instruction
    program: str
    error: str
    temperature: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained(Reply):
    """From the reflector: why, in its words; empty where it could not be read."""

    text: str
    fault: Literal["", "unreadable", "truncated"] = ""


@dataclass(frozen=True, slots=True)
class Explainer(Framed):
    """Explains a failure."""

    async def __call__(self, task: ExplainTask) -> Explained | Failed:
        """One explanation."""
        texts = (whole(task.instruction), task.program, task.error)
        sign, tag, language = self.sign(*texts), self.tag(_TAG, *texts), task.instruction.language
        names = ("PROBLEM", "PROGRAM", "ERROR")
        data = "\n\n".join(quoted(name, sign, text) for name, text in zip(names, texts, strict=True))
        form = self.form("make-answers-explain", language, tag=tag)
        turns = self.turns("make-answers-explain", language, data=data, form=form)
        seat = replace(self.seat, decoding=drawn(self.seat.decoding, temperature=task.temperature))
        outcome = await self.put(task, turns, _SCHEMA, seat)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        text = several_lines(self._read(outcome, tag))[:_CHARS]
        return Explained(**self.head(task, outcome), text=text, fault=fault_of(outcome, readable=bool(text)))

    def _read(self, answer: Answer, tag: str) -> str:
        if self.output_form == "json":
            value = json_value(answer.text, _TAG)
            return value if isinstance(value, str) else ""
        return inside(answer.text, tag)
