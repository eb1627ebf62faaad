"""The instancer: inputs and outputs of a task (Self-Instruct, section 2.2, third step).

Input first as a rule. Of a classification the label comes first and the input after it: who begins with the input
writes inputs of one label only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..gateway.outcomes import Answer, NoAnswer, Outcome
from ..messages import Failed
from ..reading import fault_of, inside, json_value, one_line
from ..schemas import TEXT, list_of, row_of, schema
from ..seated import Framed
from .asking import Instances, InstanceTask, Pair
from .blocks import instances_in, instances_of

__all__ = ["Instancer"]

_NAME = "make-self-instruct"
_TAG = "instances"
_SHORT = 24  # characters that a text may have in common with the prompt by chance


def _schema(*names: str) -> str:
    return schema(instances=list_of(row_of(**dict.fromkeys(names, TEXT))))


_INPUT_FIRST, _OUTPUT_FIRST = _schema("input", "output"), _schema("output", "input")


@dataclass(frozen=True, slots=True)
class Instancer(Framed):
    """Makes instances of a task."""

    async def __call__(self, task: InstanceTask) -> Instances | Failed:
        """Instances as they stand in the answer; none at all is an unreadable answer."""
        outcome = await (self._continue(task) if task.draw.form == "completion" else self._chat(task))
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        pairs, copied = self._own(task, self._read(task, outcome))
        return Instances(
            **self.head(task, outcome), pairs=pairs, raw=outcome.text,
            fault=fault_of(outcome, readable=bool(pairs or copied)),
            truncated=outcome.finish == "length", copied=copied,
        )  # fmt: skip

    async def _chat(self, task: InstanceTask) -> Outcome:
        name, language = _named(task), task.language
        turns = self.turns(
            name, language, task=self.data("TASK", task.instruction), count=str(task.count),
            form=self.form(name, language, tag=self.tag(_TAG, task.instruction)),
        )  # fmt: skip
        held = _OUTPUT_FIRST if task.labels_first else _INPUT_FIRST
        return await self.put(task, turns, held, task.draw.seated(self.seat))

    async def _continue(self, task: InstanceTask) -> Outcome:
        text = self.says(f"{_named(task)}-raw", task.language, task=one_line(task.instruction))
        stop = (f"Example {task.count + 1}", "Task:")
        return await task.draw.seated(self.seat, stop).plain(task, text, "completion")

    def _own(self, task: InstanceTask, pairs: tuple[Pair, ...]) -> tuple[tuple[Pair, ...], tuple[Pair, ...]]:
        """Instances of the model's own, and those that stand in what it was told.

        An input of its own under a copied output is kept without the output: who answers anew misses nothing.
        """
        name = _named(task)
        kinds = ("-raw",) if task.draw.form == "completion" else ("", f"-{self.output_form}")
        told = "\n".join(self.prompts.get(f"{name}{kind}", task.language).text for kind in kinds)
        if not task.labels_first:
            pairs = tuple(Pair(pair.input, "") if _copied(pair.output, told) else pair for pair in pairs)
        copied = tuple(pair for pair in pairs if any(_copied(text, told) for text in (pair.input, pair.output)))
        return tuple(pair for pair in pairs if pair not in copied), copied

    def _read(self, task: InstanceTask, answer: Answer) -> tuple[Pair, ...]:
        if task.draw.form == "completion":
            return tuple(instances_in(answer.text, labels_first=task.labels_first))
        if self.output_form == "json":
            return tuple(instances_of(json_value(answer.text, _TAG)))
        text = inside(answer.text, self.tag(_TAG, task.instruction))
        return tuple(instances_in(text, labels_first=task.labels_first))


def _copied(text: str, told: str) -> bool:
    """Whether a text is a place holder, or a longer one stands in the prompt (labels and words are short)."""
    text = text.strip()
    return re.fullmatch(r"\[[^\W\d_][^\[\],]* [^\[\],]*\]", text) is not None or (len(text) > _SHORT and text in told)


def _named(task: InstanceTask) -> str:
    return f"{_NAME}-{'output' if task.labels_first else 'input'}-first"
