"""What can be said about the selector that takes the best rows first and none too much like them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from ....agents.grader import Measure
from ....agents.messages import RoleName
from ..making.part import Expected
from .vectors import VectorSettings

__all__ = ["RANKINGS", "SIBLINGS", "TRIES", "DeitaSettings"]

SIBLINGS = 5
"""Texts that are evolved out of one, to be ranked beside it."""
TRIES, RANKINGS = 8, 2
"""Evolutions and rankings of one text at most, where some come to nothing."""
_FRAME, _RANKING, _MARK = 300, 50, 8  # tokens: of what is told, of the marks of six texts, of one mark


class DeitaSettings(VectorSettings):
    """The best rows first, none too much like one that is chosen (Deita, arXiv 2312.15685).

    Presets: `paper` and `official-code` keep 6,000 rows and look at both texts. Their threshold belongs to states of a
    13B model; for other vectors look at `similarities` in curation.json.

    Args:
        count: rows to keep; None goes by `share`.
        share: of all rows.
        scores: dotted paths of figures of the row, numbers or a list of one a turn: they are multiplied turn by turn,
            and the turns added. Where none is named, the judge marks every row that was not marked by `deita` before.
        measures: what the judge marks: `complexity` of instructions, `quality` of responses; they are multiplied.
        way: `joint` has texts marked beside five evolved siblings; `direct` marks each alone, which saturates.
        anchors: with `joint`, rows that get siblings; every row is then marked in one call, beside examples out of
            them. 0 gives each row siblings of its own, 12 calls a row and turn.
        samples: how often a text is marked where the endpoint gives no log-probabilities; the mean counts.
        temperature: how siblings are drawn.
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
    scores: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = Field(default=("complexity", "quality"), min_length=1)
    way: Literal["joint", "direct"] = "joint"
    anchors: int = Field(default=20, ge=0)
    samples: int = Field(default=5, ge=1)
    temperature: float = Field(default=1.0, ge=0)
    threshold: float = Field(default=0.9, gt=-1, le=1)

    def roles(self) -> tuple[RoleName, ...]:
        """The judge, and the evolver of siblings, where rows are to be marked; the embedder, where vectors are its."""
        if self.scores:
            return super().roles()
        return (*(("evolver", "judge") if self.way == "joint" else ("judge",)), *super().roles())

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """Siblings and rankings of anchors, or of each row, and marks of each; rows of one turn."""
        yield from super().expected(rows, tokens)
        if self.scores:
            return
        measures = len(self.measures)
        ladders = 0 if self.way == "direct" else min(rows, self.anchors or rows)
        if ladders:
            yield Expected("evolver", ladders * measures * TRIES, _FRAME + 3 * tokens, 3 * tokens)
            yield Expected("judge", ladders * measures * RANKINGS, _FRAME + 12 * tokens, _RANKING)
        if self.way == "direct" or self.anchors:
            shown = 12 * tokens if ladders else 0
            yield Expected("judge", rows * measures * self.samples, _FRAME + shown + 3 * tokens, _MARK)

    def paths(self) -> tuple[str, ...]:
        """The figures that are multiplied."""
        return self.scores
