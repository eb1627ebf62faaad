"""The rewarder: one number for how good an answer is, from a reward model, or from a judge that stands in for one.

A judge's mark from 1 to 10 by a rubric is no reward: it is on another scale, and has many ties. Whoever takes it says
so in every row.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .contract import quoted
from .gateway.outcomes import NoAnswer
from .gateway.requests import Turn
from .messages import Failed, Reply, Task
from .reading import fault_of, one_line
from .schemas import INTEGER, TEXT, schema
from .seated import Framed, Seated

__all__ = ["RateTask", "Rater", "RewardTask", "Rewarded", "Rewarder"]

_TAG = "rating"
_SCHEMA = schema(reason=TEXT, mark={**INTEGER, "minimum": 1, "maximum": 10})
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
        outcome = await self.seat.send(task, task.turns, "reward")
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        return Rewarded(
            **self.head(task, outcome), value=outcome.vector[0] if outcome.vector else None,
            fault="" if outcome.vector else "unreadable",
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rater(Framed):
    """Marks an answer by a rubric, in the place of a reward model."""

    async def __call__(self, task: RateTask) -> Rewarded | Failed:
        """A mark from 1 to 10."""
        texts = (task.instruction, task.response)
        sign, tag = self.sign(*texts), self.tag(_TAG, *texts)
        turns = self.turns(
            "make-rewarder", task.language, instruction=quoted("QUESTION", sign, task.instruction),
            response=quoted("ANSWER", sign, task.response), form=self.form("make-rewarder", task.language, tag=tag),
        )  # fmt: skip
        outcome = await self.put(task, turns, _SCHEMA)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        said = self.fields(outcome, tag, ("reason", "mark"), "mark")
        found = _MARK.fullmatch(said.get("mark", ""))
        return Rewarded(
            **self.head(task, outcome), value=float(found[1]) if found else None,
            why=one_line(said.get("reason", ""))[:_CHARS],
            fault=fault_of(outcome, readable=found is not None),
        )  # fmt: skip
