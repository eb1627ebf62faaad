"""The instancer: inputs and outputs of a task (Self-Instruct, section 2.2, third step).

Input first as a rule. Of a classification the label comes first and the input after it: who begins with the input
writes inputs of one label only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..agent import call_of, failed
from ..contract import mark, quoted, schema, tag_for
from ..gateway.outcomes import Answer, NoAnswer, Outcome
from ..gateway.requests import Turn
from ..messages import Failed
from ..reading import between_tags, fault_of, json_object, one_line, opened_by
from ..seated import Framed
from .asking import Instances, InstanceTask, Pair
from .blocks import instances_in, instances_of

__all__ = ["Instancer"]

_NAME = "make-self-instruct"
_TAG = "instances"
_SHORT = 24  # characters that a text may have in common with the prompt by chance


def _schema(*names: str) -> str:
    item = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": list(names),
            "additionalProperties": False}  # fmt: skip
    return schema(instances={"type": "array", "items": item})


_INPUT_FIRST, _OUTPUT_FIRST = _schema("input", "output"), _schema("output", "input")


@dataclass(frozen=True, slots=True)
class Instancer(Framed):
    """Makes instances of a task."""

    async def __call__(self, task: InstanceTask) -> Instances | Failed:
        """Instances as they stand in the answer; none at all is an unreadable answer."""
        if task.draw.form == "completion":
            outcome = await self._continue(task)
        else:
            outcome = await self._chat(task)
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        pairs, copied = self._own(task, self._read(task, outcome))
        return Instances(
            id=f"{task.id}/reply", parent=task.id, pairs=pairs, raw=outcome.text,
            fault=fault_of(outcome, readable=bool(pairs or copied)),
            truncated=outcome.finish == "length", copied=copied,
            calls=(call_of(self.role, outcome),),
        )  # fmt: skip

    async def _chat(self, task: InstanceTask) -> Outcome:
        name, get = _named(task), self.prompts.get
        form = get(f"{name}-{self.output_form}", task.language)
        tag = tag_for(_TAG, self.secret, task.instruction)
        ask = get(f"{name}-ask", task.language).fill(
            task=quoted("TASK", mark(self.secret, task.instruction), task.instruction), count=str(task.count),
            form=form.fill(tag=tag) if self.output_form == "tags" else form.fill(),
        )  # fmt: skip
        turns = (Turn("system", get(name, task.language).fill()), Turn("user", ask))
        held = (_OUTPUT_FIRST if task.labels_first else _INPUT_FIRST) if self.output_form == "json" else None
        return await task.draw.seated(self.seat).ask(task, turns, json_schema=held)

    async def _continue(self, task: InstanceTask) -> Outcome:
        text = self.prompts.get(f"{_named(task)}-raw", task.language).fill(task=one_line(task.instruction))
        stop = (f"Example {task.count + 1}", "Task:")
        return await task.draw.seated(self.seat, stop).plain(task, text, "completion")

    def _own(self, task: InstanceTask, pairs: tuple[Pair, ...]) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
        """Instances of the model's own, and those that stand in what it was told."""
        name = _named(task)
        kinds = ("-raw",) if task.draw.form == "completion" else ("", f"-{self.output_form}")
        told = "\n".join(self.prompts.get(f"{name}{kind}", task.language).text for kind in kinds)
        copied = tuple(pair for pair in pairs if any(_copied(text, told) for text in (pair.input, pair.output)))
        return tuple(pair for pair in pairs if pair not in copied), copied

    def _read(self, task: InstanceTask, answer: Answer) -> tuple[Pair, ...]:
        if task.draw.form == "completion":
            return tuple(instances_in(answer.text, labels_first=task.labels_first))
        if self.output_form == "json":
            return tuple(instances_of((json_object(answer.text, _TAG) or {}).get(_TAG)))
        tag = tag_for(_TAG, self.secret, task.instruction)
        text = between_tags(answer.text, tag) or opened_by(answer.text, tag) or ""
        return tuple(instances_in(text, labels_first=task.labels_first))


def _copied(text: str, told: str) -> bool:
    """Whether a text is a place holder, or a longer one stands in the prompt (labels and words are short)."""
    text = text.strip()
    return re.fullmatch(r"\[[^\W\d_][^\[\],]* [^\[\],]*\]", text) is not None or (len(text) > _SHORT and text in told)


def _named(task: InstanceTask) -> str:
    return f"{_NAME}-{'output' if task.labels_first else 'input'}-first"
