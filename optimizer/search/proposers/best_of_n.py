"""A baseline: rewrite the starting method many times over, and let the race find the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....agents.messages import Case
from ...record.run import Run
from ..candidates import Order, Proposed, propose
from .field import Field

__all__ = ["BestOfN"]


@dataclass(frozen=True, slots=True)
class BestOfN:
    """Independent bold rewrites of the starting method, by a refiner that is shown no results.

    What analysis and memory are worth is what the other strategies gain over this one at equal cost.

    Args:
        candidates: proposals of a step.
    """

    candidates: int
    reads_cases: bool = False

    async def __call__(self, run: Run, step: int, field: Field, cases: Sequence[Case]) -> list[Proposed]:
        """Candidates of the start, whatever happened since."""
        orders = [Order(number, "bold", field.start, analysed=False) for number in range(1, self.candidates + 1)]
        return await propose(run, step, field, cases, orders)
