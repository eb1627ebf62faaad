"""What can be said about the selector that finds the rows that stand best for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from .vectors import VectorSettings

__all__ = ["FacilitySettings"]


class FacilitySettings(VectorSettings):
    """The rows that stand best for all, after a choice by one figure (Superfiltering.D, arXiv 2402.00530).

    Presets: `paper` and `official-code` take the tenth part of the fifth with the highest IFD below 1, of both texts,
    with the similarity of the authors' library.

    Args:
        count: rows to keep; None goes by `share`.
        share: of all rows.
        score: dotted path of the figure of the first stage; empty leaves that out.
        first: share of all rows that the first stage leaves, those with the highest figure.
        below: rows whose figure is not below this are left out first.
        likeness: `cosine`, or `euclidean`: exp(-distance / numbers in a vector).
        of: what of a row becomes a vector: `instruction`, `response` or `both`.
        vectors: by the role `embedder`, or `hashed` words (no model); `auto` takes the role where it is named, else the
            packaged model where the extra `embed` is installed, else hashed words.
    """

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        name: {
            "score": "provenance.ifd.ppl_ratio", "below": 1.0, "first": 0.2, "share": 0.02, "likeness": "euclidean",
            "of": "both",
        }
        for name in ("paper", "official-code")
    }  # fmt: skip

    recipe: Literal["facility"] = "facility"
    score: str = ""
    first: float = Field(default=0.2, gt=0, le=1)
    below: float | None = None
    likeness: Literal["cosine", "euclidean"] = "cosine"

    @property
    def embeds_every_row(self) -> bool:
        """Where no figure leaves some out first."""
        return not self.score

    def paths(self) -> tuple[str, ...]:
        """The figure of the first stage."""
        return (self.score,) if self.score else ()
