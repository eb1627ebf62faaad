"""What can be said about Evol-Instruct."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from ....agents.messages import RoleName
from .part import Expected, PartSettings

__all__ = ["EvolInstructSettings"]


class EvolInstructSettings(PartSettings):
    """Evol-Instruct (WizardLM, arXiv 2304.12244).

    Args:
        rounds: evolutions in a row of each seed (M in the paper).
    """

    recipe: Literal["evol-instruct"] = "evol-instruct"
    rounds: int = Field(default=4, ge=1)

    def roles(self) -> tuple[RoleName, ...]:
        """The roles that it asks."""
        return ("evolver", "responder")

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """An evolution and an answer a round."""
        yield Expected("evolver", rows * self.rounds, 200 + 2 * tokens, 2 * tokens)
        yield Expected("responder", rows * self.rounds, 2 * tokens, 4 * tokens + 80)

    def makes(self, rows: int) -> int:
        """Every generation is data."""
        return rows * (self.rounds + 1)
