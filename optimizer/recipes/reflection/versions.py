"""The versions of a row, the texts that a student reads of each, and the scores that come of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ....agents.contract import whole
from ....agents.messages import Failed, Instruction, Message, Scored, ScoreTask
from ....agents.team import Journey
from ...scoring.frames import Frame
from ...scoring.ifd import Ratio, Unscored, ratio

__all__ = ["Reader", "Version", "read_texts"]


@dataclass(frozen=True, slots=True)
class Version:
    """One way in which a row could be.

    Args:
        name: `original`, `instruction` (reflected on), `response` or `original-response` (of which the response was).
        instruction, response: its texts.
    """

    name: str
    instruction: Instruction
    response: str


@dataclass(frozen=True, slots=True)
class Reader:
    """How a student reads versions: which texts it is given, and what comes of the log-probabilities.

    Args:
        frame: round an instruction.
        guess: the request to guess the instruction of a response, in the instruction's language.
        start: mark of the beginning that is put before a text; empty where the server does that or none is wanted.
        floor: tokens that a score must be over, at least.
        model: name of the student.
    """

    frame: Frame
    guess: Callable[[str, str], str]
    start: str
    floor: int
    model: str

    def texts(self, version: Version, *, reverse: bool) -> tuple[str, str, str]:
        """Target with its context, target alone, target: of IFD, or of r-IFD where `reverse` is said."""
        asked = whole(version.instruction)
        if reverse:
            before, target = self.guess(version.response, version.instruction.language), asked
        else:
            before, target = asked, version.response
        framed = self.frame.of(before) + target
        return framed if framed.startswith(self.start) else self.start + framed, self.start + target, target

    def asks(
        self, wanted: Sequence[tuple[Version, bool]], place: str, stage: str, known: Mapping[str, object]
    ) -> Iterator[ScoreTask]:
        """What the student must still be given for the scores that are wanted, each text once.

        Args:
            wanted: versions, each with whether its r-IFD is meant.
            place: of the row, which the tasks' ids begin with.
            stage: what they are booked on.
            known: texts that were given already.
        """
        told = set(known)
        for version, reverse in wanted:
            texts = self.texts(version, reverse=reverse)[:2]
            for text, kind in zip(texts, ("after", "alone"), strict=True):
                if text not in told:
                    told.add(text)
                    name = f"{place}/{version.name}/{'r-ifd' if reverse else 'ifd'}/{kind}"
                    yield ScoreTask(id=name, stage=stage, text=text)

    def score(self, version: Version, replies: Mapping[str, Scored | Unscored], *, reverse: bool) -> Ratio | Unscored:
        """The score of a version from what the student made of the texts."""
        after, alone, target = self.texts(version, reverse=reverse)
        first, second = replies[after], replies[alone]
        if isinstance(first, Unscored):
            return first
        if isinstance(second, Unscored):
            return second
        return ratio(first.tokens, second.tokens, target, template=self.frame.name, model=self.model, floor=self.floor)


def read_texts(journey: Journey) -> dict[str, Scored | Unscored]:
    """What the student made of each text so far."""
    found: dict[str, Scored | Unscored] = {}
    for task, reply in zip(journey[::2], journey[1::2], strict=True):
        if isinstance(task, ScoreTask):
            found[task.text] = reply if isinstance(reply, Scored) else _unscored(reply)
    return found


def _unscored(reply: Message) -> Unscored:
    return Unscored(reply.reason, reply.detail) if isinstance(reply, Failed) else Unscored("empty")
