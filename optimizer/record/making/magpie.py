"""What can be said about Magpie."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from ....agents.messages import RoleName
from .part import Expected, PartSettings

__all__ = ["MagpieSettings"]


class MagpieSettings(PartSettings):
    """Magpie (arXiv 2406.08464).

    Args:
        count: rows to be asked for.
    """

    NEEDS_ROWS: ClassVar[bool] = False

    recipe: Literal["magpie"] = "magpie"
    count: int = Field(default=1000, ge=1)

    def roles(self) -> tuple[RoleName, ...]:
        """The roles that it asks."""
        return ("generator",)

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """An instruction and its answer a row."""
        yield Expected("generator", 2 * self.count, 100, 250)

    def makes(self, rows: int) -> int:
        """As many as are asked for."""
        return self.count
