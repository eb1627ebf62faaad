"""The way of a row: an instruction from nothing, its answer, further turns, then what is measured of them.

Every row goes on as soon as it can; nothing waits for another row. What a journey came to is read off its messages
alone (`Row`), so that a replay takes the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ....agents.messages import (
    Answered,
    AnswerTask,
    Continued,
    ContinueTask,
    Failed,
    Instruction,
    Message,
    Reply,
    Task,
)
from ....agents.simulator import SimulateTask
from ....agents.team import Journey
from ...record.making.magpie import MagpieSettings
from .chat import Chat, cut_at
from .measuring import Measuring
from .rows import Row, Turned
from .sampling import Planner, draw_fields
from .sanitiser import Sanitiser

__all__ = ["Course"]


class Course:
    """Routes the rows of one part.

    Args:
        part: settings.
        chat: how texts are written out; None where a chat model plays the user.
        planner: draws the rows.
        measuring: what is asked of finished conversations.
        place: of the part.
    """

    def __init__(
        self, part: MagpieSettings, chat: Chat | None, planner: Planner, measuring: Measuring, place: str
    ) -> None:
        self._part = part
        self._chat = chat
        self._planner = planner
        self._measuring = measuring
        self._place = place
        self._extra = draw_fields(part)
        self._sanitiser = Sanitiser(part)

    def first_tasks(self) -> Iterator[Task]:
        """The first instruction of every row."""
        return (self._instruction(Row(self._planner.plan(number))) for number in range(1, self._part.count + 1))

    def route(self, journey: Journey) -> Task | Sequence[Task] | None:
        """What is asked next; nothing where the row is over."""
        row = self.row(journey)
        if row.asked is not None and not row.over:
            return self._answer(row, row.asked.text, row.asked.language)
        if not row.over and len(row.turns) < self._part.turns:
            return self._instruction(row)
        return self._measuring.next(row, journey) if row.usable else None

    def row(self, journey: Journey) -> Row:
        """What a journey came to so far."""
        row = Row(self._planner.plan(_number(journey[0])))
        for task, reply in zip(journey[::2], journey[1::2], strict=True):
            assert isinstance(reply, Reply)  # noqa: S101  tasks and replies take turns
            row.calls += reply.calls
            what = task.id.rpartition("/")[2]
            if what == "instruction":
                self._take_instruction(row, reply)
            elif what == "answer":
                self._take_answer(row, reply)
            else:
                self._measuring.take(row, what, reply)
        return row

    def _take_instruction(self, row: Row, reply: Reply) -> None:
        if isinstance(reply, Failed):
            row.reason, row.detail = reply.reason, reply.detail
        elif isinstance(reply, Continued):
            row.raw = reply.text
            text = cut_at(reply.text, self._chat.cut) if self._chat else reply.text
            clean = self._sanitiser.clean(text, truncated=reply.truncated and text == reply.text)
            row.reason, row.detail, row.asked = clean.reason, clean.detail, clean
            row.language = row.language or clean.language

    def _take_answer(self, row: Row, reply: Reply) -> None:
        assert row.asked is not None  # noqa: S101  an answer follows its instruction
        text, truncated = "", False
        if isinstance(reply, Failed):
            row.reason = "empty-response" if reply.reason == "empty" else reply.reason
            row.detail = reply.detail
        elif isinstance(reply, Continued) and self._chat:
            whole = cut_at(reply.text, self._chat.answer_cut)
            text, truncated = whole.strip(), reply.truncated and whole == reply.text
        elif isinstance(reply, Answered):
            text, truncated = reply.text.strip(), reply.fault == "truncated"
        if truncated:
            row.reason, row.detail = "truncated-response", "it met the bound of tokens"
        elif not text and not row.reason:
            row.reason, row.detail = "empty-response", "nothing before the end of the turn"
        if not row.reason:
            row.turns.append(Turned(row.asked.text, row.raw, row.asked.rules, text))
        row.asked = None

    def _instruction(self, row: Row) -> Task:
        """The next turn of the user. After the first one a system text reminds the model that it is the user's turn."""
        plan = row.plan
        place = f"{self._place}/{plan.number}/t{len(row.turns) + 1}/instruction"
        if self._chat is None:
            return SimulateTask(
                id=place, stage=self._place, sample=plan.number, wish=plan.system, temperature=plan.temperature,
                top_p=plan.top_p, max_tokens=self._part.instruction_tokens,
                language="zh" if plan.key == "chinese" else "en",
            )  # fmt: skip
        system = plan.system
        if row.turns:
            system = "\n\n".join(text for text in (system, self._chat.reminder) if text)
        return ContinueTask(
            id=place, stage=self._place, sample=plan.number, text=self._chat.before_user(system, row.pairs),
            stop=self._chat.sent, temperature=plan.temperature, top_p=plan.top_p,
            max_tokens=self._part.instruction_tokens, extra=self._extra,
        )  # fmt: skip

    def _answer(self, row: Row, instruction: str, language: str) -> Task:
        """The likeliest answer, as the paper takes it: without the system text that asked for the instruction."""
        place = f"{self._place}/{row.plan.number}/t{len(row.turns) + 1}/answer"
        if self._chat is None:
            return AnswerTask(
                id=place, stage=self._place, instruction=Instruction(instruction, "", row.spoken, language)
            )
        return ContinueTask(
            id=place, stage=self._place, text=self._chat.before_assistant("", row.pairs, instruction),
            stop=self._chat.answer_sent, temperature=0.0, top_p=1.0, max_tokens=self._part.response_tokens,
            extra=self._extra,
        )  # fmt: skip


def _number(first: Message) -> int:
    return int(first.id.split("/")[-3])
