"""GEPA as a search strategy: the package `gepa` selects and asks for reflections, over our evaluation and our budget.

    gepa.optimize (a thread of its own)            the loop
    ───────────────────────────────────            ────────
    evaluate(batch, text) ──────────────────────►  team: evolver, responder, detectors, judge ─► scores
    make_reflective_dataset                        (findings and measures in words)
    propose_new_texts ──────────────────────────►  refiner, then our checks ─► a text, or nothing
    between two iterations ─────────────────────►  a person's wishes, and whether the budget suffices

GEPA keeps nothing on disk. Its course is a function of its seed and of what it is answered, so a run that was killed is
run again, and the journal answers what was paid for (design, law 2). What stops the session leaves GEPA at once: it
catches errors, and would take an outage for a bad proposal. What it prefers in the end is only a candidate: other items
of dev decide, and test confirms (optimizer/search).

Source: GEPA (arXiv 2507.19457), package `gepa` 0.1.4. With one text its merge can never fire, so it is left out.
"""

from __future__ import annotations

import concurrent.futures
import importlib
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any, TypeVar, TypeVarTuple

import anyio
from anyio import from_thread, to_thread

from ...agents.contract import written
from ...agents.gateway.errors import AutoEvolError
from ...agents.messages import Case
from ...agents.method import Method
from ...agents.rivals import Record, RecordsTask, record_of
from ..dataset.draws import generator
from ..dataset.seed import Seed
from ..record.rivals import minibatch_of
from ..record.run import Run
from ..search.candidates import Order, Proposed
from ..search.course import Plan
from ..search.evaluate import Score
from ..search.proposers.field import Field
from ..search.proposers.pool import Pool, Search
from ..search.trajectory import Trajectory

__all__ = ["Gepa"]

_METHOD = "method"  # the one component
_PERFECT = 1.0
ResultT = TypeVar("ResultT")
GivenT = TypeVarTuple("GivenT")


@dataclass(frozen=True, slots=True)
class Gepa:
    """The proposer whose step is a whole run of GEPA.

    Args:
        plan, score: how an item is scored.
    """

    plan: Plan
    score: Score
    reads_cases: bool = False

    async def __call__(self, run: Run, step: int, field: Field, cases: Sequence[Case]) -> list[Proposed]:
        """All that GEPA proposed; what it prefers in the end is the candidate.

        Raises:
            SessionStopped: budget, key, quota or outage, or a person.
        """
        pool = Pool(run, step, field, self.plan, self.score, "GEPA")
        if not pool.chooses:
            return []
        talk = _Talk(pool)
        ended = await to_thread.run_sync(_optimize, talk)
        await anyio.lowlevel.checkpoint()  # where the run was broken off this is where it ends
        if talk.stopped is not None:
            raise talk.stopped
        return pool.result(talk.search(ended))


class _Halt(BaseException):
    """Leaves GEPA: it catches every `Exception` and goes on."""


@dataclass(frozen=True, slots=True)
class _Ended:
    """What GEPA ended with; None of everything where it was left."""

    best: str = ""
    metric_calls: int = 0


@dataclass(slots=True)
class _Talk:
    """What the thread and the loop have to tell each other. The thread waits while the loop works, so no two write.

    Args:
        pool: our side.
    """

    pool: Pool
    methods: dict[str, Method] = field(default_factory=dict[str, Method])
    stopped: BaseException | None = None
    why: str = ""
    turns: int = 0

    def __post_init__(self) -> None:
        """GEPA knows methods by their text."""
        self.methods[written(self.start)] = self.start

    @property
    def start(self) -> Method:
        """What it begins with."""
        return self.pool.known.incumbent

    @property
    def minibatch(self) -> int:
        """Items that a proposal is tried on first."""
        return minibatch_of(self.pool.run.settings.search, len(self.pool.tries))

    def loop(self, function: Callable[[*GivenT], Coroutine[Any, Any, ResultT]], *given: *GivenT) -> ResultT:
        """Have the loop do something, and wait for it. Whatever ends the session ends GEPA, too."""
        if self.stopped is not None:
            raise _Halt
        try:
            return from_thread.run(function, *given)
        except AutoEvolError as error:
            self.stopped = error
            raise _Halt from error
        except concurrent.futures.CancelledError as error:
            raise _Halt from error

    # ------------------------------------------------------------ on the loop

    async def scored(self, text: str, seeds: Sequence[Seed]) -> list[tuple[Trajectory, float]]:
        """A method on some items, in their order."""
        standing = await self.pool.standing_of(self.methods[text], seeds)
        return [(standing.trajectories[seed.id], standing.scores[seed.id]) for seed in seeds]

    async def reflected(self, text: str, records: Sequence[Record], cases: Sequence[Case]) -> str:
        """The text of a new method; empty where none came or the checks refused it."""
        pool, parent = self.pool, self.methods[text]
        number = len(pool.proposals) + 1
        stage = f"steps/{pool.step:03d}"
        task = RecordsTask(
            id=f"{stage}/c{number}/reflect", stage=stage, sample=number - 1, method=parent, records=tuple(records),
            notes=pool.run.notes,
        )  # fmt: skip
        (proposed,) = await pool.propose([(Order(number, "bold", parent, analysed=False), task)], cases)
        pool.shown[number] = {"iteration": self.turns}
        method = proposed.method
        if method is None:
            return ""
        self.methods[written(method)] = method
        return written(method)

    async def ended(self, turn: int) -> bool:
        """Whether the next iteration should not begin."""
        self.turns = turn
        self.why = self.pool.reason_to_end(turn, 2 * self.minibatch + len(self.pool.chooses))
        return bool(self.why)

    # ------------------------------------------------------------ what is told of it

    def fate(self, **facts: Any) -> None:
        """What became of the last proposal."""
        self.pool.shown.setdefault(len(self.pool.proposals), {}).update(facts)

    def search(self, ended: _Ended) -> Search:
        """How it ended, for the record."""
        facts = {
            "package": f"gepa {metadata.version('gepa')}", "metric_calls": ended.metric_calls, "iterations": self.turns,
            "minibatch": self.minibatch,
        }  # fmt: skip
        return Search(self.methods[ended.best], self.why, facts)


