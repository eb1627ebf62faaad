"""The responder as a programmer: a program for a task, and a program mended after it failed.

Questions with tests are Code Llama's way (arXiv 2308.12950, section 2.5); programs, errors and repairs are those of
Self-Repair (2306.09896, section 3). Prompts and the reading of answers are ours: one fenced block, and no form in tags,
which models of code keep worse than a fence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from .agent import drawn
from .contract import quoted, whole
from .gateway.outcomes import NoAnswer
from .gateway.requests import Turn
from .messages import Answered, Failed, Instruction, Task
from .seated import Told

__all__ = ["CodeTask", "Coder", "RepairTask", "Repairer"]

_TWICE = re.compile(
    r"^([ \t]*(?:```+|~~~+)[ \t]*)(python3?|py)[ \t]*\r?\n(?:[ \t]*(?:python3?|py)[ \t]*\r?\n)+",
    re.MULTILINE | re.IGNORECASE,
)
"""The name of the language behind a fence, and again as the first line of the program, as small models write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeTask(Task):
    """To the responder: a program that does this. `tests` are shown where there are any; `temperature` draws it."""

    instruction: Instruction
    tests: str = ""
    temperature: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairTask(Task):
    """To the responder: mend this program. Without an explanation it gives its own first (both in one answer)."""

    instruction: Instruction
    program: str
    error: str
    explanation: str = ""
    temperature: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Coder(Told):
    """Writes a program."""

    async def __call__(self, task: CodeTask) -> Answered | Failed:
        """One draw, as it was written, but for a language that is named twice; others say whether it is a program."""
        texts, language = (whole(task.instruction), task.tests), task.instruction.language
        sign = self.sign(*texts)
        data = quoted("PROBLEM", sign, texts[0])
        if task.tests:
            data += "\n\n" + self.says("make-answers-code-tests", language, tests=quoted("TESTS", sign, task.tests))
        return await _put(self, task, self.turns("make-answers-code", language, data=data))


@dataclass(frozen=True, slots=True)
class Repairer(Told):
    """Mends a program."""

    async def __call__(self, task: RepairTask) -> Answered | Failed:
        """One draw: the mended program behind an explanation, or after one that was given."""
        texts = (whole(task.instruction), task.program, task.error, task.explanation)
        sign, language = self.sign(*texts), task.instruction.language
        shown = zip(("PROBLEM", "PROGRAM", "ERROR", "EXPLANATION"), texts, strict=True)
        data = "\n\n".join(quoted(name, sign, text) for name, text in shown if name != "EXPLANATION" or text)
        name = "make-answers-repair" if task.explanation else "make-answers-mend"
        return await _put(self, task, self.turns(name, language, data=data))


async def _put(agent: Told, task: CodeTask | RepairTask, turns: tuple[Turn, ...]) -> Answered | Failed:
    decoding = drawn(agent.seat.decoding, temperature=task.temperature, max_tokens=task.max_tokens)
    outcome = await replace(agent.seat, decoding=decoding).ask(task, turns)
    if isinstance(outcome, NoAnswer):
        return agent.failed(task, outcome)
    truncated = outcome.finish == "length"
    if not outcome.text.strip() and not truncated:
        return agent.empty(task, outcome, "the model wrote nothing")
    fault: Literal["", "truncated"] = "truncated" if truncated else ""
    text = _TWICE.sub(r"\1\2\n", outcome.text)
    return Answered(**agent.head(task, outcome), text=text, reasoning=outcome.reasoning, fault=fault)
