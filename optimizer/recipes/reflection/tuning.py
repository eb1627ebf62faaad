"""Selective Reflection-Tuning (arXiv 2402.10110) over all rows: each goes its own way, and is written in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import JsonValue

from ....agents.messages import Reply, Task
from ....agents.team import Journey
from ....prompts import check_all, shipped
from ...dataset.rows import DataRow, DroppedRow, Provenance
from ...dataset.seed import Seed
from ...record.making.reflection import ReflectionSettings
from ...record.run import Run
from ...scoring.frames import frame_of
from ..book import Book, Made, cost_of, count_of, keys_of, models_of
from .course import Course, Outcome, first_task
from .judged import JudgedCourse
from .probe import prove_alignment
from .versions import Reader

__all__ = ["reflection"]

_RECIPE = "reflection"


async def reflection(run: Run, part: ReflectionSettings, place: str, rows: Iterable[Seed]) -> Made:
    """Have a teacher reflect on every row, and a student select what is kept.

    Raises:
        UsageError: the student's log-probabilities are not those of the text, or the frame is none.
        SessionStopped: budget, key, quota or outage; rows finished by then are in the files.
    """
    course: Course | JudgedCourse = JudgedCourse(part)
    if part.measure != "judge":
        course = Course(part, reader_of(run, part.frame, part.start, part.floor))
        await prove_alignment(run, place, part.start)
    with Book(run, place) as book:
        desk = _Desk(run, place, course, book, count_of(rows))
        await run.team.work(desk.tasks(rows), course.route, desk.deliver)
        desk.flush()
        book.lines += desk.lines()
        return book.made


def reader_of(run: Run, frame: str, start: str, floor: int) -> Reader:
    """How the run's student reads."""
    prompts = check_all(Path(run.settings.prompts)) if run.settings.prompts else shipped()

    def guess(response: str, language: str) -> str:
        return prompts.get("make-reflection-guess", language).fill(response=response)

    return Reader(frame_of(frame), guess, start, floor, run.settings.roles.student.model)


class _Desk:
    """Where rows go out as first tasks and come back as journeys, in the same order."""

    def __init__(self, run: Run, place: str, course: Course | JudgedCourse, book: Book, total: int) -> None:
        self._run = run
        self._place = place
        self._course = course
        self._book = book
        self._out: deque[Seed] = deque()  # under way, and rows without a response between them
        self._tick = run.phase(None, place, total)
        self._kept_old = self._new_instruction = 0

    def tasks(self, rows: Iterable[Seed]) -> Iterator[Task]:
        """The first task of every row that has a response."""
        for seed in rows:
            self._book.taken += 1
            self._out.append(seed)
            if seed.response:
                yield first_task(f"{self._place}/{seed.id}", self._place, seed.instruction, seed.response)
            elif len(self._out) == 1:
                self.flush()

    async def deliver(self, journey: Journey) -> None:
        """Write what became of a row."""
        self.flush()
        seed = self._out.popleft()
        self._run.heard(journey)
        calls = [call for message in journey if isinstance(message, Reply) for call in message.calls]
        outcome = self._course.outcome(journey)
        notes = notes_of(outcome)
        if outcome.kept is None:
            assert outcome.drop is not None  # noqa: S101  it is one or the other
            self._book.drop(
                DroppedRow(
                    seed.id, self._place, outcome.drop.reason, outcome.drop.detail, calls=keys_of(calls),
                    cost=cost_of(calls), notes=notes,
                )
            )  # fmt: skip
        else:
            self._new_instruction += outcome.chosen == "instruction"
            self._kept_old += outcome.kept.name in {"original", "instruction"}
            came = Provenance(
                seed.id, seed.line, seed.instruction.text, calls=keys_of(calls), cost=cost_of(calls),
                models=models_of(calls), recipe=_RECIPE, parents=(seed.id,), notes=notes,
            )  # fmt: skip
            asked = outcome.kept.instruction
            self._book.keep(DataRow(seed.id, asked.text, outcome.kept.response, came, asked.system, asked.context))
        self._tick()

    def flush(self) -> None:
        """Write the rows without a response that stand before the next one under way."""
        while self._out and not self._out[0].response:
            seed = self._out.popleft()
            detail = "there is no response to reflect on"
            self._book.drop(DroppedRow(seed.id, self._place, "no-response", detail))
            self._tick()

    def lines(self) -> list[str]:
        """What there is to tell."""
        return [
            f"Of the rows kept, {self._new_instruction:,} have a new instruction, {self._kept_old:,} their response."
        ]


def notes_of(outcome: Outcome) -> dict[str, JsonValue]:
    """Versions, critiques, faults and scores of a row, for its provenance."""
    scores: dict[str, JsonValue] = {
        "ifd": {name: score.as_row() for name, score in outcome.ifd.items()},
        "r_ifd": {name: score.as_row() for name, score in outcome.rifd.items()},
    }
    if outcome.picks is not None:
        # Nothing of it is an IFD, so nothing is called so.
        scores = {"proxy": "judge", "picks": {side: list(picks) for side, picks in outcome.picks.items()}}
    return {
        "kept": outcome.kept.name if outcome.kept else None,
        "chosen_instruction": outcome.chosen or None,
        "versions": {
            version.name: {"instruction": version.instruction.text, "response": version.response}
            for version in outcome.versions
        },
        "critiques": dict(outcome.critiques),
        "faults": dict(outcome.faults),
        **scores,
    }
