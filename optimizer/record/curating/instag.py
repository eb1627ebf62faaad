"""What can be said about the selector that chooses by open tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import sqrt
from typing import Any, ClassVar, Literal

from pydantic import Field

from ....agents.messages import RoleName
from ..making.part import Expected
from .vectors import BudgetSettings, VectorMaking

__all__ = ["InstagSettings"]

_PUBLISHED = 306_044
"""Queries that the published numbers belong to."""
_AS_PUBLISHED: Mapping[str, Any] = {
    "count": 6000, "frequency": 20, "support": 40, "count_first": True, "vectors": "embedder",
}  # fmt: skip
_FRAME = 230  # tokens of what the tagger is told around an instruction
_TAGS = 160  # tokens of some tags with their explanations
_VOCABULARY = 3  # tags a row that are asked about once, where an embedder merges them


class InstagSettings(BudgetSettings, VectorMaking):
    """The rows that ask for most, covering all kinds of wishes: open tags by a model (InsTag, arXiv 2308.07074).

    Args:
        count: rows to keep; None goes by `share`.
        share: of all rows.
        tags: dotted path of a list of tags that the rows have, as in `provenance.tags.other`; then no model is asked.
        frequency: rows that a tag needs to be one of the vocabulary; None scales the published 20 to the set, by the
            root of its size, and is 2 at least.
        count_first: whether tags are counted as they are written (as published), or in their one form.
        vectors: who makes vectors of tags, by which those that mean the same become one: the role `embedder`; with
            `hashed` words none do. `auto` takes the role where it is named, else the packaged model where the extra
            `embed` is installed, else hashed words.
        distance: cosine distance of two tags that mean the same, at most.
        support: rows that two tags share before a rule merges them; None scales the published 40, and is 5 at least.
        confidence: share of the rows with a tag that have the other one too, before the first is merged into it.
    """

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": _AS_PUBLISHED, "official-code": _AS_PUBLISHED}

    recipe: Literal["instag"] = "instag"
    tags: str = ""
    frequency: int | None = Field(default=None, ge=1)
    count_first: bool = False
    distance: float = Field(default=0.05, ge=0, lt=1)
    support: int | None = Field(default=None, ge=2)
    confidence: float = Field(default=0.99, gt=0.5, le=1)

    def least(self, rows: int) -> tuple[int, int]:
        """`frequency` and `support` for so many rows."""
        scale = sqrt(rows / _PUBLISHED)
        frequency = max(2, round(20 * scale)) if self.frequency is None else self.frequency
        return frequency, max(5, round(40 * scale)) if self.support is None else self.support

    def roles(self) -> tuple[RoleName, ...]:
        """The tagger where rows have no tags, the embedder where it merges them."""
        tagger: tuple[RoleName, ...] = () if self.tags else ("tagger",)
        return (*tagger, *super().roles())

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """Each row once, and some vectors of tags."""
        if not self.tags:
            yield Expected("tagger", rows, _FRAME + tokens, _TAGS)
        if self.asks_embedder:
            yield Expected("embedder", _VOCABULARY * rows, 4, 1)

    def paths(self) -> tuple[str, ...]:
        """Tags that are there."""
        return (self.tags,) if self.tags else ()
