"""The responder: answers an instruction in the form that the person chose."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from ..prompts import Prompts
from .agent import drawn
from .gateway.outcomes import NoAnswer
from .gateway.requests import Turn
from .messages import Answered, AnswerTask, Failed, Instruction
from .seated import Seated

__all__ = ["Responder", "ResponderForm"]

ResponderForm = Literal["direct", "step-by-step", "scratchpad", "own"]

_SCRATCHPAD = re.compile(r"\s*<\s*scratchpad\s*>(.*?)(?:<\s*/\s*scratchpad\s*>(.*)|\Z)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Responder(Seated):
    """Answers one instruction. What the seed's system prompt and earlier turns say stays in force: they are real turns.

    Args:
        seat: where its calls go.
        form: how the answer is written.
        own: what is said instead of a shipped form, where `form` is `own`; used as it is, not as a template.
        prompts: what it is told.
    """

    form: ResponderForm
    own: str
    prompts: Prompts

    async def __call__(self, task: AnswerTask) -> Answered | Failed:
        """Answer one instruction. The trace of a reasoning model and the scratchpad go to `reasoning`."""
        if task.given is not None:
            return Answered(id=f"{task.id}/reply", parent=task.id, text=task.given)
        decoding = drawn(self.seat.decoding, temperature=task.temperature)
        outcome = await replace(self.seat, decoding=decoding).ask(task, self._turns(task.instruction))
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        text, scratch = _apart(outcome.text) if self.form == "scratchpad" else (outcome.text, "")
        truncated = outcome.finish == "length"
        if not text.strip() and not truncated:
            return self.empty(task, outcome, "the model wrote nothing for the reader")
        reasoning = "\n\n".join(part for part in (outcome.reasoning, scratch) if part)
        fault: Literal["", "truncated"] = "truncated" if truncated else ""
        return Answered(**self.head(task, outcome), text=text, reasoning=reasoning, fault=fault)

    def _turns(self, instruction: Instruction) -> tuple[Turn, ...]:
        form = self.own if self.form == "own" else self._shipped(instruction.language)
        system = "\n\n".join(part for part in (instruction.system, form.strip()) if part)
        start = (Turn("system", system),) if system else ()
        return (*start, *instruction.context, Turn("user", instruction.text))

    def _shipped(self, language: str) -> str:
        return self.prompts.get(f"responder-{self.form}", language).fill()


def _apart(text: str) -> tuple[str, str]:
    """What the reader sees, and the scratchpad before it; a scratchpad that was never closed leaves nothing to see."""
    match = _SCRATCHPAD.match(text)
    return ((match[2] or "").strip(), match[1].strip()) if match else (text, "")
