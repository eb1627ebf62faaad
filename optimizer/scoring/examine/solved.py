"""A student's pass rate before and after as a check: is the evolved text of use to the model that will be trained?

Published methods ask for "a bit harder for well-known assistants"; what training needs is hard for this student and
solvable by the teacher. A pass rate needs no log-probabilities, so it works through any endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ....agents.messages import Answered, Instruction, ProgramTask, Ran, RoleName, SolveTask
from ..agreement import gold_correct
from ..programs import Program, program_for
from .exam import Item, Report

__all__ = ["Band", "Solved", "usefulness"]

Part = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Band:
    """Pass rates between which an instruction teaches: it is neither solved already nor out of reach."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Solved:
    """Has the student answer the evolved instruction, and the original.

    An answer passes where it comes to the known one: the seed's own answer before, the responder's after; code passes
    by the seed's tests before, and by the examples that the evolved instruction states after.

    Args:
        answers: of each.
        band: the target.
        parts: which of the two are measured.
    """

    answers: int
    band: Band
    parts: tuple[Part, ...] = ("after", "before")

    @property
    def name(self) -> str:
        """Its name in the settings."""
        return "student"

    @property
    def price(self) -> Mapping[RoleName, float]:
        """Calls that one item costs at most."""
        return {"student": len(self.parts) * self.answers}

    def next_tasks(self, item: Item) -> Sequence[SolveTask | ProgramTask]:
        """All answers of both parts at once; then of code a run of each."""
        drawn: list[tuple[Part, int, str]] = [
            (part, number, f"solve/{part}/{number}")
            for part in self.parts
            if _measurable(item, part)
            for number in range(1, self.answers + 1)
        ]
        answers = [
            SolveTask(id=item.name(what), stage=item.stage, sample=number - 1, instruction=_asked(item, part))
            for part, number, what in drawn
            if what not in item.replies
        ]
        return answers or [
            ProgramTask(id=item.name(f"{what}/run"), stage=item.stage, program=program.text)
            for part, _, what in drawn
            if f"{what}/run" not in item.replies
            and isinstance(reply := item.replies[what], Answered)
            and (program := _program(item, part, reply.text)) is not None
        ]

    def report(self, item: Item) -> Report:
        """Pass rates, and how useful the evolved instruction is to the student."""
        rates = {part: rate for part in self.parts if (rate := self.rate(item, part)) is not None}
        measures = {f"pass_{part}": rate for part, rate in rates.items()}
        if "after" in rates:
            measures["useful"] = usefulness(rates.get("before"), rates["after"], self.band)
        return Report(measures=MappingProxyType(measures))

    def rate(self, item: Item, part: Part) -> float | None:
        """Share of the answers that are right; None where none can be told from wrong."""
        told = [right for number in range(1, self.answers + 1) if (right := _right(item, part, number)) is not None]
        return sum(told) / len(told) if told else None


def usefulness(before: float | None, after: float, band: Band) -> float:
    """1 inside the band; below it the share of the way up from 0; above it the share of the way down to it.

    Args:
        before: pass rate on the original; None where it is not known, which counts as always solved.
        after: pass rate on the evolved instruction.
        band: the target.
    """
    if band.low <= after <= band.high:
        return 1.0
    if after < band.low:
        return after / band.low
    start = 1.0 if before is None else max(before, after)
    return (start - after) / (start - band.high)


def _asked(item: Item, part: Part) -> Instruction:
    return item.original if part == "before" else item.evolved


def _measurable(item: Item, part: Part) -> bool:
    return bool(item.tests or item.pair.response) if part == "before" else bool(item.response)


def _program(item: Item, part: Part, answer: str) -> Program | None:
    """The program that tests an answer; None where it is not tested by running."""
    if part == "before":
        return program_for(item.original.text, answer, item.tests) if item.tests else None
    program = program_for(item.evolved.text, answer)
    return program if program is not None and program.tests else None


def _right(item: Item, part: Part, number: int) -> bool | None:
    """Whether one answer is right; None where that cannot be told. A call that gave nothing tells nothing."""
    reply = item.replies.get(f"solve/{part}/{number}")
    if not isinstance(reply, Answered):
        return None
    ran = item.replies.get(f"solve/{part}/{number}/run")
    if isinstance(ran, Ran):
        return None if ran.skipped else ran.ok
    if part == "before" and item.tests:
        return False  # no code in it
    gold: Sequence[str | None] = (item.pair.response, item.response)
    known = gold[part == "after"]
    return None if known is None else gold_correct(reply.text, known, _asked(item, part).language)
