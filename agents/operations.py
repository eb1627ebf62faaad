"""The agents of Evol-Instruct: one operation on one instruction, and whether anything was gained by it.

WizardLM (arXiv 2304.12244) draws an operation for each instruction and round; WizardCoder (2306.08568) and WizardMath
(2308.09583) have sets of their own. Each operation is a prompt `make-evol-instruct-<operation>`, in our words.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from ..prompts import Prompts
from .agent import Seat, call_of, failed
from .contract import mark, quoted, read_text, schema, tag_for
from .gateway.outcomes import NoAnswer
from .gateway.requests import Turn
from .messages import Evolved, Failed, Instruction, Reply, Task
from .reading import between_tags, cut_off, fault_of, json_object, labelled_blocks, tidy
from .seated import Framed

__all__ = ["Compared", "Comparer", "GainTask", "OperationTask", "Operator", "told_by"]

_TAG, _VERDICT = "new_text", "verdict"
_SCHEMA = schema(plan={"type": "string"}, new_text={"type": "string"})
_GAIN_SCHEMA = schema(added={"type": "string"}, gain={"type": "string", "enum": ["yes", "no", "unsure"]})
_GAINS = {"yes": True, "no": False, "是": True, "否": False}


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


@dataclass(frozen=True, slots=True)
class Operator(Framed):
    """Applies one operation to one instruction."""

    async def __call__(self, task: OperationTask) -> Evolved | Failed:
        """The new instruction; `text` is None where the form was not kept, or only our own words came back."""
        texts = _shown(task.instruction)
        tag = tag_for(_TAG, self.secret, *texts)
        sign = mark(self.secret, *texts)
        outcome = await self._seat(task).ask(
            task, self._turns(task, tag, sign), json_schema=_SCHEMA if self.output_form == "json" else None
        )
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        cut = self.output_form == "tags" and cut_off(outcome, tag)
        text = None if cut else self._read(outcome.text, tag, sign, task)
        return Evolved(
            id=f"{task.id}/reply", parent=task.id, text=text, raw=outcome.text,
            fault=fault_of(outcome, readable=text is not None), calls=(call_of(self.role, outcome),),
        )  # fmt: skip

    def _seat(self, task: OperationTask) -> Seat:
        own = self.seat.decoding
        temperature = own.temperature if task.temperature is None else task.temperature
        top_p = own.top_p if task.top_p is None else task.top_p
        return replace(self.seat, decoding=replace(own, temperature=temperature, top_p=top_p))

    def _turns(self, task: OperationTask, tag: str, sign: str) -> tuple[Turn, ...]:
        language, get = task.instruction.language, self.prompts.get
        before = _before(task.instruction)
        data = quoted("BEFORE", sign, before) + "\n" if before else ""
        ask = get("make-evol-instruct-ask", language).fill(
            data=data + quoted("TEXT", sign, task.instruction.text),
            operation=told_by(task.operation, language, self.prompts), form=self._form(tag, language),
        )  # fmt: skip
        return Turn("system", get("make-evol-instruct", language).fill()), Turn("user", ask)

    def _form(self, tag: str, language: str) -> str:
        form = self.prompts.get(f"make-evol-instruct-form-{self.output_form}", language)
        return form.fill(tag=tag) if self.output_form == "tags" else form.fill()

    def _read(self, answer: str, tag: str, sign: str, task: OperationTask) -> str | None:
        text = read_text(answer, self.output_form, tag)
        if text is None:
            return None
        for frame in (f"<<<TEXT {sign}", f"TEXT {sign}>>>"):
            text = text.removeprefix(frame).removesuffix(frame).strip()
        text = tidy(text) or ""
        return None if not text or sign in text or text in self._form(tag, task.instruction.language) else text


@dataclass(frozen=True, slots=True)
class Comparer(Framed):
    """Says whether a new instruction gains anything over its parent: the first elimination rule of WizardLM."""

    async def __call__(self, task: GainTask) -> Compared | Failed:
        """Compare one pair; an answer without the word is an abstention."""
        texts = (task.before.text, task.after.text)
        tag, sign = tag_for(_VERDICT, self.secret, *texts), mark(self.secret, *texts)
        language, get = task.after.language, self.prompts.get
        form = get(f"make-gain-{self.output_form}", language)
        ask = get("make-gain-ask", language).fill(
            first=quoted("A", sign, texts[0]), second=quoted("B", sign, texts[1]),
            form=form.fill(tag=tag) if self.output_form == "tags" else form.fill(),
        )  # fmt: skip
        turns = (Turn("system", get("make-gain", language).fill()), Turn("user", ask))
        outcome = await self.seat.ask(task, turns, json_schema=_GAIN_SCHEMA if self.output_form == "json" else None)
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        gain, why = self._read(outcome.text, tag)
        return Compared(
            id=f"{task.id}/reply", parent=task.id, gain=gain, why=why,
            fault=fault_of(outcome, readable=gain is not None), calls=(call_of(self.role, outcome),),
        )  # fmt: skip

    def _read(self, answer: str, tag: str) -> tuple[bool | None, str]:
        if self.output_form == "json":
            value = json_object(answer, "gain") or {}
            word, why = str(value.get("gain", "")), str(value.get("added", ""))
        else:
            blocks = labelled_blocks(between_tags(answer, tag) or "", {"added": "added", "gain": "gain"}, "")
            last = blocks[-1] if blocks else {}
            word, why = last.get("gain", ""), last.get("added", "")
        return _GAINS.get(word.strip(" \t[].。*\"'").casefold()), why


def _before(instruction: Instruction) -> str:
    """System prompt and earlier turns: shown, so that a follow-up can be understood, and not rewritten."""
    lines = [f"system: {instruction.system}"] if instruction.system else []
    return "\n".join([*lines, *(f"{turn.speaker}: {turn.text}" for turn in instruction.context)])


def _shown(instruction: Instruction) -> tuple[str, ...]:
    return (instruction.text, _before(instruction))
