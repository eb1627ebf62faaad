"""The agents of Evol-Instruct: one operation on one instruction, and whether anything was gained by it.

WizardLM (arXiv 2304.12244) draws an operation for each instruction and round; WizardCoder (2306.08568) and WizardMath
(2308.09583) have sets of their own. Each operation is a prompt `make-evol-instruct-<operation>`, in our words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ..prompts import Prompts
from .agent import drawn
from .contract import EVOLVED_SCHEMA, own_words, quoted, read_text, said_before
from .gateway.outcomes import NoAnswer, Outcome
from .gateway.requests import Turn
from .messages import Evolved, Failed, Instruction, Reply, Task
from .reading import fault_of, yes_or_no
from .schemas import TEXT, one_of, schema
from .seated import Framed

__all__ = ["Compared", "Comparer", "GainTask", "OperationTask", "Operator", "read_evolved", "told_by"]

_TAG, _VERDICT = "new_text", "verdict"
_FORM = "make-evol-instruct-form"
_SCHEMA = schema(added=TEXT, gain=one_of("yes", "no", "unsure"))


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationTask(Task):
    """To the evolver: make another instruction of this one by one operation; `temperature`, `top_p` draw it."""

    instruction: Instruction
    operation: str
    temperature: float | None = None
    top_p: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GainTask(Task):
    """To the judge: does the second text want anything that the first does not?"""

    before: Instruction
    after: Instruction


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared(Reply):
    """From the judge: whether the second wants anything else; None where it did not say so readably."""

    gain: bool | None
    why: str = ""
    fault: Literal["", "unreadable", "truncated"] = ""


def told_by(operation: str, language: str, prompts: Prompts) -> str:
    """What the evolver is told about an operation, so that a text can be held against it."""
    return prompts.get(f"make-evol-instruct-{operation}", language).fill()


def read_evolved(agent: Framed, task: Task, outcome: Outcome, *, tag: str, sign: str, form: str) -> Evolved | Failed:
    """The text that an agent wrote within `tag`, as a reply to `task`; None where it is only our own words."""
    if isinstance(outcome, NoAnswer):
        return agent.failed(task, outcome)
    said = None if agent.cut(outcome, tag) else read_text(outcome.text, agent.output_form, tag)
    text = own_words(said, sign, form)
    return Evolved(
        **agent.head(task, outcome), text=text, raw=outcome.text, fault=fault_of(outcome, readable=text is not None),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Operator(Framed):
    """Applies one operation to one instruction."""

    async def __call__(self, task: OperationTask) -> Evolved | Failed:
        """The new instruction; `text` is None where the form was not kept, or only our own words came back."""
        texts = (task.instruction.text, said_before(task.instruction))
        tag, sign, language = self.tag(_TAG, *texts), self.sign(*texts), task.instruction.language
        form = self.form(_FORM, language, tag=tag)
        decoding = drawn(self.seat.decoding, temperature=task.temperature, top_p=task.top_p)
        seat = replace(self.seat, decoding=decoding)
        outcome = await self.put(task, self._turns(task, sign, form), EVOLVED_SCHEMA, seat)
        return read_evolved(self, task, outcome, tag=tag, sign=sign, form=form)

    def _turns(self, task: OperationTask, sign: str, form: str) -> tuple[Turn, ...]:
        language, before = task.instruction.language, said_before(task.instruction)
        data = quoted("BEFORE", sign, before) + "\n" if before else ""
        return self.turns(
            "make-evol-instruct", language, data=data + quoted("TEXT", sign, task.instruction.text),
            operation=told_by(task.operation, language, self.prompts), form=form,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Comparer(Framed):
    """Says whether a new instruction gains anything over its parent: the first elimination rule of WizardLM."""

    async def __call__(self, task: GainTask) -> Compared | Failed:
        """Compare one pair; an answer without the word is an abstention."""
        texts = (task.before.text, task.after.text)
        tag, sign, language = self.tag(_VERDICT, *texts), self.sign(*texts), task.after.language
        turns = self.turns(
            "make-gain", language, first=quoted("A", sign, texts[0]), second=quoted("B", sign, texts[1]),
            form=self.form("make-gain", language, tag=tag),
        )  # fmt: skip
        outcome = await self.put(task, turns, _SCHEMA)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        said = self.fields(outcome, tag, ("added", "gain"), "gain")
        gain, why = yes_or_no(said.get("gain", "")), said.get("added", "")
        return Compared(
            **self.head(task, outcome), gain=gain, why=why,
            fault=fault_of(outcome, readable=gain is not None),
        )  # fmt: skip
