"""Seeds through the team by a method, and what came of them, scored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from anyio.to_thread import run_sync

from ...agents.messages import AnswerTask, Evolved, EvolveTask, Task
from ...agents.method import Method
from ...agents.team import Journey
from ..dataset.draws import generator
from ..dataset.seed import Seed
from ..record.run import Run
from ..scoring.item import ItemScore
from .course import Plan, next_tasks
from .trajectory import Trajectory, trajectory_of

__all__ = ["Contestant", "Errand", "Given", "Score", "Standing", "Work", "drawn_for", "evaluate", "travel"]

Score = Callable[[Trajectory], ItemScore]
"""The score of one trajectory, in [0, 1], with its parts."""


@dataclass(frozen=True, slots=True)
class Given:
    """What another tool made of a seed: the evolved text (blank where it made none), and the answer if it has one."""

    text: str
    response: str | None = None


@dataclass(frozen=True, slots=True)
class Contestant:
    """A method in a race, under the name of its place (`incumbent`, `c2`, `just-longer`).

    Args:
        given: texts by seed id that stand instead of calls, in a single round; seeds that are not in it are left out.
    """

    label: str
    method: Method
    given: Mapping[str, Given] | None = None

    def meets(self, seed: Seed) -> bool:
        """Whether it has something to show on this seed."""
        return self.given is None or seed.id in self.given


@dataclass(slots=True)
class Standing:
    """What a contestant has shown so far: trajectories and scores by seed id. `dropped_at` items it left the race.

    `parts` are those of the scores. `refused` says why it may not be accepted whatever its scores are.
    """

    contestant: Contestant
    trajectories: dict[str, Trajectory]
    scores: dict[str, float]
    dropped_at: int | None = None
    parts: dict[str, Mapping[str, float]] = field(default_factory=dict[str, Mapping[str, float]])
    refused: str = ""

    @property
    def mean(self) -> float | None:
        """Mean score over its items, or None before the first."""
        return sum(self.scores.values()) / len(self.scores) if self.scores else None

    def values(self, seeds: Sequence[Seed]) -> list[float]:
        """Its scores on these seeds, in their order."""
        return [self.scores[seed.id] for seed in seeds]


@dataclass(frozen=True, slots=True)
class Errand:
    """One seed to be taken through by one contestant's method. `sample` asks for another draw of every answer."""

    contestant: Contestant
    seed: Seed
    stage: str
    sample: int = 0

    @property
    def given(self) -> Given | None:
        """What stands already."""
        return self.contestant.given[self.seed.id] if self.contestant.given is not None else None

    def first_task(self, run_seed: int) -> EvolveTask:
        """The message that starts it; its id is the place in the run."""
        return EvolveTask(
            id=f"{self.stage}/{self.contestant.label}/{self.seed.id}/r1/evolve",
            stage=self.stage,
            sample=self.sample,
            instruction=self.seed.instruction,
            method=drawn_for(self.contestant.method, self.seed.id, run_seed),
            given=self.given.text if self.given else None,
        )

    def plan(self, plan: Plan) -> Plan:
        """What is done with it: a given text is the last one."""
        return plan if self.given is None else replace(plan, rounds=1)

    def next_tasks(self, plan: Plan, journey: Journey) -> Sequence[Task]:
        """What is asked next; a given answer stands instead of the responder's first one."""
        tasks = next_tasks(self.plan(plan), self.seed, journey)
        # Further answers, which a check compares with the first, are never the given one again.
        if self.given is None or not isinstance(journey[-1], Evolved):
            return tasks
        return [replace(task, given=self.given.response) if isinstance(task, AnswerTask) else task for task in tasks]


@dataclass(frozen=True, slots=True)
class Work:
    """A part of the run: its stage (place), its name for people, its step, the seeds it looks at, and which draw."""

    stage: str
    name: str
    step: int | None
    seeds: Sequence[Seed]
    sample: int = 0


def drawn_for(method: Method, seed_id: str, run_seed: int) -> Method:
    """What the evolver is told for one seed: the method; of `evol-instruct` one of its operations, drawn at random."""
    if method.control != "evol-instruct":
        return method
    index = generator(run_seed, f"evol-instruct/{seed_id}").randrange(len(method.clauses))
    return replace(method, clauses=(method.clauses[index],), control="", origins=())


async def travel(
    run: Run, plan: Plan, errands: Iterable[Errand], deliver: Callable[[Errand, Trajectory], None]
) -> None:
    """Take errands through the team; `deliver` gets each with its trajectory, in the order of the errands.

    Only what is under way is in memory.
    """
    underway: dict[str, Errand] = {}

    def first_tasks() -> Iterator[Task]:
        for errand in errands:
            task = errand.first_task(run.settings.run_seed)
            underway[task.id] = errand
            yield task

    def following(journey: Journey) -> Sequence[Task]:
        return underway[journey[0].id].next_tasks(plan, journey)

    async def route(journey: Journey) -> Sequence[Task]:
        return await run_sync(following, journey)

    def read(errand: Errand, journey: Journey) -> Trajectory:
        return trajectory_of(errand.plan(plan), errand.seed, journey, errand.contestant.method.id)

    async def finish(journey: Journey) -> None:
        errand = underway.pop(journey[0].id)
        run.heard(journey)
        deliver(errand, await run_sync(read, errand, journey) if plan.slow else read(errand, journey))

    await run.team.work(first_tasks(), route if plan.slow else following, finish)


async def evaluate(
    run: Run, plan: Plan, score: Score, standings: Sequence[Standing], work: Work,
    tick: Callable[[], None] | None = None,
) -> None:  # fmt: skip
    """Bring every standing up to date on the same seeds; what a contestant has already shown is not asked again.

    `tick` counts the items of a part of the work that was announced already; without, this is a part of its own.
    """
    by_label = {standing.contestant.label: standing for standing in standings}
    # Contestant by contestant: all calls of one method share the long prefix that providers cache.
    errands = [
        Errand(standing.contestant, seed, work.stage, work.sample)
        for standing in standings
        for seed in work.seeds
        if seed.id not in standing.scores and standing.contestant.meets(seed)
    ]
    counted = tick or run.phase(work.step, work.name, len(errands))

    def deliver(errand: Errand, trajectory: Trajectory) -> None:
        standing = by_label[errand.contestant.label]
        standing.trajectories[errand.seed.id] = trajectory
        scored = score(trajectory)
        standing.scores[errand.seed.id] = scored.value
        standing.parts[errand.seed.id] = scored.parts
        counted()

    await travel(run, plan, errands, deliver)
