"""The rewarder: one number for how good an answer is, from a reward model, or from a judge that stands in for one.

A judge's mark from 1 to 10 by a rubric is no reward: it is on another scale, and has many ties. Whoever takes it says
so in every row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .agent import call_of, failed
from .contract import mark, quoted, schema, tag_for
from .gateway.outcomes import Answer, NoAnswer
from .gateway.requests import Request, Turn
from .messages import Failed, Reply, Task
from .reading import between_tags, cut_off, fault_of, json_object, labelled_blocks, one_line
from .seated import Framed, Seated

__all__ = ["RateTask", "Rater", "RewardTask", "Rewarded", "Rewarder"]

_TAG = "rating"
_SCHEMA = schema(reason={"type": "string"}, mark={"type": "integer", "minimum": 1, "maximum": 10})
_MARK = re.compile(r"\D{0,3}(10|[1-9])(?:\.0)?\s*(?:/\s*10)?\W*")
_CHARS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardTask(Task):
    """To the rewarder: the reward of a chat that ends in an answer; a single turn is that chat as bare text."""

    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTask(Task):
    """To a judge that stands in for a reward model: how good is this answer?"""

    instruction: str
    response: str
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewarded(Reply):
    """From the rewarder: the number, None where none could be read; and why, where it says so."""

    value: float | None
    why: str = ""
    fault: Literal["", "unreadable", "truncated"] = ""


@dataclass(frozen=True, slots=True)
class Rewarder(Seated):
    """Asks a reward model."""

    async def __call__(self, task: RewardTask) -> Rewarded | Failed:
        """The reward of one chat."""
        seat = self.seat
        outcome = await seat.door.ask(
            Request(
                seat.endpoint, seat.model, task.turns, seat.decoding, task.sample, seat.role, task.id, task.stage,
                form="reward",
            )
        )  # fmt: skip
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        return Rewarded(
            id=f"{task.id}/reply", parent=task.id, value=outcome.vector[0] if outcome.vector else None,
            fault="" if outcome.vector else "unreadable", calls=(call_of(self.role, outcome),),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rater(Framed):
    """Marks an answer by a rubric, in the place of a reward model."""

    async def __call__(self, task: RateTask) -> Rewarded | Failed:
        """A mark from 1 to 10."""
        get, texts = self.prompts.get, (task.instruction, task.response)
        sign, tag = mark(self.secret, *texts), tag_for(_TAG, self.secret, *texts)
        form = get(f"make-rewarder-{self.output_form}", task.language)
        ask = get("make-rewarder-ask", task.language).fill(
            instruction=quoted("QUESTION", sign, task.instruction), response=quoted("ANSWER", sign, task.response),
            form=form.fill(tag=tag) if self.output_form == "tags" else form.fill(),
        )  # fmt: skip
        turns = Turn("system", get("make-rewarder", task.language).fill()), Turn("user", ask)
        outcome = await self.seat.ask(task, turns, json_schema=_SCHEMA if self.output_form == "json" else None)
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        value, why = self._read(outcome, tag)
        return Rewarded(
            id=f"{task.id}/reply", parent=task.id, value=value, why=one_line(why)[:_CHARS],
            fault=fault_of(outcome, readable=value is not None), calls=(call_of(self.role, outcome),),
        )  # fmt: skip

    def _read(self, answer: Answer, tag: str) -> tuple[float | None, str]:
        """The mark, where it is one, and the reason for it."""
        said: dict[str, str] = {}
        if self.output_form == "json":
            said = {name: str(value) for name, value in (json_object(answer.text, "mark") or {}).items()}
        else:
            text = None if cut_off(answer, tag) else between_tags(answer.text, tag)
            for block in labelled_blocks(text, {"reason": "reason", "mark": "mark"}, "") if text else ():
                said |= block
        found = _MARK.fullmatch(said.get("mark", ""))
        return (float(found[1]) if found else None), said.get("reason", "")
