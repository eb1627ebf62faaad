"""Programs on many examples at once, in worker threads and through the gateway."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
from anyio.to_thread import run_sync

from ...agents.gateway.errors import AutoEvolError, UsageError
from .errand import CallOff, Errand
from .one_use import Conditions, Rollout, use_once

__all__ = ["TEST", "Bench", "Entrant", "Item", "draws_of"]

TEST = "test"
"""The stage that confirms; one of this name takes no answer of another folder (design, law 6)."""

_MOST_ERRORS = 10  # of the metric, in all; as many as DSPy bears


def draws_of(compilation: str) -> int:
    """Where the draws begin that confirm what a compilation found, by its name.

    Another compilation in the same folder may have decided on these very examples; its answers are not fresh.
    """
    return int(hashlib.sha256(f"autoevol/test/{compilation}".encode()).hexdigest()[:12], 16)


@dataclass(frozen=True, slots=True)
class Item:
    """An example, under a name that its place in the data gives it."""

    id: str
    example: Any


@dataclass(frozen=True, slots=True)
class Entrant:
    """A program, under the name of its place (`incumbent`, `c2`, `start`), and what it is to be used on."""

    label: str
    program: Any
    items: Sequence[Item]


@dataclass(slots=True)
class Bench:
    """Where programs are tried.

    Args:
        conditions: how they are used.
        threads: uses at a time.
        test_draws: number of the first draw of what is asked to confirm (`draws_of`).
        call_off: ends everything that is under way.
        scored: uses so far.
        failed: those of them that gave no result, or none that could be scored.
    """

    conditions: Conditions
    threads: int
    test_draws: int = 0
    call_off: CallOff = field(default_factory=CallOff)
    scored: int = 0
    failed: int = 0
    _errors: int = 0
    _problem: AutoEvolError | None = None

    async def roll(self, stage: str, entrants: Sequence[Entrant], *, parts: bool = False) -> list[dict[str, Rollout]]:
        """Use each program on its items.

        Args:
            stage: part of the work that the calls are booked on.
            entrants: the programs.
            parts: whether the uses of single parts are wanted.

        Returns:
            For each program its rollouts by the item's id, in the order of the items.

        Raises:
            SessionStopped: the session cannot go on; nothing of it became a score.
            UsageError: the metric gives no scores, or raises too often.
        """
        found: list[dict[str, Rollout]] = [{} for _ in entrants]
        limiter = anyio.CapacityLimiter(self.threads)
        done = False

        async def watch() -> None:
            try:
                await anyio.sleep_forever()
            finally:  # threads do not hear that they are cancelled, but what they wait for can be called off
                if not done:
                    self.call_off()

        async def one(at: int, item: Item) -> None:
            first = self.test_draws if stage == TEST else 0
            errand = Errand(stage, f"{stage}/{entrants[at].label}/{item.id}", self.call_off, first)

            def work() -> Rollout:
                return use_once(self.conditions, entrants[at].program, item.example, errand, parts=parts)

            try:
                found[at][item.id] = self._counted(await run_sync(work, limiter=limiter))
            except AutoEvolError as error:
                # The first counts; all others end by being called off.
                self._problem = self._problem or error
                self.call_off()

        async with anyio.create_task_group() as watching:
            watching.start_soon(watch)
            async with anyio.create_task_group() as working:
                for at, entrant in enumerate(entrants):
                    for item in entrant.items:
                        working.start_soon(one, at, item)
            done = True
            watching.cancel_scope.cancel()
        if self._problem is not None:
            raise self._problem
        return [{i.id: rolled[i.id] for i in one.items} for rolled, one in zip(found, entrants, strict=True)]

    def _counted(self, rollout: Rollout) -> Rollout:
        self.scored += 1
        self._errors += bool(rollout.of_metric)
        self.failed += bool(rollout.failure)
        if self._errors > _MOST_ERRORS:
            raise UsageError(
                f"The metric failed on {self._errors} predictions, the last time with: {rollout.of_metric}",
                fix="Mend the metric and start again with the same folder: nothing is paid twice.",
            )
        return rollout
