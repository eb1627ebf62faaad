"""What can be said about Self-Instruct."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from ....agents.messages import RoleName
from .part import Expected, PartSettings

__all__ = ["SelfInstructSettings"]


class SelfInstructSettings(PartSettings):
    """Self-Instruct (arXiv 2212.10560).

    Args:
        count: instructions to be made.
    """

    recipe: Literal["self-instruct"] = "self-instruct"
    count: int = Field(default=1000, ge=1)

    def roles(self) -> tuple[RoleName, ...]:
        """The roles that it asks."""
        return ("generator",)

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """A call gives some instructions, and each takes two more calls."""
        yield Expected("generator", 3 * self.count, 8 * tokens + 300, 300)

    def makes(self, rows: int) -> int:
        """As many as are wanted."""
        return self.count
