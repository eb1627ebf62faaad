"""What a search of others has at hand in its one step: our evaluation, our refiner, our checks, and the record of it.

Every method is scored on an item once; who asks again is given what there is. So what is asked of models is a function
of the methods and items that come up, and a search that is run again pays for nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ....agents.messages import Case, Task
from ....agents.method import Method
from ....agents.team import Journey
from ...dataset.seed import Seed
from ...record.rivals import choosing_of, metric_calls_of
from ...record.run import Run
from ..candidates import Order, Proposed, proposed_by, texts_of
from ..checks import problems
from ..course import Plan
from ..evaluate import Contestant, Score, Standing, Work, evaluate
from ..reserve import reason_to_end
from .field import Field

__all__ = ["Pool", "Search", "choosing_seeds", "proving_seeds"]


def choosing_seeds(run_dev: Sequence[Seed], search: Any) -> Sequence[Seed]:
    """The items of dev that such a search chooses by."""
    dev = run_dev[: search.dev]
    return dev[: choosing_of(search, len(dev))]


def proving_seeds(run_dev: Sequence[Seed], search: Any) -> Sequence[Seed]:
    """The items of dev that had no part in it; none where there are too few for both."""
    dev = run_dev[: search.dev]
    cut = choosing_of(search, len(dev))
    return dev[cut:] if cut else ()


@dataclass(frozen=True, slots=True)
class Search:
    """How the search of a rival ended.

    Args:
        best: the method that it prefers.
        why: why it ended, for people.
        facts: what else is to be put on record.
    """

    best: Method
    why: str
    facts: Mapping[str, Any]


@dataclass(slots=True)
class Pool:
    """The methods of one search, with all that they have shown.

    Args:
        run, step, known: of the loop.
        plan, score: how an item is scored.
        name: of the strategy, for people.
    """

    run: Run
    step: int
    known: Field
    plan: Plan
    score: Score
    name: str
    standings: dict[str, Standing] = field(default_factory=dict[str, Standing])
    proposals: list[Proposed] = field(default_factory=list[Proposed])
    shown: dict[int, dict[str, Any]] = field(default_factory=dict[int, dict[str, Any]])
    _tick: Callable[[], None] | None = None

    # ------------------------------------------------------------ items

    @property
    def chooses(self) -> Sequence[Seed]:
        """The items that it chooses by."""
        return choosing_seeds(self.run.split.dev, self.run.settings.search)

    @property
    def tries(self) -> Sequence[Seed]:
        """The items that proposals are tried on first; those that it chooses by where there are no others."""
        return self.run.split.train or self.chooses

    @property
    def limit(self) -> int:
        """Metric calls that it may make."""
        search = self.run.settings.search
        return metric_calls_of(search, min(search.dev, len(self.run.split.dev)))

    @property
    def scored(self) -> int:
        """Items that were really scored."""
        return sum(len(standing.scores) for standing in self.standings.values())

    async def standing_of(self, method: Method, seeds: Sequence[Seed]) -> Standing:
        """All that a method has shown, these items included.

        Raises:
            SessionStopped: budget, key, quota or outage.
        """
        label = f"p{len(self.standings)}"
        standing = self.standings.setdefault(method.id, Standing(Contestant(label, method), {}, {}))
        if self._tick is None:
            self._tick = self.run.phase(self.step, self.name, self.limit)
        work = Work(f"steps/{self.step:03d}/dev", self.name, self.step, list(dict.fromkeys(seeds)))
        await evaluate(self.run, self.plan, self.score, [standing], work, self._tick)
        return standing

    def reason_to_end(self, turn: int, items: int) -> str:
        """Why the search should not go on, or an empty string; a person's wishes are taken up, too.

        Args:
            turn: of the search, from 0.
            items: that the next one may score.

        Raises:
            StoppedByPerson: the person asked to stop here.
        """
        point = f"steps/{self.step:03d}/search/{turn:04d}"
        self.run.at(f"{point}/begin", self.step, self.known.incumbent)
        later = 2 * len(proving_seeds(self.run.split.dev, self.run.settings.search))
        return reason_to_end(self.run, f"{point}/go", items, later)

    # ------------------------------------------------------------ proposals

    async def propose(self, tasks: Sequence[tuple[Order, Task]], cases: Sequence[Case] = ()) -> list[Proposed]:
        """Ask for methods, side by side; each is checked before a call is spent on it."""
        journeys = await self.ask([task for _, task in tasks])
        data = texts_of(self.run, cases)
        found: list[Proposed] = []
        for (order, _), journey in zip(tasks, journeys, strict=True):
            proposed = proposed_by(order, journey, self.step)
            method = proposed.method
            if method is not None:
                before = [self.known.start, *(other for one in self.proposals if (other := one.method))]
                others = [other for other in before if other.id != order.parent.id]
                wrong = problems(method, incumbent=order.parent, others=others, data=data, parents=order.parents)
                banned = ("a person banned it",) if self.run.bans(method) else ()
                proposed = replace(proposed, problems=(*wrong, *banned))
            self.proposals.append(proposed)
            found.append(proposed)
        return found

    async def ask(self, tasks: Sequence[Task]) -> list[Journey]:
        """Put questions side by side; what came of each, in their order."""
        journeys: list[Journey] = []

        async def deliver(journey: Journey) -> None:
            self.run.messages.write(journey)
            journeys.append(journey)

        await self.run.team.work(tasks, lambda _: None, deliver)
        return journeys

    # ------------------------------------------------------------ the end

    def result(self, search: Search) -> list[Proposed]:
        """The proposals as the loop takes them: who was chosen is the one candidate, of the others it says why not."""
        self._write(search)
        found: list[Proposed] = []
        for one in self.proposals:
            method, shown = one.method, self.shown.get(one.number, {})
            why: tuple[str, ...] = ()
            if method is not None and method.id != search.best.id:
                why = (str(shown.get("fate") or f"{self.name} preferred another"),)
            facts = {name: fact for name, fact in shown.items() if name != "fate"}
            found.append(replace(one, problems=(*one.problems, *why), shown=facts))
        self.run.watcher.note(self._words(search))
        return found

    def mean(self, method: Method) -> float | None:
        """Mean score on the items that choose; None where it has not met all of them."""
        standing = self.standings.get(method.id)
        seeds = self.chooses
        if standing is None or not seeds or any(seed.id not in standing.scores for seed in seeds):
            return None
        return sum(standing.values(seeds)) / len(seeds)

    def _words(self, search: Search) -> str:
        made = f"{self.name} ended because {search.why}: {len(self.proposals)} proposals, {self.scored} items scored"
        best, start = self.mean(search.best), self.mean(self.known.incumbent)
        if search.best.id == self.known.incumbent.id or best is None or start is None:
            return f"{made}; it prefers the method that it began with."
        return (
            f"{made}; it prefers a method with {best:.3f} on the {len(self.chooses)} items that chose it "
            f"(the start has {start:.3f}). That is its own figure: other items decide now."
        )

    def _write(self, search: Search) -> None:
        place = f"steps/{self.step:03d}"
        rows: list[dict[str, Any]] = []
        for standing in self.standings.values():
            contestant = standing.contestant
            trajectories = standing.trajectories.items()
            self.run.folder.write_rows(
                f"{place}/pool/{contestant.label}.jsonl",
                (t.as_row(standing.scores[seed], standing.parts.get(seed)) for seed, t in trajectories),
            )
            rows.append({
                "label": contestant.label, "method_id": contestant.method.id, "parent": contestant.method.parent,
                "items": len(standing.scores), "mean": standing.mean, "mean_choosing": self.mean(contestant.method),
            })  # fmt: skip
        self.run.folder.write_json(
            f"{place}/search.json",
            {
                "strategy": self.name, "ended": search.why, "best": search.best.id, "metric_calls_allowed": self.limit,
                "items_scored": self.scored, "choosing_items": len(self.chooses), "proposals": len(self.proposals),
                **search.facts, "pool": rows,
            },
        )  # fmt: skip
