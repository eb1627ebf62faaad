"""What a search strategy is: something that proposes candidates from what is known. The loop does all else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ....agents.messages import Case
from ...record.run import Run
from ..candidates import Proposed
from .field import Field

__all__ = ["Proposer"]


class Proposer(Protocol):
    """Propose the candidates of one step.

    What it does is a function of the settings, the field, the cases and the answers of the models; what it draws, it
    draws from a named generator. So a run that was killed proposes the same again.
    """

    @property
    def reads_cases(self) -> bool:
        """Whether it needs a batch of the incumbent's trajectories; without, none is evolved."""
        ...

    async def __call__(self, run: Run, step: int, field: Field, cases: Sequence[Case]) -> list[Proposed]:
        """The proposals of a step, good and bad, numbered from 1 as the settings count them (`search.candidates`)."""
        ...
