"""The inventor: thinks up new tasks after eight that it is shown (Self-Instruct, section 2.2), or three (Alpaca)."""

from __future__ import annotations

from dataclasses import dataclass

from ..gateway.outcomes import Answer, NoAnswer, Outcome
from ..messages import Failed
from ..reading import fault_of, inside, json_value, one_line
from ..schemas import TEXT, list_of, row_of, schema
from ..seated import Framed
from .asking import Invented, InventTask, Thought
from .blocks import listed, tasks_in, tasks_of

__all__ = ["Inventor"]

_NAME = "make-self-instruct"
_TAG = "tasks"
_LIST = schema(tasks=list_of(TEXT))
_WHOLE = schema(tasks=list_of(row_of(instruction=TEXT, input=TEXT, output=TEXT)))


@dataclass(frozen=True, slots=True)
class Inventor(Framed):
    """Thinks up tasks."""

    async def __call__(self, task: InventTask) -> Invented | Failed:
        """New tasks; none at all is an unreadable answer."""
        shown = "\n".join(_shown(number, thought, whole=task.whole) for number, thought in enumerate(task.shown, 1))
        outcome = await (self._continue(task, shown) if task.draw.form == "completion" else self._chat(task, shown))
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        thoughts = self._read(task, outcome, shown)
        return Invented(
            **self.head(task, outcome), thoughts=thoughts, raw=outcome.text,
            fault=fault_of(outcome, readable=bool(thoughts)), truncated=outcome.finish == "length",
        )  # fmt: skip

    async def _chat(self, task: InventTask, shown: str) -> Outcome:
        name, language = _named(task), task.language
        turns = self.turns(
            name, language, tasks=self.data("TASKS", shown), count=str(task.count),
            form=self.form(name, language, tag=self.tag(_TAG, shown)),
        )  # fmt: skip
        return await self.put(task, turns, _WHOLE if task.whole else _LIST, task.draw.seated(self.seat))

    async def _continue(self, task: InventTask, shown: str) -> Outcome:
        """A numbered list that breaks off after the next number; it ends where more than enough are there."""
        following, last = len(task.shown) + 1, len(task.shown) + task.count
        head = self.says(f"{_named(task)}-raw", task.language, count=str(last))
        text = f"{head}\n\n{shown}\n{following}." + (" Instruction:" if task.whole else "")
        stop = (f"\n{last + 1}.", f"\n{last + 1} .") if task.whole else ("\n\n", f"\n{last + 1}.", f"\n{last + 1} .")
        seat = task.draw.seated(self.seat, stop)
        return await seat.plain(task, text, "completion")

    def _read(self, task: InventTask, answer: Answer, shown: str) -> tuple[Thought, ...]:
        if task.draw.form == "completion":
            first = len(task.shown) + 1
            return tuple(
                tasks_in(answer.text, first) if task.whole else map(Thought, listed(answer.text, first))
            )[: task.count]  # fmt: skip
        if self.output_form == "json":
            return tuple(tasks_of(json_value(answer.text, _TAG)))
        # A list that was cut is read as far as it goes; who asked decides what becomes of its last item.
        text = inside(answer.text, self.tag(_TAG, shown))
        return tuple(tasks_in(text) if task.whole else map(Thought, listed(text)))


def _named(task: InventTask) -> str:
    return f"{_NAME}-{'whole' if task.whole else 'invent'}"


def _shown(number: int, thought: Thought, *, whole: bool) -> str:
    """A task as it stands in the list: in one line, without a colon at its end."""
    text = one_line(thought.instruction).rstrip(":：")
    if not whole or thought.instance is None:
        return f"{number}. {text}"
    given = thought.instance.input or "<noinput>"
    return f"{number}. Instruction: {text}\nInput:\n{given}\nOutput:\n{thought.instance.output}\n###"
