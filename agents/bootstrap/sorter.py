"""The sorter: whether the output of a task is one of a few labels (Self-Instruct, section 2.2, second step)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from ..agent import call_of, failed
from ..contract import mark, quoted, schema, tag_for
from ..gateway.outcomes import NoAnswer, Outcome
from ..gateway.requests import Turn
from ..messages import Failed
from ..reading import between_tags, json_object, one_line
from ..seated import Framed
from .asking import Sorted, SortTask

__all__ = ["Sorter"]

_NAME = "make-self-instruct-sort"
_TAG = "classification"
_SCHEMA = schema(classification={"type": "string", "enum": ["no", "yes"]})
_SAID = re.compile(r"[\W_]*(?:(yes|是(?!否|不是))|(no|否|不是))(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sorter(Framed):
    """Says of a task whether it is a classification."""

    async def __call__(self, task: SortTask) -> Sorted | Failed:
        """Yes, no, or None for an answer that is neither."""
        examples = self.prompts.get(f"{_NAME}-examples", task.language).fill()
        if task.draw.form == "completion":
            outcome = await self._continue(task, examples)
        else:
            outcome = await self._chat(task, examples)
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        return Sorted(
            id=f"{task.id}/reply", parent=task.id, classification=self._read(task, outcome.text), raw=outcome.text,
            calls=(call_of(self.role, outcome),),
        )  # fmt: skip

    async def _chat(self, task: SortTask, examples: str) -> Outcome:
        """The examples as earlier turns: small models that take the first of two offered words tell them apart so."""
        get = self.prompts.get
        form = get(f"{_NAME}-{self.output_form}", task.language)
        tag = tag_for(_TAG, self.secret, task.instruction)
        told = get(_NAME, task.language).fill(form=form.fill(tag=tag) if self.output_form == "tags" else form.fill())
        ask = get(f"{_NAME}-ask", task.language).fill(
            task=quoted("TASK", mark(self.secret, task.instruction), task.instruction)
        )
        shown = [turn for example in examples.split("\n\n") for turn in self._turns(example, tag)]
        held = _SCHEMA if self.output_form == "json" else None
        return await task.draw.seated(self.seat).ask(
            task, (Turn("system", told), *shown, Turn("user", ask)), json_schema=held
        )

    def _turns(self, example: str, tag: str) -> tuple[Turn, Turn]:
        """An example of the file (the question, its last word the answer) as question and answer in a chat."""
        question, _, word = example.strip().rpartition(" ")
        said = f"<{tag}>{word.lower()}</{tag}>"
        if self.output_form == "json":
            said = json.dumps({_TAG: word.lower()})
        return Turn("user", question), Turn("assistant", said)

    async def _continue(self, task: SortTask, examples: str) -> Outcome:
        text = self.prompts.get(f"{_NAME}-raw", task.language).fill(examples=examples, task=one_line(task.instruction))
        return await task.draw.seated(self.seat, ("\n", "Task:")).plain(task, text, "completion")

    def _read(self, task: SortTask, text: str) -> bool | None:
        if task.draw.form == "chat":
            if self.output_form == "json":
                text = str((json_object(text, _TAG) or {}).get(_TAG, ""))
            else:
                text = between_tags(text, tag_for(_TAG, self.secret, task.instruction)) or ""
        said = _SAID.match(text)
        return said[1] is not None if said else None
