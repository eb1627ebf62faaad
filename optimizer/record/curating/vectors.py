"""What the settings of selectors share that look at how far apart rows lie, and of those that keep a number of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from ....agents.messages import RoleName
from ..making.part import Expected
from .selector import SelectorSettings, Side

__all__ = ["BudgetSettings", "EmbedSettings", "VectorKind", "VectorMaking", "VectorSettings"]

VectorKind = Literal["auto", "embedder", "hashed"]
"""Where vectors come from; `auto` is settled before a run is made (record/embedding.py)."""


class BudgetSettings(SelectorSettings):
    """Keeps so many rows.

    Args:
        count: rows to keep; None goes by `share`.
        share: of all rows.
    """

    count: int | None = Field(default=None, ge=1)
    share: float = Field(default=0.1, gt=0, le=1)

    def budget(self, rows: int) -> int:
        """How many of so many rows are kept at most: at least one, where there is one."""
        return min(rows, max(1, round(self.share * rows)) if self.count is None else self.count)

    def makes(self, rows: int) -> int:
        """Its budget."""
        return self.budget(rows)


class VectorMaking(SelectorSettings):
    """Looks at vectors.

    Args:
        vectors: by the role `embedder`, or `hashed` words (no model); `auto` takes the role where it is named, else the
            packaged model where the extra `embed` is installed, else hashed words.
    """

    vectors: VectorKind = "auto"

    @property
    def uses_vectors(self) -> bool:
        """Whether it looks at any."""
        return True

    @property
    def asks_embedder(self) -> bool:
        """Whether a model makes the vectors."""
        return self.uses_vectors and self.vectors == "embedder"

    def roles(self) -> tuple[RoleName, ...]:
        """The embedder, where vectors are its."""
        return ("embedder",) if self.asks_embedder else ()


class EmbedSettings(VectorMaking):
    """Looks at vectors of the rows.

    Args:
        of: what of a row becomes a vector: `instruction`, `response` or `both`.
    """

    of: Side = "instruction"

    @property
    def embeds_every_row(self) -> bool:
        """Whether it needs the vector of each row, whatever else that says."""
        return False

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """Each row once."""
        if self.asks_embedder:
            yield Expected("embedder", rows, tokens if self.of == "instruction" else 4 * tokens, 1)


class VectorSettings(BudgetSettings, EmbedSettings):
    """Keeps so many rows, by their vectors."""
