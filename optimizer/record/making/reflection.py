"""What can be said about Selective Reflection-Tuning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from ....agents.messages import RoleName
from .part import Expected, PartSettings

__all__ = ["ReflectionSettings"]


class ReflectionSettings(PartSettings):
    """Selective Reflection-Tuning (arXiv 2402.10110)."""

    recipe: Literal["reflection"] = "reflection"

    def roles(self) -> tuple[RoleName, ...]:
        """The roles that it asks."""
        return ("reflector", "student")

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """Two reflections, and four scores of each of three versions at most."""
        yield Expected("reflector", 2 * rows, 3 * tokens + 400, 400 + 4 * tokens)
        yield Expected("student", 12 * rows, 4 * tokens, 1)

    def makes(self, rows: int) -> int:
        """A row is kept or dropped."""
        return rows
