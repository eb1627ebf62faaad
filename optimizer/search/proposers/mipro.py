"""Instructions proposed up front and chosen among: MIPROv2 where there is one text and no examples.

    a look at the data + a look at the method ─► descriptions ─► n methods, each with a tip that is drawn
    trial: the arm with the highest upper bound ─► a minibatch of the items that choose; each fifth trial a full look

Source: MIPRO (arXiv 2406.11695, sections 3.1 and 3.3) and the optimizer MIPROv2 of DSPy: grounded proposals,
minibatches of 35, a full evaluation of the best average after every five. With one text and no demonstrations its
surrogate (TPE) has one categorical variable, the number of the instruction, so it is a bandit over n arms. Here that is
UCB1 (Auer and others 2002) over all items that an arm has met; tips and minibatches are drawn from named generators.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ....agents.messages import Analysis, Case
from ....agents.method import Method
from ....agents.rivals import DescribeTask, GroundTask
from ...dataset.draws import generator
from ...record.rivals import arms_of, minibatch_of
from ...record.run import Run
from ..candidates import Order, Proposed
from ..course import Plan
from ..evaluate import Score
from .field import Field
from .pool import Pool, Search

__all__ = ["FULL_EVERY", "TIPS", "Mipro", "next_arm"]

FULL_EVERY = 5
"""After so many minibatches the arm with the best average that has not met all items meets them."""

TIPS = 5
"""Lines of the prompt `rival-tips`; each arm draws one of them, or none."""

_LOOKED_AT = 10  # instructions that the data is described from


@dataclass(frozen=True, slots=True)
class Mipro:
    """The proposer whose step is a whole search among instructions that are proposed up front.

    Args:
        plan, score: how an item is scored.
    """

    plan: Plan
    score: Score
    reads_cases: bool = False

    async def __call__(self, run: Run, step: int, field: Field, cases: Sequence[Case]) -> list[Proposed]:
        """All arms; the one with the best full evaluation is the candidate.

        Raises:
            SessionStopped: budget, key, quota or outage, or a person.
        """
        pool = Pool(run, step, field, self.plan, self.score, "MIPRO")
        if not pool.chooses:
            return []
        proposed = await _proposals(pool, await _described(pool))
        arms = [field.incumbent, *(method for one in proposed if (method := one.method))]
        trials = _Trials(pool, [_Arm(method) for method in arms])
        why = await trials.run()
        for one in proposed:
            if one.method is not None:
                pool.shown[one.number] = trials.shown(one.method)
        facts = {"minibatch": trials.minibatch, "trials": trials.number, "full_every": FULL_EVERY}
        return pool.result(Search(trials.best, why, facts))


async def _described(pool: Pool) -> tuple[str, ...]:
    """What is said of the data and of the method; less where no answer came."""
    stage = f"steps/{pool.step:03d}"
    method = pool.known.incumbent
    drawn = list(pool.tries)
    generator(pool.run.settings.run_seed, "mipro/data", pool.step).shuffle(drawn)
    texts = tuple(seed.instruction.text for seed in drawn[:_LOOKED_AT])
    tasks = [
        DescribeTask(id=f"{stage}/describe/data", stage=stage, method=method, instructions=texts),
        DescribeTask(id=f"{stage}/describe/method", stage=stage, method=method),
    ]
    said = [journey[-1] for journey in await pool.ask(tasks)]
    return tuple(one.raw for one in said if isinstance(one, Analysis) and one.raw)


async def _proposals(pool: Pool, known: tuple[str, ...]) -> list[Proposed]:
    """The arms but for the start, asked for side by side."""
    stage, method = f"steps/{pool.step:03d}", pool.known.incumbent
    run_seed = pool.run.settings.run_seed
    tasks = [
        (
            Order(number, "bold", method, analysed=False),
            GroundTask(
                id=f"{stage}/c{number}/ground", stage=stage, sample=number - 1, method=method, known=known,
                tip=generator(run_seed, f"mipro/tip/{pool.step}", number).randrange(TIPS + 1),
            ),
        )
        for number in range(1, arms_of(pool.run.settings.search) + 1)
    ]  # fmt: skip
    return await pool.propose(tasks)


@dataclass(slots=True)
class _Arm:
    """An instruction with the scores of the items that it has met, in the order of the trials."""

    method: Method
    scores: dict[str, float] = field(default_factory=dict[str, float])

    @property
    def mean(self) -> float:
        """Over all items met."""
        return sum(self.scores.values()) / len(self.scores) if self.scores else 0.0


def next_arm(met: Sequence[tuple[float, int]], items: int) -> int | None:
    """Which arm is tried next: the first that met nothing, else the one with the highest upper bound of its mean.

    Args:
        met: mean and number of items met, of each arm.
        items: how many there are; an arm that met all is not tried any more.

    Returns:
        Its index, or None where all have met all. Of equals the first.
    """
    open_arms = [index for index, (_, count) in enumerate(met) if count < items]
    if not open_arms:
        return None
    total = max(2, sum(count for _, count in met))

    def bound(index: int) -> float:
        mean, count = met[index]
        return mean + math.sqrt(math.log(total) / (2 * count)) if count else math.inf

    return max(open_arms, key=lambda index: (bound(index), -index))


@dataclass(slots=True)
class _Trials:
    """Minibatches and full looks, until the metric calls are used up or every arm has met all items."""

    pool: Pool
    arms: list[_Arm]
    number: int = 0

    @property
    def minibatch(self) -> int:
        """Items of a trial."""
        return minibatch_of(self.pool.run.settings.search, len(self.pool.chooses))

    @property
    def best(self) -> Method:
        """The best full evaluation; the start where no other was fully evaluated. Of equals the first."""
        full = [arm for arm in self.arms if len(arm.scores) == len(self.pool.chooses)]
        return max(full, key=lambda arm: arm.mean).method if full else self.arms[0].method

    async def run(self) -> str:
        """All trials; why they ended."""
        items = len(self.pool.chooses)
        await self._meet(self.arms[0], range(items))
        while (index := next_arm([(arm.mean, len(arm.scores)) for arm in self.arms], items)) is not None:
            if self.pool.scored + self.minibatch > self.pool.limit:
                return f"another trial might take more than its {self.pool.limit} metric calls"
            if why := self.pool.reason_to_end(self.number, self.minibatch + items):
                return why
            await self._meet(self.arms[index], self._drawn())
            self.number += 1
            if self.number % FULL_EVERY == 0:
                await self._look_fully()
        return "every instruction has met all items"

    def shown(self, method: Method) -> dict[str, object]:
        """What an arm showed, for the record."""
        arm = next(arm for arm in self.arms if arm.method.id == method.id)
        met, items = len(arm.scores), len(self.pool.chooses)
        fate = f"MIPRO: {arm.mean:.3f} on {met} of {items} items, another did better"
        return {"mean": arm.mean, "items": met, "fate": fate if met else "MIPRO: the metric calls were used up before"}

    def _drawn(self) -> Sequence[int]:
        rng = generator(self.pool.run.settings.run_seed, f"mipro/minibatch/{self.pool.step}", self.number)
        return rng.sample(range(len(self.pool.chooses)), self.minibatch)

    async def _look_fully(self) -> None:
        """The arm with the best average that has not met all items meets them, where the metric calls suffice."""
        items = len(self.pool.chooses)
        part = [arm for arm in self.arms if 0 < len(arm.scores) < items]
        if part:
            arm = max(part, key=lambda one: one.mean)
            if self.pool.scored + items - len(arm.scores) <= self.pool.limit:
                await self._meet(arm, range(items))

    async def _meet(self, arm: _Arm, indices: Sequence[int]) -> None:
        seeds = [self.pool.chooses[index] for index in indices]
        standing = await self.pool.standing_of(arm.method, seeds)
        for seed in seeds:
            arm.scores[seed.id] = standing.scores[seed.id]
