"""The way of a row: an instruction from nothing, its answer, further turns, then what is measured of them.

Every row goes on as soon as it can; nothing waits for another row. What a journey came to is read off its messages
alone (`Row`), so that a replay takes the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ....agents.messages import Call, Continued, ContinueTask, Failed, Reply, Task
from ....agents.team import Journey
from ...record.making.magpie import MagpieSettings
from .chat import Chat, cut_at
from .sampling import Plan, Planner, draw_fields
from .sanitiser import Clean, Sanitiser

__all__ = ["Course", "Row", "Turned"]


@dataclass(frozen=True, slots=True)
class Turned:
    """A turn of the user with its answer.

    Args:
        instruction: as it is kept.
        raw: as the model wrote it.
        rules: ids of the rules that changed it.
        answer: the response.
    """

    instruction: str
    raw: str
    rules: tuple[str, ...]
    answer: str


@dataclass(slots=True)
class Row:
    """What a journey came to.

    Args:
        plan: how it was drawn.
        turns: finished turns.
        asked: the instruction that is not answered yet.
        reason, detail: why it ended before its last turn; empty where it did not.
        raw: the text that it fell by.
        calls: of the journey.
    """

    plan: Plan
    turns: list[Turned] = field(default_factory=list[Turned])
    asked: Clean | None = None
    reason: str = ""
    detail: str = ""
    raw: str = ""
    calls: list[Call] = field(default_factory=list[Call])

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Instructions and answers so far."""
        return [(turn.instruction, turn.answer) for turn in self.turns]


class Course:
    """Routes the rows of one part.

    Args:
        part: settings.
        chat: how texts are written out.
        planner: draws the rows.
        place: of the part.
    """

    def __init__(self, part: MagpieSettings, chat: Chat, planner: Planner, place: str) -> None:
        self._part = part
        self._chat = chat
        self._planner = planner
        self._place = place
        self._extra = draw_fields(part)
        self._sanitiser = Sanitiser(part)

    def first_tasks(self) -> Iterator[Task]:
        """The first instruction of every row."""
        return (self._instruction(Row(self._planner.plan(number))) for number in range(1, self._part.count + 1))

    def route(self, journey: Journey) -> Task | Sequence[Task] | None:
        """What is asked next; nothing where the row is over."""
        row = self.row(journey)
        if row.reason:
            return None
        if row.asked is not None:
            return self._answer(row, row.asked.text)
        if len(row.turns) < self._part.turns:
            return self._instruction(row)
        return None

    def row(self, journey: Journey) -> Row:
        """What a journey came to so far."""
        row = Row(self._planner.plan(_number(journey[0])))
        for task, reply in _pairs(journey):
            row.calls += reply.calls
            if not row.reason:
                self._take(row, task, reply)
        return row

    def _take(self, row: Row, task: Task, reply: Reply) -> None:
        what = task.id.rpartition("/")[2]
        if isinstance(reply, Failed):
            row.reason, row.detail = _reason(what, reply), reply.detail
        elif isinstance(reply, Continued) and what == "instruction":
            row.raw = reply.text
            clean = self._sanitiser.clean(cut_at(reply.text, self._chat.cut), truncated=reply.truncated)
            row.reason, row.detail, row.asked = clean.reason, clean.detail, clean
        elif isinstance(reply, Continued) and what == "answer" and row.asked is not None:
            text = cut_at(reply.text, self._chat.answer_cut).strip()
            if reply.truncated:
                row.reason, row.detail, row.raw = "truncated-response", "it met the bound of tokens", text
            elif not text:
                row.reason, row.detail = "empty-response", "nothing before the end of the turn"
            else:
                row.turns.append(Turned(row.asked.text, row.raw, row.asked.rules, text))
                row.asked = None

    def _instruction(self, row: Row) -> ContinueTask:
        """The next turn of the user. After the first one a system text reminds the model that it is the user's turn."""
        system = row.plan.system
        if row.turns:
            system = "\n\n".join(text for text in (system, self._chat.reminder) if text)
        return ContinueTask(
            id=f"{self._place}/{row.plan.number}/t{len(row.turns) + 1}/instruction", stage=self._place,
            sample=row.plan.number, text=self._chat.before_user(system, row.pairs), stop=self._chat.sent,
            temperature=row.plan.temperature, top_p=row.plan.top_p, max_tokens=self._part.instruction_tokens,
            extra=self._extra,
        )  # fmt: skip

    def _answer(self, row: Row, instruction: str) -> ContinueTask:
        """The likeliest answer, as the paper takes it: without the system text that asked for the instruction."""
        return ContinueTask(
            id=f"{self._place}/{row.plan.number}/t{len(row.turns) + 1}/answer", stage=self._place,
            text=self._chat.before_assistant("", row.pairs, instruction), stop=self._chat.answer_sent,
            temperature=0.0, top_p=1.0, max_tokens=self._part.response_tokens, extra=self._extra,
        )  # fmt: skip


def _number(first: object) -> int:
    assert isinstance(first, Task)  # noqa: S101  a journey begins with its first task
    return int(first.id.split("/")[-3])


def _pairs(journey: Journey) -> Iterator[tuple[Task, Reply]]:
    for task, reply in zip(journey[::2], journey[1::2], strict=True):
        assert isinstance(task, Task)  # noqa: S101  tasks and replies take turns
        assert isinstance(reply, Reply)  # noqa: S101
        yield task, reply


def _reason(what: str, reply: Failed) -> str:
    """Of a call that gave nothing: an empty text is told apart by what was asked for."""
    if reply.reason == "empty":
        return "empty-response" if what == "answer" else "empty"
    return reply.reason
