"""A contestant with what it brings along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...search.evaluate import Contestant, Given
from .contestants import Entrant
from .finished import RowsReport

__all__ = ["Player", "Texts"]

Texts = tuple[Mapping[str, Given], ...]
"""Texts by seed id, one mapping for each set of seeds."""


@dataclass(frozen=True, slots=True)
class Player:
    """A contestant with what it brings along.

    Args:
        entrant: who it is.
        given: of finished rows their texts; None for all others.
        report: of finished rows, what became of them.
    """

    entrant: Entrant
    given: Texts | None = None
    report: RowsReport | None = None

    @property
    def label(self) -> str:
        """Its name."""
        return self.entrant.label

    @property
    def fixed(self) -> bool:
        """Whether its texts are the same whatever the model of the evolver."""
        return self.entrant.fixed

    def contestant(self, number: int) -> Contestant:
        """How it meets the items of the set of this number."""
        return Contestant(self.label, self.entrant.method, None if self.given is None else self.given[number])
