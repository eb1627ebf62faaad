"""The course of Self-Instruct: requests for new tasks and tasks on their way, in one row without a barrier.

A request that comes back gives candidates; what passes the filters goes into the pool and is sent on its way: is it a
classification, its instances, and the responder's answers where those are wanted. Candidates are admitted one after
the other, in the order of the requests, each compared with all that were admitted before; what a request shows is
what was known `window` journeys before it (schedule.py). So the rows are the same however many calls are under way.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

import anyio

from ....agents.bootstrap.asking import Draw, InventTask
from ....agents.gateway.errors import UsageError
from ....agents.messages import Task
from ....agents.team import Journey
from ...dataset.language import language_of
from ...dataset.seed import Seed
from ...record.making.self_instruct import SelfInstructSettings
from ...record.run import Run
from ..book import Book, Made
from .admission import Admission, Admitted
from .humans import Shown, Shows, human_tasks
from .schedule import Result, Schedule
from .ways import Ways
from .writing import Writer

__all__ = ["self_instruct"]

_LOOKED_AT = 500  # seed tasks that the language of the prompts is told from


async def self_instruct(run: Run, part: SelfInstructSettings, place: str, rows: Iterable[Seed]) -> Made:
    """New tasks from the rows that are there, each with an instance at least (arXiv 2212.10560).

    Args:
        run: the run.
        part: what is said of the recipe.
        place: folder and stage.
        rows: the seed tasks.

    Raises:
        SessionStopped: budget, key, quota or outage; `autoevol resume` goes on.
        UsageError: there is no seed task to show.
    """
    humans = human_tasks(rows, whole=part.whole)
    if not humans:
        raise UsageError(
            "There is no seed task to show the generator" + (" with its answer." if part.whole else "."),
            fix="Give seed tasks, with outputs for the preset alpaca.",
        )
    with Book(run, place) as book:
        course = _Course(run, part, place, humans, book)
        if part.with_seeds:
            course.writer.write_seeds(rows)
        await run.team.work(course, course.ways.follow, course.deliver)
        course.close()
        return book.made


class _Course:
    """First tasks as they are wanted, and what becomes of their journeys."""

    def __init__(
        self, run: Run, part: SelfInstructSettings, place: str, humans: Sequence[Shown], book: Book
    ) -> None:  # fmt: skip
        self._run, self._part, self._place, self._book = run, part, place, book
        self._shows = Shows(humans, part.shown, part.machine, run.settings.run_seed, place)
        self._language = language_of("\n".join(each.thought.instruction for each in humans[:_LOOKED_AT]))
        self._schedule = Schedule(part.count, part.per_call, part.window, part.patience)
        self._admission = Admission(part, place, humans, book)
        self._waiting: dict[str, Admitted] = {}
        self._queue: deque[Admitted] = deque()
        self._requests = self._made = 0
        self._changed = anyio.Event()
        self._tick = run.phase(None, place, part.count)
        self.ways = Ways(part, place, run.settings.run_seed)
        self.writer = Writer(part, place, self.ways, book)

    def __aiter__(self) -> _Course:
        return self

    async def __anext__(self) -> Task:
        """The next first task, or the end; waits for a result where there is nothing to ask without it."""
        while (wanted := self._schedule.wants) == "wait":
            await self._changed.wait()
        if wanted == "end":
            raise StopAsyncIteration
        self._schedule.issue(wanted)
        if wanted == "invent":
            self._requests += 1
            return self._request(self._requests)
        new = self._queue.popleft()
        task = self.ways.first(new)
        self._waiting[task.id] = new
        return task

    def _request(self, number: int) -> InventTask:
        part = self._part
        shown = self._shows.of(number, self._admission.made, self._schedule.known.found)
        return InventTask(
            id=f"{self._place}/r{number:06d}", stage=self._place, sample=number,
            shown=tuple(each.thought for each in shown), count=part.per_call, whole=part.whole,
            parents=tuple(each.id for each in shown), language=self._language,
            draw=Draw(part.form, part.temperature, part.top_p, part.task_tokens, part.presence_penalty),
        )  # fmt: skip

    async def deliver(self, journey: Journey) -> None:
        """A journey has ended; they come in the order in which they were begun."""
        self._run.heard(journey)
        if isinstance(journey[0], InventTask):
            result = self._invented(journey)
        else:
            new = self._waiting.pop(journey[0].id)
            made = self.writer.write(new, self._admission.id_of(new.number), journey)
            result = Result("task", made=int(made))
        for _ in range(min(result.made, self._part.count - self._made)):
            self._tick()
        self._made += result.made
        self._schedule.deliver(result)
        self._changed.set()
        self._changed = anyio.Event()

    def _invented(self, journey: Journey) -> Result:
        found = self._admission.take(journey)
        if not self._part.whole or self._part.answers == "responder":
            self._queue.extend(found)
            return Result("invent", admitted=len(found))
        wanted = self._part.count - self._made
        for new in found[:wanted]:
            self.writer.write(new, self._admission.id_of(new.number))
        for new in found[wanted:]:
            self.writer.surplus(new, self._admission.id_of(new.number))
        return Result("invent", made=min(len(found), wanted))

    def close(self) -> None:
        """What is left over, and what there is to tell."""
        for new in self._queue:
            self.writer.surplus(new, self._admission.id_of(new.number))
        if self._made < self._part.count:
            self._book.lines.append(
                f"Only {self._made:,} of {self._part.count:,} tasks were made: the last {self._part.patience:,} calls"
                " in a row gave none that is new."
            )
        self._book.lines.append(self.writer.figures.line)
        self._run.folder.write_json(f"{self._place}/figures.json", self.writer.figures.as_row)
