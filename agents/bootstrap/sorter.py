"""The sorter: whether the output of a task is one of a few labels (Self-Instruct, section 2.2, second step)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from ..gateway.outcomes import NoAnswer, Outcome
from ..gateway.requests import Turn
from ..messages import Failed
from ..reading import between_tags, json_value, one_line
from ..schemas import one_of, schema
from ..seated import Framed
from .asking import Sorted, SortTask

__all__ = ["Sorter"]

_NAME = "make-self-instruct-sort"
_TAG = "classification"
_SCHEMA = schema(classification=one_of("no", "yes"))
_SAID = re.compile(r"[\W_]*(?:(yes|是(?!否|不是))|(no|否|不是))(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sorter(Framed):
    """Says of a task whether it is a classification."""

    async def __call__(self, task: SortTask) -> Sorted | Failed:
        """Yes, no, or None for an answer that is neither."""
        examples = self.says(f"{_NAME}-examples", task.language)
        asked = self._continue if task.draw.form == "completion" else self._chat
        outcome = await asked(task, examples)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        return Sorted(**self.head(task, outcome), classification=self._read(task, outcome.text), raw=outcome.text)

    async def _chat(self, task: SortTask, examples: str) -> Outcome:
        """The examples as earlier turns: small models that take the first of two offered words tell them apart so."""
        tag = self.tag(_TAG, task.instruction)
        told = self.says(_NAME, task.language, form=self.form(_NAME, task.language, tag=tag))
        ask = self.says(f"{_NAME}-ask", task.language, task=self.data("TASK", task.instruction))
        shown = [turn for example in examples.split("\n\n") for turn in self._turns(example, tag)]
        turns = (Turn("system", told), *shown, Turn("user", ask))
        return await self.put(task, turns, _SCHEMA, task.draw.seated(self.seat))

    def _turns(self, example: str, tag: str) -> tuple[Turn, Turn]:
        """An example of the file (the question, its last word the answer) as question and answer in a chat."""
        question, _, word = example.strip().rpartition(" ")
        said = f"<{tag}>{word.lower()}</{tag}>"
        if self.output_form == "json":
            said = json.dumps({_TAG: word.lower()})
        return Turn("user", question), Turn("assistant", said)

    async def _continue(self, task: SortTask, examples: str) -> Outcome:
        text = self.says(f"{_NAME}-raw", task.language, examples=examples, task=one_line(task.instruction))
        return await task.draw.seated(self.seat, ("\n", "Task:")).plain(task, text, "completion")

    def _read(self, task: SortTask, text: str) -> bool | None:
        if task.draw.form == "chat":
            if self.output_form == "json":
                text = str(json_value(text, _TAG) or "")
            else:
                text = between_tags(text, self.tag(_TAG, task.instruction)) or ""
        said = _SAID.match(text)
        return said[1] is not None if said else None
