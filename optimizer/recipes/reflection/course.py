"""The way of one row: what is asked next, and what comes of it in the end. Pure functions of what was said so far.

    winner      instruction ─► IFD of both ─► winner ─► response of the winner ─► r-IFD, and IFD of the new pair
    all         instruction ─► response of the original, response of the new one ─► every score of all four versions

The second is the way of the authors' code, with one reflection and five texts more; the choice falls by the same rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ....agents.messages import Failed, Instruction, Message, Scored, Task
from ....agents.reflector import Reflected, ReflectTask, Side
from ....agents.team import Journey
from ...record.making.reflection import ReflectionSettings
from ...scoring.ifd import Measure, Ratio, Unscored
from ...scoring.selection import Drop, ResponseScores, pick_instruction, pick_response
from .versions import Reader, Version, read_texts

__all__ = ["Course", "Outcome", "first_task"]

ORIGINAL, INSTRUCTION = "original", "instruction"
_AGAIN = "again"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a row.

    Args:
        kept: the version that is data; None where the row is dropped.
        drop: why it is none.
        versions: every version there is, in the order in which they came.
        chosen: name of the version whose instruction won; empty where none did.
        ifd, rifd: scores by the name of the version, of those that were looked at.
        critiques: what the teacher had to say, by what it reflected on.
        faults: what went wrong with reflections that gave no text, likewise.
    """

    kept: Version | None
    drop: Drop | None
    versions: tuple[Version, ...]
    chosen: str
    ifd: Mapping[str, Ratio | Unscored]
    rifd: Mapping[str, Ratio | Unscored]
    critiques: Mapping[str, str]
    faults: Mapping[str, str]


def first_task(place: str, stage: str, instruction: Instruction, response: str) -> ReflectTask:
    """What a row begins with: a reflection on its instruction."""
    return ReflectTask(
        id=f"{place}/{INSTRUCTION}", stage=stage, instruction=instruction, response=response, improve="instruction"
    )


@dataclass(frozen=True, slots=True)
class Course:
    """The way of every row under these settings.

    Args:
        part: settings of the recipe.
        reader: how the student reads.
    """

    part: ReflectionSettings
    reader: Reader

    @property
    def measure(self) -> Measure:
        """The ratio that is compared."""
        return "loss" if self.part.measure == "loss" else "ppl"

    # ------------------------------------------------------------ what is asked

    def route(self, journey: Journey) -> tuple[Task, ...]:
        """What is still to be asked, side by side; nothing when the row's way is over."""
        row = _Row.of(journey)
        if self.part.versions == "all":
            return self._all(row)
        pending = self._again(row, INSTRUCTION)
        if pending is not None:
            return (pending,)
        first = [(version, False) for version in (row.original, row.improved) if version is not None]
        texts = tuple(self.reader.asks(first, row.place, row.stage, row.read))
        if texts:
            return texts
        winner = self._winner(row)
        if isinstance(winner, Drop):
            return ()
        return self._response_of(row, winner)

    def _response_of(self, row: _Row, winner: Version) -> tuple[Task, ...]:
        """The reflection on the winner's response, then what it takes to compare the two."""
        name = _response_name(winner)
        if not row.reflections.get(name):
            return (row.reflect_on(winner),)
        pending = self._again(row, name)
        if pending is not None:
            return (pending,)
        new = row.better_response(winner)
        if new is None and not self.part.keep_unreplaced:
            return ()
        if new is None:
            return tuple(self.reader.asks([(winner, True)], row.place, row.stage, row.read))
        return tuple(self.reader.asks([(winner, True), (new, True), (new, False)], row.place, row.stage, row.read))

    def _all(self, row: _Row) -> tuple[Task, ...]:
        """Every reflection, and every text of every version that is there."""
        tasks: list[Task] = []
        again = self._again(row, INSTRUCTION)
        if again is not None:
            tasks.append(again)
        there = [row.original] if again or row.improved is None else [row.original, row.improved]
        for version in tuple(there):
            name = _response_name(version)
            pending = self._again(row, name) if row.reflections.get(name) else row.reflect_on(version)
            new = row.better_response(version)
            if pending is not None:
                tasks.append(pending)
            elif new is not None:
                there.append(new)
        wanted = [(version, reverse) for version in there for reverse in (False, True)]
        return (*tasks, *self.reader.asks(wanted, row.place, row.stage, row.read))

    def _again(self, row: _Row, name: str) -> ReflectTask | None:
        """Another draw of a reflection that could not be read."""
        tries = row.reflections.get(name, ())
        task, reply = tries[-1]
        readable = not isinstance(reply, Reflected) or not reply.fault
        if readable or len(tries) > self.part.retries:
            return None
        return ReflectTask(
            id=f"{row.place}/{name}/{_AGAIN}-{len(tries)}", stage=task.stage, sample=len(tries),
            instruction=task.instruction, response=task.response, improve=task.improve,
        )  # fmt: skip

    # ------------------------------------------------------------ what comes of it

    def outcome(self, journey: Journey) -> Outcome:
        """What became of a row whose way is over."""
        row = _Row.of(journey)
        versions = [row.original, *([row.improved] if row.improved else [])]
        versions += [new for version in tuple(versions) if (new := row.better_response(version)) is not None]
        ifd = {version.name: score for version in versions if (score := self._score(row, version)) is not None}
        rifd = {
            version.name: score
            for version in versions
            if (score := self._score(row, version, reverse=True)) is not None
        }
        winner = self._winner(row)
        kept = winner if isinstance(winner, Drop) else self._kept(row, winner)
        return Outcome(
            kept if isinstance(kept, Version) else None, kept if isinstance(kept, Drop) else None, tuple(versions),
            "" if isinstance(winner, Drop) else winner.name, ifd, rifd, row.critiques, row.faults,
        )  # fmt: skip

    def _winner(self, row: _Row) -> Version | Drop:
        old, new = row.original, row.improved
        score = self._score(row, old)
        assert score is not None  # noqa: S101  every way asks for it first
        chosen = pick_instruction(
            score, self._score(row, new) if new else None, self.measure, limit=self.part.limit_first
        )  # fmt: skip
        if isinstance(chosen, Drop):
            return chosen
        return new if chosen == "new" and new is not None else old

    def _kept(self, row: _Row, winner: Version) -> Version | Drop:
        new = row.better_response(winner)
        if new is None and not self.part.keep_unreplaced:
            name = _response_name(winner)
            return Drop(f"reflection-{row.faults.get(name, 'missing')}", "the reflection on the response gave none")
        new = new or winner
        scores = (
            self._score(row, v, reverse=r) for v, r in ((winner, False), (winner, True), (new, False), (new, True))
        )
        found = [score or Unscored("missing") for score in scores]
        chosen = pick_response(ResponseScores(*found), self.measure, keep_old=self.part.keep_unreplaced)
        if isinstance(chosen, Drop):
            return chosen
        return new if chosen == "new" else winner

    def _score(self, row: _Row, version: Version, *, reverse: bool = False) -> Ratio | Unscored | None:
        """A score; None where the student was not given its texts."""
        after, alone, _ = self.reader.texts(version, reverse=reverse)
        if after not in row.read or alone not in row.read:
            return None
        return self.reader.score(version, row.read, reverse=reverse)


