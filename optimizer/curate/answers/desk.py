"""Where rows go out as first tasks and come back as journeys, in the order of the rows, whatever is asked of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ....agents.gateway.errors import UsageError
from ....agents.messages import Call, Reply, Task
from ....agents.team import Journey
from ...dataset.seed import Seed
from ...recipes.book import Book, count_of
from ...record.run import Run
from ...scoring.sandbox import isolation
from ...scoring.selection import Drop

__all__ = ["Course", "Errand", "calls_of", "need_sandbox", "work_through"]


@dataclass(frozen=True, slots=True)
class Errand:
    """A row under way: where its tasks are booked, and what was answered so far.

    Args:
        seed: the row.
        place: what the ids of its tasks begin with.
        stage: the part of the run.
        replies: by what was asked: the end of the task's id (`answer/0`, `code/3/run`), in the order of asking.
    """

    seed: Seed
    place: str
    stage: str
    replies: Mapping[str, Reply]

    def id(self, what: str) -> str:
        """The id of one of its tasks."""
        return f"{self.place}/{what}"

    def lacks(self, what: str) -> bool:
        """Whether this was not asked yet."""
        return what not in self.replies


class Course(Protocol):
    """The way of every row.

    `begin` is called once for each row, in their order, and may know of the rows before it. `follow` is asked after
    every reply, in any order, and again when a run is resumed: what it asks is a function of the row and of what was
    answered so far.
    """

    def begin(self, errand: Errand) -> Task | Drop:
        """What a row begins with, or why it is none without any question."""
        ...

    def follow(self, errand: Errand) -> Sequence[Task] | Awaitable[Sequence[Task]]:
        """What is asked next, side by side; nothing when the way of the row is over."""
        ...

    def finish(self, errand: Errand, drop: Drop | None) -> None:
        """Write what became of a row; `drop` where it fell before anything was asked."""
        ...


async def work_through(run: Run, place: str, course: Course, book: Book, rows: Iterable[Seed]) -> None:
    """Take every row on its way, and finish them in their order.

    Raises:
        SessionStopped: budget, key, quota or outage; rows finished by then are in the files.
    """
    desk = _Desk(run, place, course, book, count_of(rows))
    await run.team.work(desk.tasks(rows), desk.route, desk.deliver)
    desk.flush()


class _Desk:
    def __init__(self, run: Run, place: str, course: Course, book: Book, total: int) -> None:
        self._run = run
        self._place = place
        self._course = course
        self._book = book
        self._out: deque[tuple[Errand, Drop | None]] = deque()
        self._under_way: dict[str, Seed] = {}
        self._tick = run.phase(None, place, total)

    def tasks(self, rows: Iterable[Seed]) -> Iterator[Task]:
        """The first task of every row that has one."""
        for seed in rows:
            self._book.taken += 1
            errand = Errand(seed, f"{self._place}/{seed.id}", self._place, {})
            first = self._course.begin(errand)
            self._out.append((errand, first if isinstance(first, Drop) else None))
            if isinstance(first, Drop):
                if len(self._out) == 1:
                    self.flush()
                continue
            self._under_way[first.id] = seed
            yield first

    def route(self, journey: Journey) -> Sequence[Task] | Awaitable[Sequence[Task]]:
        """What follows."""
        return self._course.follow(self._errand(journey))

    async def deliver(self, journey: Journey) -> None:
        """Write what became of a row."""
        self.flush()
        self._out.popleft()
        self._run.heard(journey)
        self._course.finish(self._errand(journey), None)
        del self._under_way[journey[0].id]
        self._tick()

    def flush(self) -> None:
        """Write the rows that nothing was asked of and that stand before the next one under way."""
        while self._out and (drop := self._out[0][1]) is not None:
            self._course.finish(self._out.popleft()[0], drop)
            self._tick()

    def _errand(self, journey: Journey) -> Errand:
        seed = self._under_way[journey[0].id]
        place = f"{self._place}/{seed.id}"
        replies = {
            task.id.removeprefix(f"{place}/"): reply
            for task, reply in zip(journey[::2], journey[1::2], strict=True)
            if isinstance(reply, Reply)
        }
        return Errand(seed, place, self._place, replies)


def calls_of(errand: Errand) -> list[Call]:
    """All calls of a row."""
    return [call for reply in errand.replies.values() for call in reply.calls]


async def need_sandbox(run: Run, place: str) -> None:
    """Refuse, before anything is paid for, where code cannot be run; a finished run is rebuilt from its record.

    Raises:
        UsageError: this machine cannot shut a program in, the sandbox is switched off, or this run does without it.
    """
    if any(event["kind"] == "finished" for event in run.events.past):
        return
    missing = (await isolation()).missing
    why = f"nothing here holds back {', '.join(missing)}" if missing else ""
    if run.settings.checks.sandbox == "off":
        why = "it is switched off (checks.sandbox)"
    elif run.events.decided("sandbox") is not None:
        why = why or "this run went on without it, on a machine that could not shut programs in"
    if why:
        raise UsageError(
            f"{place} must run code, and the sandbox cannot be used: {why}.",
            fix="Start the run on Linux 5.13 or later with seccomp and Landlock (docs/sandbox.md).",
        )
