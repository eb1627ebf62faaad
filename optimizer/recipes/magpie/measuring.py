"""What is asked of a finished conversation: tags, a vector, rewards, further answers, the base model's answer.

First everything that hangs on nothing else, side by side; then the rewards of the answers that came of it. A question
that gave nothing leaves its field empty, with the reason under `unmeasured`; the row is not lost by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import get_args

from ....agents.base_model import BaseTask
from ....agents.gateway.requests import Turn
from ....agents.messages import Continued, ContinueTask, Embedded, EmbedTask, Failed, Reply, Task
from ....agents.rewarder import RateTask, Rewarded, RewardTask
from ....agents.tagger import Tagged, TagKind, TagTask
from ....agents.team import Journey
from ...record.making.magpie import MagpieSettings
from ...record.making.magpie_values import FamilySettings
from .chat import Chat, cut_at
from .rows import Row
from .sampling import draw_fields

__all__ = ["Measuring"]

_KINDS: tuple[TagKind, ...] = get_args(TagKind)


class Measuring:
    """Asks and takes in what the settings want to know.

    Args:
        part: settings.
        chat: how further answers are asked for; None where there are none.
        place: of the part.
        reward_family: template of a reward model that takes bare text; None sends it messages.
    """

    def __init__(
        self, part: MagpieSettings, chat: Chat | None, place: str, reward_family: FamilySettings | None
    ) -> None:
        self._part = part
        self._chat = chat
        self._place = place
        self._reward_family = reward_family
        self._extra = draw_fields(part)

    def next(self, row: Row, journey: Journey) -> Sequence[Task] | None:
        """What is still to be asked."""
        done = {message.id.rpartition("/")[2] for message in journey[::2]}
        first = [task for task in self._first(row) if task.id.rpartition("/")[2] not in done]
        return first or [task for task in self._second(row) if task.id.rpartition("/")[2] not in done] or None

    def take(self, row: Row, what: str, reply: Reply) -> None:
        """Note an answer under what was asked."""
        if isinstance(reply, Failed):
            row.measured.setdefault("unmeasured", {})[what] = reply.reason
        elif isinstance(reply, Tagged):
            row.measured.setdefault("tags", {}).update(reply.tags)
            self._fault(row, what, reply.fault)
        elif isinstance(reply, Embedded):
            row.vector = reply.vector
        elif isinstance(reply, Rewarded):
            row.measured[what] = reply.value
            if reply.why and what == "reward":
                row.measured["reward_why"] = reply.why
            self._fault(row, what, reply.fault)
        elif isinstance(reply, Continued):
            self._answered(row, what, reply)

    def _answered(self, row: Row, what: str, reply: Continued) -> None:
        text = reply.text
        if what != "base" and self._chat is not None:
            text = cut_at(text, self._chat.answer_cut)
        if reply.truncated and text == reply.text:
            self._fault(row, what, "truncated")
        elif text.strip():
            row.measured[what] = text.strip()

    def _fault(self, row: Row, what: str, fault: str) -> None:
        if fault:
            row.measured.setdefault("unmeasured", {})[what] = fault

    def _first(self, row: Row) -> Iterator[Task]:
        part, text = self._part, row.asked_for
        if part.tags:
            for kind in _KINDS:
                yield TagTask(id=self._id(row, kind), stage=self._place, text=text, kind=kind, language=row.language)
        if part.neighbours:
            yield EmbedTask(id=self._id(row, "vector"), stage=self._place, text=text)
        if part.reward != "none":
            yield self._reward(row, "reward", row.turns[-1].answer)
        if part.base:
            yield BaseTask(
                id=self._id(row, "base"), stage=self._place, instruction=row.turns[-1].instruction,
                language=row.language, max_tokens=part.response_tokens,
            )  # fmt: skip
        if self._chat is not None:
            yield from self._answers(row, self._chat)

    def _answers(self, row: Row, chat: Chat) -> Iterator[Task]:
        """Further answers to the last instruction, drawn."""
        text = chat.before_assistant("", row.pairs[:-1], row.turns[-1].instruction)
        for number in range(1, self._part.answers + 1):
            yield ContinueTask(
                id=self._id(row, f"answer-{number}"), stage=self._place, sample=number, text=text,
                stop=chat.answer_sent, temperature=self._part.answers_temperature, top_p=1.0,
                max_tokens=self._part.response_tokens, extra=self._extra,
            )  # fmt: skip

    def _second(self, row: Row) -> Iterator[Task]:
        """Rewards of the answers that came."""
        if self._part.reward == "none":
            return
        for what in ("base", *(f"answer-{number}" for number in range(1, self._part.answers + 1))):
            if what in row.measured:
                yield self._reward(row, f"{what}-reward", row.measured[what])

    def _reward(self, row: Row, what: str, answer: str) -> Task:
        turns = (*row.spoken[:-1], Turn("assistant", answer))
        if self._part.reward == "judge":
            return RateTask(
                id=self._id(row, what), stage=self._place, instruction=_told(turns[:-1]), response=answer,
                language=row.language,
            )  # fmt: skip
        if self._reward_family is not None:
            turns = (Turn("user", _written(self._reward_family, turns)),)
        return RewardTask(id=self._id(row, what), stage=self._place, turns=turns)

    def _id(self, row: Row, what: str) -> str:
        return f"{self._place}/{row.plan.number}/m/{what}"


def _told(turns: Sequence[Turn]) -> str:
    """A conversation as a judge is shown it: bare where it is one turn."""
    if len(turns) == 1:
        return turns[0].text
    return "\n\n".join(f"{turn.speaker}: {turn.text}" for turn in turns)


def _written(family: FamilySettings, turns: Sequence[Turn]) -> str:
    """A chat as bare text, closed by the end of its last turn; what a text begins with is added by the server."""
    text = family.user
    for number, turn in enumerate(turns):
        last = number == len(turns) - 1
        text += turn.text + (family.assistant if turn.speaker == "user" else family.stops[0] if last else family.again)
    return text
