"""Auto Evol as one of several recipes in a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from ....agents.messages import RoleName
from .part import Expected, PartSettings

__all__ = ["AutoEvolSettings"]


class AutoEvolSettings(PartSettings):
    """Search a method on the rows that were made before, and apply it to them.

    What can be said about the search stands under `search`, as for `autoevol optimize`.
    """

    recipe: Literal["auto-evol"] = "auto-evol"

    def roles(self) -> tuple[RoleName, ...]:
        """Those of `autoevol optimize`; which of them are asked hangs on the other settings."""
        return ()

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """Told by the estimate of a search."""
        del rows, tokens
        return iter(())

    def makes(self, rows: int) -> int:
        """One for each."""
        return rows
