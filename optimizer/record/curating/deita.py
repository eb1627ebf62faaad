"""What can be said about the selector that takes the best rows first and none too much like them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from .vectors import VectorSettings

__all__ = ["DeitaSettings"]


class DeitaSettings(VectorSettings):
    """The best rows first, none too much like one that is chosen (Deita, arXiv 2312.15685).

    Presets: `paper` and `official-code` keep 6,000 rows and look at both texts. Their threshold belongs to states of a
    13B model; for other vectors look at `similarities` in curation.json.

    Args:
        count: rows to keep; None goes by `share`.
        share: of all rows.
        scores: dotted paths of figures of the row, numbers or a list of one a turn: they are multiplied turn by turn,
            and the turns added.
        threshold: cosine similarity with a chosen row above which a row is left out.
        of: what of a row becomes a vector: `instruction`, `response` or `both`.
        vectors: by the role `embedder`, or `hashed` words (no model); `auto` takes the role where it is named, else the
            packaged model where the extra `embed` is installed, else hashed words.
    """

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {"count": 6000, "of": "both"},
        "official-code": {"count": 6000, "of": "both"},
    }

    recipe: Literal["deita"] = "deita"
    scores: tuple[str, ...] = Field(default=("provenance.deita.complexity", "provenance.deita.quality"), min_length=1)
    threshold: float = Field(default=0.9, gt=-1, le=1)
