"""What is marked: each turn of a row by each measure; and what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ....agents.gateway.requests import Turn
from ....agents.grader import Measure
from ....agents.messages import Call, Instruction
from ...dataset.seed import Seed
from ...recipes.book import cost_of, keys_of, models_of
from ...record.curating.deita import DeitaSettings
from ..naming import purpose
from ..rows import CurateRow

__all__ = ["Graded", "Unit", "turns_of", "units_of"]


@dataclass(frozen=True, slots=True)
class Unit:
    """One turn of a row, by one measure.

    Args:
        row: its index.
        name: place of its tasks, below that of the part.
        draws: what its draws are named by, which is the same wherever the part lies.
        turn: from 0.
        instruction, response: of the turn.
        measure: what is marked.
    """

    row: int
    name: str
    draws: str
    turn: int
    instruction: Instruction
    response: str
    measure: Measure

    @property
    def text(self) -> str:
        """What is marked."""
        return self.instruction.text if self.measure == "complexity" else self.response


@dataclass(slots=True)
class Graded:
    """What came of a row.

    Attributes:
        marks: by measure the mark of each turn; None where there is none yet, or none to be had.
        faults: why marks are missing.
        calls: all that was asked for it.
        smooth: how many of its marks are expected values by log-probabilities.
    """

    marks: dict[Measure, list[float | None]]
    faults: list[str] = field(default_factory=list[str])
    calls: list[Call] = field(default_factory=list[Call])
    smooth: int = 0

    @property
    def score(self) -> float | None:
        """The marks of each turn multiplied, the turns added; None where one is missing."""
        total = 0.0
        for turn in zip(*self.marks.values(), strict=True):
            product = 1.0
            for mark in turn:
                if mark is None:
                    return None
                product *= mark
            total += product
        return total

    def notes(self) -> dict[str, Any]:
        """For provenance: a number for a row of one turn, else a list, and what it cost."""
        marks: dict[str, Any] = {measure: _shown(found) for measure, found in self.marks.items()}
        calls = {"calls": keys_of(self.calls), "cost": cost_of(self.calls), "models": models_of(self.calls)}
        return {**marks, **(calls if self.calls else {})}


def _shown(marks: Sequence[float | None]) -> float | list[float | None] | None:
    found = [None if mark is None else round(mark, 4) for mark in marks]
    return found[0] if len(found) == 1 else found


def turns_of(seed: Seed) -> list[tuple[Instruction, str]]:
    """The turns of a row that are answered, the last one as it is; each with what was said before it."""
    asked, found = seed.instruction, list[tuple[Instruction, str]]()
    context: Sequence[Turn] = asked.context
    for place in range(1, len(context)):
        if (context[place - 1].speaker, context[place].speaker) == ("user", "assistant"):
            before = Instruction(context[place - 1].text, asked.system, tuple(context[: place - 1]), asked.language)
            found.append((before, context[place].text))
    return [*found, (asked, seed.response or "")]


def units_of(row: CurateRow, part: DeitaSettings, place: str) -> Iterator[Unit]:
    """What of a row is to be marked, for a part in its place."""
    for turn, (instruction, response) in enumerate(turns_of(row.seed)):
        for measure in part.measures:
            name = f"{row.seed.id}/{turn}/{measure}"
            draws = purpose(part, place, name)
            yield Unit(row.index, f"{place}/{name}", draws, turn, instruction, response, measure)
