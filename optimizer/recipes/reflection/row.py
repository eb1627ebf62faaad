"""What was said of a row so far: its reflections, the versions that they gave, the texts that the student has read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ....agents.contract import whole
from ....agents.messages import Failed, Instruction, Message, Scored
from ....agents.reflector import Reflected, ReflectTask, Side
from ....agents.team import Journey
from ...scoring.ifd import Unscored
from ...scoring.said_again import said_again
from .versions import Version, read_texts

__all__ = ["INSTRUCTION", "ORIGINAL", "Row", "response_name"]

ORIGINAL, INSTRUCTION = "original", "instruction"


def response_name(version: Version) -> str:
    """What the reflection on a version's response is called."""
    return f"{version.name}-response"


@dataclass(frozen=True, slots=True)
class Row:
    """What was said of a row so far.

    Args:
        place, stage: which tasks' ids begin with, and what they are booked on.
        original: as it came.
        repeating: so much more of its instruction than the old response a new one may say again; None: all of it.
        reflections: by name, every draw with its task, in order.
        read: what the student made of texts.
    """

    place: str
    stage: str
    original: Version
    repeating: float | None
    reflections: Mapping[str, tuple[tuple[ReflectTask, Message], ...]]
    read: Mapping[str, Scored | Unscored]

    @classmethod
    def of(cls, journey: Journey, repeating: float | None = None) -> Row:
        """What a journey holds."""
        begin = journey[0]
        assert isinstance(begin, ReflectTask)  # noqa: S101  every row begins with one
        place = begin.id.removesuffix(f"/{INSTRUCTION}")
        found: dict[str, tuple[tuple[ReflectTask, Message], ...]] = {}
        for task, reply in zip(journey[::2], journey[1::2], strict=True):
            if isinstance(task, ReflectTask):
                name = task.id.removeprefix(f"{place}/").partition("/")[0]
                found[name] = (*found.get(name, ()), (task, reply))
        original = Version(ORIGINAL, begin.instruction, begin.response)
        return cls(place, begin.stage, original, repeating, found, read_texts(journey))

    @property
    def improved(self) -> Version | None:
        """The pair that the reflection on the instruction gave; None where it gave none, or the same again."""
        said = self._text(INSTRUCTION)
        if said is None or said.instruction is None or said.response is None:
            return None
        if self._fault(INSTRUCTION):
            return None
        return Version(INSTRUCTION, renamed(self.original.instruction, said.instruction), said.response)

    def better_response(self, version: Version) -> Version | None:
        """A version with the response that was reflected on; None where there is none, or it is the same again."""
        name = response_name(version)
        said = self._text(name)
        if said is None or said.response is None or self._fault(name):
            return None
        return Version(name, version.instruction, said.response)

    def reflect_on(self, version: Version) -> ReflectTask:
        """The reflection on a version's response."""
        side: Side = "response"
        return ReflectTask(
            id=f"{self.place}/{response_name(version)}", stage=self.stage, instruction=version.instruction,
            response=version.response, improve=side,
        )  # fmt: skip

    def next_on(self, version: Version, retries: int) -> ReflectTask | None:
        """What is still to be asked about a version's response: the reflection, or another draw of it."""
        name = response_name(version)
        return self.again(name, retries) if self.reflections.get(name) else self.reflect_on(version)

    def again(self, name: str, retries: int) -> ReflectTask | None:
        """Another draw of a reflection that could not be read, where one more is wanted."""
        tries = self.reflections.get(name, ())
        task, reply = tries[-1]
        readable = not isinstance(reply, Reflected) or not reply.fault
        if readable or len(tries) > retries:
            return None
        return ReflectTask(
            id=f"{self.place}/{name}/again-{len(tries)}", stage=task.stage, sample=len(tries),
            instruction=task.instruction, response=task.response, improve=task.improve,
        )  # fmt: skip

    @property
    def critiques(self) -> dict[str, str]:
        """What the teacher had to say, by the name of the reflection."""
        said = {name: self._text(name) for name in self.reflections}
        return {name: each.critique for name, each in said.items() if each is not None}

    @property
    def faults(self) -> dict[str, str]:
        """Reflections that gave nothing new, by name: `unreadable`, `unchanged`, `repeats-instruction`, or what
        became of the call.
        """
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
        if same:
            return "unchanged"
        return "repeats-instruction" if self._repeats(task, reply) else ""

    def _repeats(self, task: ReflectTask, reply: Reflected) -> bool:
        if self.repeating is None or reply.response is None:
            return False
        old, new = whole(task.instruction), whole(task.instruction)
        if reply.instruction is not None:
            new = whole(renamed(task.instruction, reply.instruction))
        return said_again(new, reply.response) - said_again(old, task.response) > self.repeating

    def _text(self, name: str) -> Reflected | None:
        tries = self.reflections.get(name, ())
        reply = tries[-1][1] if tries else None
        return reply if isinstance(reply, Reflected) else None


def renamed(instruction: Instruction, text: str) -> Instruction:
    """The instruction with another text; what stands before it stays."""
    return Instruction(text, instruction.system, instruction.context, instruction.language)
