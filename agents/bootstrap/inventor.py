"""The inventor: thinks up new tasks after eight that it is shown (Self-Instruct, section 2.2), or three (Alpaca)."""

from __future__ import annotations

from dataclasses import dataclass

from ..agent import call_of, failed
from ..contract import mark, quoted, schema, tag_for
from ..gateway.outcomes import Answer, NoAnswer, Outcome
from ..gateway.requests import Turn
from ..messages import Failed
from ..reading import between_tags, fault_of, json_object, one_line, opened_by
from ..seated import Framed
from .asking import Invented, InventTask, Thought
from .blocks import listed, tasks_in, tasks_of

__all__ = ["Inventor"]

_NAME = "make-self-instruct"
_TAG = "tasks"
_LIST = schema(tasks={"type": "array", "items": {"type": "string"}})
_WHOLE = schema(tasks={"type": "array", "items": {
    "type": "object",
    "properties": {name: {"type": "string"} for name in ("instruction", "input", "output")},
    "required": ["instruction", "input", "output"], "additionalProperties": False,
}})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Inventor(Framed):
    """Thinks up tasks."""

    async def __call__(self, task: InventTask) -> Invented | Failed:
        """New tasks; none at all is an unreadable answer."""
        shown = "\n".join(_shown(number, thought, whole=task.whole) for number, thought in enumerate(task.shown, 1))
        if task.draw.form == "completion":
            outcome = await self._continue(task, shown)
        else:
            outcome = await self._chat(task, shown)
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        thoughts = self._read(task, outcome, shown)
        return Invented(
            id=f"{task.id}/reply", parent=task.id, thoughts=thoughts, raw=outcome.text,
            fault=fault_of(outcome, readable=bool(thoughts)), truncated=outcome.finish == "length",
            calls=(call_of(self.role, outcome),),
        )  # fmt: skip

    async def _chat(self, task: InventTask, shown: str) -> Outcome:
        name = f"{_NAME}-{'whole' if task.whole else 'invent'}"
        tag = tag_for(_TAG, self.secret, shown)
        form = self.prompts.get(f"{name}-{self.output_form}", task.language)
        said = form.fill(tag=tag) if self.output_form == "tags" else form.fill()
        ask = self.prompts.get(f"{name}-ask", task.language).fill(
            tasks=quoted("TASKS", mark(self.secret, shown), shown), count=str(task.count), form=said
        )
        turns = (Turn("system", self.prompts.get(name, task.language).fill()), Turn("user", ask))
        held = (_WHOLE if task.whole else _LIST) if self.output_form == "json" else None
        return await task.draw.seated(self.seat).ask(task, turns, json_schema=held)

    async def _continue(self, task: InventTask, shown: str) -> Outcome:
        """A numbered list that breaks off after the next number; it ends where more than enough are there."""
        following, last = len(task.shown) + 1, len(task.shown) + task.count
        name = f"{_NAME}-{'whole' if task.whole else 'invent'}-raw"
        head = self.prompts.get(name, task.language).fill(count=str(last))
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
            return tuple(tasks_of((json_object(answer.text, _TAG) or {}).get(_TAG)))
        tag = tag_for(_TAG, self.secret, shown)
        # A list that was cut is read as far as it goes; who asked decides what becomes of its last item.
        text = between_tags(answer.text, tag) or opened_by(answer.text, tag) or ""
        return tuple(tasks_in(text) if task.whole else map(Thought, listed(text)))


def _shown(number: int, thought: Thought, *, whole: bool) -> str:
    """A task as it stands in the list: in one line, without a colon at its end."""
    text = one_line(thought.instruction).rstrip(":：")
    if not whole or thought.instance is None:
        return f"{number}. {text}"
    given = thought.instance.input or "<noinput>"
    return f"{number}. Instruction: {text}\nInput:\n{given}\nOutput:\n{thought.instance.output}\n###"