class _Adapter:
    """The side that GEPA sees (its protocol `GEPAAdapter`)."""

    def __init__(self, talk: _Talk) -> None:
        self._talk = talk
        self._cases: list[Case] = []

    def evaluate(self, batch: list[Seed], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        """Scores of a method on a batch."""
        shown = self._talk.loop(self._talk.scored, candidate[_METHOD], batch)
        return _gepa("core.adapter").EvaluationBatch(
            outputs=[trajectory.evolved for trajectory, _ in shown],
            scores=[score for _, score in shown],
            trajectories=[trajectory.case(score) for trajectory, score in shown] if capture_traces else None,
        )

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: Any, components_to_update: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """What went in, what came out, and what detectors, measures and judge say of it."""
        self._cases = list(eval_batch.trajectories)
        return {name: [record_of(case).as_row() for case in self._cases] for name in components_to_update}

    def propose_new_texts(
        self, candidate: dict[str, str], reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],
        components_to_update: list[str],
    ) -> dict[str, str]:  # fmt: skip
        """The refiner's method, where it passes the checks; nothing else, and then GEPA spends nothing on it."""
        rows = reflective_dataset[_METHOD]
        records = [Record(row["Inputs"], row["Generated Outputs"], row["Feedback"]) for row in rows]
        text = self._talk.loop(self._talk.reflected, candidate[_METHOD], records, self._cases)
        return {_METHOD: text} if text else {}


class _Observer:
    """Hears what GEPA decides; it has no say in it."""

    def __init__(self, talk: _Talk) -> None:
        self._talk = talk

    def on_candidate_rejected(self, event: Mapping[str, Any]) -> None:
        """A proposal was no better than its parent on its minibatch."""
        before, after = event["old_score"], event["new_score"]
        self._talk.fate(
            before=before, after=after,
            fate=f"GEPA's gate: {after:.2f} in all on its {self._talk.minibatch} items, its parent {before:.2f}",
        )  # fmt: skip

    def on_valset_evaluated(self, event: Mapping[str, Any]) -> None:
        """A proposal passed the gate and was scored on all items that choose."""
        if event["candidate_idx"]:
            mean, items = event["average_score"], event["num_examples_evaluated"]
            fate = f"GEPA's pool: {mean:.3f} on the {items} items that choose, another did better"
            self._talk.fate(mean=mean, pool=event["candidate_idx"], fate=fate)


class _Silent:
    """GEPA's log, which nobody reads: what counts is on record."""

    def log(self, message: str) -> None:
        """Drop a line."""


def _gepa(part: str = "") -> Any:
    """The package, or a module of it: half a tenth of a second that only those wait who use it."""
    return importlib.import_module(f"gepa.{part}" if part else "gepa")


def _optimize(talk: _Talk) -> _Ended:
    """One run of GEPA, in a thread; whatever ends the session ends it."""
    pool = talk.pool
    each = 2 * talk.minibatch + len(pool.chooses)

    def stop(gepa_state: Any) -> bool:
        if gepa_state.total_num_evals + each > pool.limit:
            talk.why = f"another iteration might take more than its {pool.limit} metric calls"
            return True
        return talk.loop(talk.ended, gepa_state.i + 1)

    try:
        result = _gepa().optimize(
            seed_candidate={_METHOD: written(talk.start)},
            trainset=list(pool.tries),
            valset=list(pool.chooses),
            adapter=_Adapter(talk),
            reflection_minibatch_size=talk.minibatch,
            perfect_score=_PERFECT,
            stop_callbacks=[stop],
            callbacks=[_Observer(talk)],
            logger=_Silent(),
            seed=generator(pool.run.settings.run_seed, "gepa", pool.step).randrange(2**31),
            raise_on_exception=True,
        )
    except _Halt:
        return _Ended()
    return _Ended(str(result.best_candidate[_METHOD]), int(result.total_metric_calls or 0))
