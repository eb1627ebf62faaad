"""Who looks for harm in finished rows: a guard model, or any model that judges.

A guard model in the form of Llama Guard (arXiv 2312.06674, section 3) gets the conversation as it is, its server's
template puts the question around it, and it answers `safe`, or `unsafe` and the codes of the categories in the next
line. Any other model is asked in our words, and never told to play a guard.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .agent import call_of, failed
from .contract import mark, quoted, schema, tag_for
from .gateway.outcomes import NoAnswer
from .gateway.requests import Turn
from .messages import Failed, Instruction, Reply, Task
from .reading import between_tags, fault_of, json_object, labelled_blocks
from .seated import Framed, Seated

__all__ = ["Guard", "GuardTask", "Guarded", "HarmJudge", "HarmTask"]

_TAG = "verdict"
_SCHEMA = schema(category={"type": "string"}, harmful={"type": "string", "enum": ["yes", "no", "unsure"]})
_WORDS = {"yes": True, "no": False, "是": True, "否": False}
_CODE = re.compile(r"[A-Z]\d{1,2}")
_CATEGORY_CHARS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardTask(Task):
    """To a guard model: is this instruction, with its response, safe?"""

    instruction: Instruction
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmTask(GuardTask):
    """The same to the judge."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded(Reply):
    """From guard or judge. `unsafe` is None where it did not say so readably; `categories` in its own words."""

    unsafe: bool | None
    categories: tuple[str, ...] = ()
    fault: Literal["", "unreadable", "truncated"] = ""


@dataclass(frozen=True, slots=True)
class Guard(Seated):
    """A guard model. The system prompt of a row is not shown to it: guard templates know two speakers."""

    async def __call__(self, task: GuardTask) -> Guarded | Failed:
        """Look at one row."""
        turns = (*task.instruction.context, Turn("user", task.instruction.text), Turn("assistant", task.response))
        outcome = await self.seat.ask(task, turns)
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        unsafe, categories = _guard_word(outcome.text)
        return Guarded(
            id=f"{task.id}/reply", parent=task.id, unsafe=unsafe, categories=categories,
            fault=fault_of(outcome, readable=unsafe is not None), calls=(call_of(self.role, outcome),),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class HarmJudge(Framed):
    """Any model, asked for harm in our words."""

    async def __call__(self, task: HarmTask) -> Guarded | Failed:
        """Look at one row."""
        shown = _conversation(task)
        tag, language, get = tag_for(_TAG, self.secret, shown), task.instruction.language, self.prompts.get
        form = get(f"make-guard-{self.output_form}", language)
        ask = get("make-guard-ask", language).fill(
            data=quoted("CONVERSATION", mark(self.secret, shown), shown),
            form=form.fill(tag=tag) if self.output_form == "tags" else form.fill(),
        )
        turns = (Turn("system", get("make-guard", language).fill()), Turn("user", ask))
        outcome = await self.seat.ask(task, turns, json_schema=_SCHEMA if self.output_form == "json" else None)
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        unsafe, category = self._read(outcome.text, tag)
        return Guarded(
            id=f"{task.id}/reply", parent=task.id, unsafe=unsafe, categories=(category,) if unsafe and category else (),
            fault=fault_of(outcome, readable=unsafe is not None), calls=(call_of(self.role, outcome),),
        )  # fmt: skip

    def _read(self, answer: str, tag: str) -> tuple[bool | None, str]:
        if self.output_form == "json":
            value = json_object(answer, "harmful") or {}
            fields = {name: str(value.get(name, "")) for name in ("harmful", "category")}
        else:
            labels = {"category": "category", "harmful": "harmful"}
            blocks = labelled_blocks(between_tags(answer, tag) or "", labels, "")
            fields = blocks[-1] if blocks else {}
        word = fields.get("harmful", "").strip(" \t[].。*\"'").casefold()
        return _WORDS.get(word), fields.get("category", "").strip(" \t[]*\"'")[:_CATEGORY_CHARS]


def _guard_word(text: str) -> tuple[bool | None, tuple[str, ...]]:
    """The verdict of a guard model: `safe`, or `unsafe` with category codes behind it or in the next line."""
    first, _, rest = text.strip().partition("\n")
    word, _, behind = first.strip().casefold().partition(" ")
    if word == "safe":
        return False, ()
    if word == "unsafe":
        return True, tuple(dict.fromkeys(_CODE.findall(f"{behind.upper()} {rest}")))
    return None, ()


def _conversation(task: GuardTask) -> str:
    asked = task.instruction
    before = [f"system: {asked.system}"] if asked.system else []
    before += [f"{turn.speaker}: {turn.text}" for turn in asked.context]
    return "\n".join([*before, f"user: {asked.text}", f"assistant: {task.response}"])
