"""The loop of the paper: several analyses of the incumbent's batch, a candidate from each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....agents.messages import Case
from ....agents.method import Method
from ...record.run import Run
from ..candidates import Order, Proposed, propose
from .field import Field

__all__ = ["AutoEvol", "complement"]


@dataclass(frozen=True, slots=True)
class AutoEvol:
    """Analyse, then refine (Auto Evol-Instruct, sections 3.2 and 3.3): small edits and bold ones in turn, and a merge.

    From the second step on the last candidate is the incumbent merged with the method that complements it best, where
    there is one. Of one or two candidates that would be half or all of them: then it is so in every other step.

    Args:
        candidates: proposals of a step.
        merging: whether methods are merged; the published loop does not.
    """

    candidates: int
    merging: bool = True
    reads_cases: bool = True

    def orders(self, step: int, field: Field) -> list[Order]:
        """What is asked for in a step."""
        orders = [
            Order(index + 1, "bold" if (step * self.candidates + index) % 2 else "small", field.incumbent)
            for index in range(self.candidates)
        ]
        other = complement(field) if self.merging and (self.candidates > 2 or step % 2) else None
        if other is not None:
            orders[-1] = Order(self.candidates, "merge", field.incumbent, other)
        return orders

    async def __call__(self, run: Run, step: int, field: Field, cases: Sequence[Case]) -> list[Proposed]:
        """Candidates of the incumbent."""
        return await propose(run, step, field, cases, self.orders(step, field))


def complement(field: Field) -> Method | None:
    """The best other method that may have children and wins on some items; None where there is none.

    The best is the one with the highest mean difference on the items that it and the incumbent both met; of equals the
    one that wins on more, then the earlier.
    """
    mine, barren = field.scores(field.incumbent.id), field.barren()
    ranked: list[tuple[float, int, int, Method]] = []
    for order, row in enumerate(field.others()):
        theirs = field.scores(row.method.id)
        gains = [theirs[seed] - mine[seed] for seed in theirs if seed in mine]
        wins = sum(gain > 0 for gain in gains)
        if wins and row.method.id not in barren:
            ranked.append((-sum(gains) / len(gains), -wins, order, row.method))
    return min(ranked)[-1] if ranked else None
