"""What can be said about the selector that covers all rows with few."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from .vectors import VectorSettings

__all__ = ["DiverseSettings"]


class DiverseSettings(VectorSettings):
    """The rows that cover all: each lies farthest from those before it (DiverseEvol, arXiv 2311.08182, k-center).

    Presets: `paper` and `official-code` begin with 100 drawn rows, end at 1,100 and look at both texts. Their rounds of
    training and embedding anew are one round here, because the embedder stays the same.

    Args:
        count: rows to keep; None goes by `share`.
        share: of all rows.
        start: so many rows are drawn to begin with; 0 begins with the row nearest to the mean of all.
        of: what of a row becomes a vector: `instruction`, `response` or `both`.
        vectors: by the role `embedder`, or `hashed` words (no model); `auto` takes the role where it is named, else the
            packaged model where the extra `embed` is installed, else hashed words.
    """

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {"count": 1100, "start": 100, "of": "both"},
        "official-code": {"count": 1100, "start": 100, "of": "both"},
    }

    recipe: Literal["diverse"] = "diverse"
    start: int = Field(default=0, ge=0)

    @property
    def embeds_every_row(self) -> bool:
        """Yes."""
        return True
