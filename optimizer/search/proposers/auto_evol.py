"""The loop of the paper: several analyses of the incumbent's batch, a candidate from each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....agents.messages import Case
from ...record.run import Run
from ..candidates import Order, Proposed, propose
from .field import Field

__all__ = ["AutoEvol"]


@dataclass(frozen=True, slots=True)
class AutoEvol:
    """Analyse, then refine (Auto Evol-Instruct, section 3.2 and 3.3), by a small edit and a bold one in turn.

    Args:
        candidates: proposals of a step.
    """

    candidates: int
    reads_cases: bool = True

    def orders(self, step: int, field: Field) -> list[Order]:
        """What is asked for in a step."""
        return [
            Order(number, "bold" if number % 2 == 0 else "small", field.incumbent)
            for number in range(1, self.candidates + 1)
        ]

    async def __call__(self, run: Run, step: int, field: Field, cases: Sequence[Case]) -> list[Proposed]:
        """Candidates of the incumbent."""
        return await propose(run, step, field, cases, self.orders(step, field))
