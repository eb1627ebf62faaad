"""The course of scoring: ladders where they are wanted, examples out of them, then a mark for every turn of a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ....agents.gateway.errors import UsageError
from ....agents.grader import Example, Marked, MarkTask, Measure
from ....agents.messages import Failed, Reply, Task
from ....agents.team import Journey
from ...dataset.draws import draw_key, generator
from ...record.curating.deita import DeitaSettings
from ...record.run import Run
from ..naming import purpose
from ..rows import CurateRow, Rows
from .ladders import Ladder, Ladders, pairs_of
from .units import Graded, Unit, units_of

__all__ = ["Grades", "grade"]

_LONG = 2000
"""Characters of an example that is only taken where there is no shorter one."""


@dataclass(slots=True)
class Grades:
    """What came of scoring.

    Attributes:
        rows: by index.
        figures, lines: what there is to say of it.
    """

    rows: dict[int, Graded]
    figures: dict[str, Any] = field(default_factory=dict[str, Any])
    lines: list[str] = field(default_factory=list[str])


async def grade(run: Run, part: DeitaSettings, place: str, rows: Rows, wanted: Collection[int]) -> Grades:
    """Mark the wanted rows.

    With anchors, some rows that are drawn get ladders, and every row is marked beside the same examples out of them;
    without, every row has a ladder of its own; `direct` marks each alone. A row does not hang on others beside these
    examples, nor on the order of the rows.

    Raises:
        SessionStopped: budget, key, quota or outage.
        UsageError: no anchor could be ranked.
    """
    grades = Grades({})
    work = _Work(run, part, place, rows, grades)
    if part.way == "direct" or not part.anchors:
        await (work.ladders(wanted, _taking) if part.way == "joint" else work.marks(wanted, {}))
    else:
        examples = await work.examples(
            _drawn(run.settings.run_seed, purpose(part, place, "anchors"), rows, wanted, part.anchors)
        )
        grades.figures["examples"] = {
            measure: [{"mark": each.digit, "text": each.text} for each in found] for measure, found in examples.items()
        }
        await work.marks(wanted, examples)
    _told(part, grades)
    return grades


_Take = Callable[[Unit, Ladder, Graded], None]


def _taking(unit: Unit, ladder: Ladder, graded: Graded) -> None:
    """The mark of the text in its own ladder."""
    if not ladder.marks:
        graded.faults.append(f"{unit.measure}: {ladder.fault}")
        return
    graded.marks[unit.measure][unit.turn] = ladder.marks[0].value
    graded.smooth += ladder.marks[0].smooth


@dataclass(slots=True)
class _Work:
    """Takes units through the team, and keeps of each what it came to."""

    run: Run
    part: DeitaSettings
    place: str
    rows: Rows
    grades: Grades

    async def ladders(self, wanted: Collection[int], take: _Take) -> None:
        """A ladder for each unit of these rows."""
        maker = Ladders(self.run.settings.run_seed, self.place, self.part.temperature)

        def done(unit: Unit, journey: Journey) -> None:
            ladder = maker.read(unit, journey)
            graded = self.grades.rows[unit.row]
            graded.calls += ladder.calls
            take(unit, ladder, graded)

        await self._work(wanted, maker.next, done)

    async def examples(self, anchors: Collection[int]) -> dict[Measure, tuple[Example, ...]]:
        """For each measure marked texts out of the ladders of some rows: one a mark, shuffled once for all."""
        found: dict[Measure, list[Example]] = {measure: [] for measure in self.part.measures}

        def take(unit: Unit, ladder: Ladder, graded: Graded) -> None:
            asked = unit.instruction.text if unit.measure == "quality" else ""
            found[unit.measure] += [
                Example(asked, text, mark.digit) for text, mark in zip(ladder.texts, ladder.marks, strict=False)
            ]
            graded.faults += [] if ladder.marks else [f"{unit.measure}: {ladder.fault}"]

        await self.ladders(anchors, take)
        for graded in self.grades.rows.values():
            graded.faults.clear()
        seed = self.run.settings.run_seed
        chosen: dict[Measure, tuple[Example, ...]] = {
            measure: _one_a_mark(seed, purpose(self.part, self.place, f"examples/{measure}"), texts)
            for measure, texts in found.items()
        }
        lacking = [measure for measure, texts in chosen.items() if len(texts) < 2]
        if lacking:
            raise UsageError(
                f"Of {len(anchors):,} anchors too few could be ranked to give examples of {' and '.join(lacking)}.",
                fix="Name a more able model for the roles judge and evolver, or say `way = direct`.",
            )
        return chosen

    async def marks(self, wanted: Collection[int], examples: Mapping[Measure, tuple[Example, ...]]) -> None:
        """A mark for each unit of these rows."""

        def following(unit: Unit, journey: Journey) -> Sequence[Task] | None:
            if not journey:
                return (self._mark(unit, examples.get(unit.measure, ()), 0),)
            first = journey[1]
            enough = isinstance(first, Marked) and first.mark is not None and first.mark.smooth
            if len(journey) > 2 or enough or isinstance(first, Failed):
                return None
            return [self._mark(unit, examples.get(unit.measure, ()), draw) for draw in range(1, self.part.samples)]

        def done(unit: Unit, journey: Journey) -> None:
            graded = self.grades.rows[unit.row]
            replies = [reply for _, reply in pairs_of(journey)]
            graded.calls += [call for reply in replies for call in reply.calls]
            marks = [reply.mark for reply in replies if isinstance(reply, Marked) and reply.mark is not None]
            if marks:
                graded.marks[unit.measure][unit.turn] = sum(mark.value for mark in marks) / len(marks)
                graded.smooth += len(marks) == 1 and marks[0].smooth
            else:
                graded.faults.append(f"{unit.measure}: {_fault(replies[0])}")

        await self._work(wanted, following, done)

    def _mark(self, unit: Unit, examples: tuple[Example, ...], draw: int) -> MarkTask:
        """The first one as the judge is set, the others drawn."""
        return MarkTask(
            id=f"{unit.name}/mark{draw}", stage=self.place, sample=draw, measure=unit.measure, examples=examples,
            instruction=unit.instruction, response=unit.response if unit.measure == "quality" else "",
            temperature=1.0 if draw else None,
        )  # fmt: skip

    async def _work(
        self,
        wanted: Collection[int],
        following: Callable[[Unit, Journey], Task | Sequence[Task] | None],
        done: Callable[[Unit, Journey], None],
    ) -> None:
        """Take the units of these rows through the team."""
        turns = (units_of(row, self.part, self.place) for row in self.rows if row.index in wanted)
        tick = self.run.phase(None, self.place, sum(bool(unit.text.strip()) for units in turns for unit in units))
        open_units: dict[str, Unit] = {}

        def first_tasks() -> Iterator[Task]:
            for unit in self._units(wanted):
                first = following(unit, ())
                if first:
                    task = first if isinstance(first, Task) else first[0]
                    open_units[task.id] = unit
                    yield task

        async def deliver(journey: Journey) -> None:
            self.run.heard(journey)
            done(open_units.pop(journey[0].id), journey)
            tick()

        await self.run.team.work(first_tasks(), lambda journey: following(open_units[journey[0].id], journey), deliver)

    def _units(self, wanted: Collection[int]) -> Iterator[Unit]:
        for row in self.rows:
            if row.index not in wanted:
                continue
            units = list(units_of(row, self.part, self.place))
            graded = self.grades.rows.get(row.index)
            if graded is None:
                graded = Graded({measure: [None] * (len(units) // len(self.part.measures))
                                 for measure in self.part.measures})  # fmt: skip
                self.grades.rows[row.index] = graded
            for unit in units:
                if unit.text.strip():
                    yield unit
                else:
                    graded.faults.append(f"{unit.measure}: there is no text")


def _fault(reply: Reply) -> str:
    return reply.reason if isinstance(reply, Failed) else reply.fault if isinstance(reply, Marked) else "unreadable"


def _drawn(run_seed: int, named: str, rows: Iterable[CurateRow], wanted: Collection[int], count: int) -> set[int]:
    """Rows that are anchors: a random sample that does not hang on the order of the rows."""
    keys = sorted((draw_key(run_seed, named, row.seed.id), row.index) for row in rows
                  if row.index in wanted)  # fmt: skip
    return {index for _, index in keys[:count]}


def _one_a_mark(run_seed: int, named: str, texts: Sequence[Example]) -> tuple[Example, ...]:
    """Of each mark one text, a short one where there is any, in an order that is drawn."""

    def key(example: Example) -> tuple[bool, int]:
        return len(example.text) > _LONG, draw_key(run_seed, named, f"{example.asked}\x1f{example.text}")

    by_mark: dict[int, Example] = {}
    for example in sorted(texts, key=key):
        by_mark.setdefault(example.digit, example)
    chosen = [by_mark[digit] for digit in sorted(by_mark)]
    generator(run_seed, f"{named}/order").shuffle(chosen)
    return tuple(chosen)


def _told(part: DeitaSettings, grades: Grades) -> None:
    """How marks are spread, and where a measure says the same of nearly all rows."""
    figures: dict[str, Any] = {}
    for measure in part.measures:
        marks = [mark for graded in grades.rows.values() for mark in graded.marks.get(measure, ()) if mark is not None]
        spread = Counter(min(6, max(1, round(mark))) for mark in marks)
        most, count = max(spread.items(), key=lambda each: (each[1], each[0]), default=(0, 0))
        share = count / len(marks) if marks else 0.0
        figures[measure] = {
            "marked": len(marks), "mean": round(sum(marks) / len(marks), 4) if marks else None,
            "spread": {str(mark): spread[mark] for mark in range(1, 7)}, "same": round(share, 4),
        }  # fmt: skip
        grades.lines.append(f"{measure}: {len(marks):,} marks; {share:.0%} of them are {most}")
    total = sum(figures[measure]["marked"] for measure in part.measures)
    smooth = sum(graded.smooth for graded in grades.rows.values())
    grades.figures |= {
        "way": part.way, "anchors": part.anchors if part.way == "joint" else 0, "marks": figures,
        "by_log_probabilities": round(smooth / total, 4) if total else 0.0,
    }  # fmt: skip
    if part.way == "direct":
        grades.lines.append("Texts were marked alone, without others beside them: such marks saturate (docs/asking.md)")
