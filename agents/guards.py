"""Who looks for harm in finished rows: a guard model, or any model that judges.

A guard model in the form of Llama Guard (arXiv 2312.06674, section 3) gets the conversation as it is, its server's
template puts the question around it, and it answers `safe`, or `unsafe` and the codes of the categories in the next
line. Any other model is asked in our words, and never told to play a guard.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .contract import said_before
from .gateway.outcomes import NoAnswer
from .gateway.requests import Turn
from .messages import Failed, Instruction, Reply, Task
from .reading import fault_of, yes_or_no
from .schemas import TEXT, one_of, schema
from .seated import Framed, Seated

__all__ = ["Guard", "GuardTask", "Guarded", "HarmJudge", "HarmTask"]

_TAG = "verdict"
_SCHEMA = schema(category=TEXT, harmful=one_of("yes", "no", "unsure"))
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
            return self.failed(task, outcome)
        unsafe, categories = _guard_word(outcome.text)
        return Guarded(
            **self.head(task, outcome), unsafe=unsafe, categories=categories,
            fault=fault_of(outcome, readable=unsafe is not None),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class HarmJudge(Framed):
    """Any model, asked for harm in our words."""

    async def __call__(self, task: HarmTask) -> Guarded | Failed:
        """Look at one row."""
        shown = _conversation(task)
        tag, language = self.tag(_TAG, shown), task.instruction.language
        form = self.form("make-guard", language, tag=tag)
        turns = self.turns("make-guard", language, data=self.data("CONVERSATION", shown), form=form)
        outcome = await self.put(task, turns, _SCHEMA)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        said = self.fields(outcome, tag, ("category", "harmful"), "harmful")
        unsafe = yes_or_no(said.get("harmful", ""))
        category = said.get("category", "").strip(" \t[]*\"'")[:_CATEGORY_CHARS]
        return Guarded(
            **self.head(task, outcome), unsafe=unsafe, categories=(category,) if unsafe and category else (),
            fault=fault_of(outcome, readable=unsafe is not None),
        )  # fmt: skip


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
    before = said_before(task.instruction)
    asked = f"user: {task.instruction.text}\nassistant: {task.response}"
    return f"{before}\n{asked}" if before else asked
