"""Rows as a page shows them: a few out of many, and counts of all."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .files import RunFiles
from .records import DataRecord, DroppedRecord, FindingRecord, TrajectoryRecord, VerdictRecord
from .steps import StepView, accepted

__all__ = ["Data", "Dropped", "Example", "Picked", "of_trajectory", "read_data", "read_dropped", "read_picked"]

DATA_SHOWN = 20
DROPPED_SHOWN = 200
_PICKED = 3
_POOL = 200


@dataclass(frozen=True, slots=True)
class Example:
    """A seed's way: the text before, after each round, and the answer."""

    seed_id: str
    stages: tuple[str, ...]
    response: str
    reasoning: str
    findings: tuple[FindingRecord, ...]
    faults: tuple[str, ...]
    verdict: VerdictRecord | None
    score: float | None


@dataclass(frozen=True, slots=True)
class Picked:
    """Good and bad examples of a method, out of the file they are in."""

    place: str
    whose: str
    good: tuple[Example, ...]
    bad: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Data:
    """The data set: examples spread evenly over it, and how many rows it has."""

    examples: tuple[Example, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Dropped:
    """The rows that are not in the data set: the first of them, and how many there are by reason."""

    first: tuple[DroppedRecord, ...]
    reasons: dict[str, int]

    @property
    def rows(self) -> int:
        """All of them."""
        return sum(self.reasons.values())


def read_data(files: RunFiles) -> Data:
    """The data set, whatever its size."""
    rows, total = files.sample("dataset.jsonl", DataRecord, DATA_SHOWN)
    return Data(tuple(_of_data(row) for row in rows), total)


def read_dropped(files: RunFiles) -> Dropped:
    """The dropped rows, whatever their number."""
    first: list[DroppedRecord] = []
    reasons: Counter[str] = Counter()
    for row in files.rows("dropped.jsonl", DroppedRecord):
        reasons[row.reason or "no reason"] += 1
        if len(first) < DROPPED_SHOWN:
            first.append(row)
    return Dropped(tuple(first), dict(sorted(reasons.items(), key=lambda item: (-item[1], item[0]))))


def read_picked(files: RunFiles, steps: Sequence[StepView]) -> Picked | None:
    """The best and the worst that the method that goes on did on dev; None where nothing was scored."""
    won = accepted(steps)
    if won:
        step, view = won[-1]
        place, whose = f"{view.place}/dev.jsonl", f"{view.name} of step {step.number + 1}"
    else:
        scored = [step for step in steps if files.has(f"{step.place}/incumbent.jsonl")]
        if not scored:
            return None
        place, whose = f"{scored[-1].place}/incumbent.jsonl", "the starting method"
    if not files.has(place):
        return None
    good = _best(files.rows(place, TrajectoryRecord))
    bad = _worst(files.rows(place, TrajectoryRecord))
    return Picked(place, whose, tuple(map(of_trajectory, good)), tuple(map(of_trajectory, bad)))


def _best(rows: Iterable[TrajectoryRecord]) -> list[TrajectoryRecord]:
    """The highest scores without a finding; of equal ones the first in the file."""
    clean = (row for row in rows if not row.findings and not row.fault and len(row.stages) > 1)
    return heapq.nlargest(_PICKED, clean, key=_score)


def _worst(rows: Iterable[TrajectoryRecord]) -> list[TrajectoryRecord]:
    """The lowest scores with something wrong, of different kinds before more of the same kind."""
    flawed = (row for row in rows if row.findings or row.fault or row.response_fault)
    lowest = heapq.nsmallest(_POOL, flawed, key=_score)
    kinds: set[str] = set()
    fresh: list[TrajectoryRecord] = []
    again: list[TrajectoryRecord] = []
    for row in lowest:
        kind = row.findings[0].kind if row.findings else row.fault or row.response_fault
        (again if kind in kinds else fresh).append(row)
        kinds.add(kind)
    return [*fresh, *again][:_PICKED]


def _score(row: TrajectoryRecord) -> float:
    return row.score if row.score is not None else 0.0


def of_trajectory(row: TrajectoryRecord) -> Example:
    """A row of an item as an example."""
    faults = tuple(dict.fromkeys(fault for fault in (row.fault, row.response_fault) if fault))
    return Example(row.seed_id, row.stages, row.response or "", "", row.findings, faults, row.verdict, row.score)


def _of_data(row: DataRecord) -> Example:
    came = row.provenance
    stages = (came.seed_instruction, row.instruction)
    return Example(row.id, stages, row.response, row.reasoning or "", came.findings, (), None, came.score)
