"""What the settings of every selector share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, Literal

from ....agents.messages import RoleName
from ..making.part import Expected, PartSettings

__all__ = ["SelectorSettings", "Side"]

Side = Literal["instruction", "response", "both"]
"""What of a row is looked at."""


class SelectorSettings(PartSettings):
    """A selector: it takes the rows that are there and leaves some of them, as they are.

    One that asks no model needs to say nothing more; others say their roles, and what it may take (`expected`).
    """

    SELECTS: ClassVar[bool] = True

    def roles(self) -> tuple[RoleName, ...]:
        """None, unless a selector says otherwise."""
        return ()

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """No call, unless a selector says otherwise."""
        del rows, tokens
        return iter(())

    def paths(self) -> tuple[str, ...]:
        """Dotted paths of what a row says that the choice goes by; none, unless a selector says otherwise."""
        return ()

    def makes(self, rows: int) -> int:
        """No more than there are."""
        return rows