def _response_name(version: Version) -> str:
    """What the reflection on a version's response is called."""
    return f"{version.name}-response"


@dataclass(frozen=True, slots=True)
class _Row:
    """What was said of a row so far.

    Args:
        place, stage: which tasks' ids begin with, and what they are booked on.
        original: as it came.
        reflections: by name, every draw with its task, in order.
        read: what the student made of texts.
    """

    place: str
    stage: str
    original: Version
    reflections: Mapping[str, tuple[tuple[ReflectTask, Message], ...]]
    read: Mapping[str, Scored | Unscored]

    @classmethod
    def of(cls, journey: Journey) -> _Row:
        """What a journey holds."""
        begin = journey[0]
        assert isinstance(begin, ReflectTask)  # noqa: S101  every row begins with one
        place = begin.id.removesuffix(f"/{INSTRUCTION}")
        found: dict[str, tuple[tuple[ReflectTask, Message], ...]] = {}
        for task, reply in zip(journey[::2], journey[1::2], strict=True):
            if isinstance(task, ReflectTask):
                name = task.id.removeprefix(f"{place}/").partition("/")[0]
                found[name] = (*found.get(name, ()), (task, reply))
        return cls(place, begin.stage, Version(ORIGINAL, begin.instruction, begin.response), found, read_texts(journey))

    @property
    def improved(self) -> Version | None:
        """The pair that the reflection on the instruction gave; None where it gave none, or the same again."""
        said = self._text(INSTRUCTION)
        if said is None or said.instruction is None or said.response is None:
            return None
        if said.instruction == self.original.instruction.text:
            return None
        return Version(INSTRUCTION, renamed(self.original.instruction, said.instruction), said.response)

    def better_response(self, version: Version) -> Version | None:
        """A version with the response that was reflected on; None where there is none, or it is the same again."""
        name = _response_name(version)
        said = self._text(name)
        if said is None or said.response is None or said.response == version.response:
            return None
        return Version(name, version.instruction, said.response)

    def reflect_on(self, version: Version) -> ReflectTask:
        """The reflection on a version's response."""
        side: Side = "response"
        return ReflectTask(
            id=f"{self.place}/{_response_name(version)}", stage=self.stage, instruction=version.instruction,
            response=version.response, improve=side,
        )  # fmt: skip

    @property
    def critiques(self) -> dict[str, str]:
        """What the teacher had to say, by the name of the reflection."""
        said = {name: self._text(name) for name in self.reflections}
        return {name: each.critique for name, each in said.items() if each is not None}

    @property
    def faults(self) -> dict[str, str]:
        """Reflections that gave nothing new, by name: `unreadable`, `unchanged`, or what became of the call."""
        found = {name: self._fault(name) for name in self.reflections}
        return {name: fault for name, fault in found.items() if fault}

    def _fault(self, name: str) -> str:
        task, reply = self.reflections[name][-1]
        if isinstance(reply, Failed):
            return reply.reason
        if not isinstance(reply, Reflected):
            return "missing"
        if reply.fault:
            return reply.fault
        same = (reply.response == task.response) if task.improve == "response" else (
            reply.instruction == task.instruction.text
        )  # fmt: skip
        return "unchanged" if same else ""

    def _text(self, name: str) -> Reflected | None:
        tries = self.reflections.get(name, ())
        reply = tries[-1][1] if tries else None
        return reply if isinstance(reply, Reflected) else None


def renamed(instruction: Instruction, text: str) -> Instruction:
    """The instruction with another text; what stands before it stays."""
    return Instruction(text, instruction.system, instruction.context, instruction.language)
