"""What can be said about the selector that leaves out what is said twice."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from .vectors import EmbedSettings

__all__ = ["DedupSettings", "Stage"]

Stage = Literal["exact", "minhash", "rouge", "embedding"]


class DedupSettings(EmbedSettings):
    """Leave out rows that say what another one says; the twin that stays is named.

    Args:
        by: stages, each on what the one before left: `exact` (case and white space do not matter), `minhash`, `rouge`,
            `embedding`.
        of: what is compared: `instruction` (with the turns before it), `response` or `both`.
        keep: which of several stays: the `first`, the one with the `longest` response, or the `best` by `score`.
        score: dotted path of a figure of the row, as in `provenance.score`; the highest is best, a row without is last.
        shingle: what minhash compares: runs of `words` (a Chinese character or a sign is one) or of `characters`.
        size: how long such a run is.
        jaccard: share of all their runs that near-duplicates have in common, at least; it is counted, not estimated.
        permutations: hash functions of minhash. More find pairs near `jaccard` with fewer comparisons.
        rouge: ROUGE-L F1 of two near-duplicates, at least.
        cosine: cosine of the embeddings of two near-duplicates, at least; what is near hangs on the model.
        vectors: who makes embeddings: the role `embedder`, or `hashed` words (no model); `auto` takes the role where it
            is named, else the packaged model where the extra `embed` is installed, else hashed words.
    """

    recipe: Literal["dedup"] = "dedup"
    by: tuple[Stage, ...] = Field(default=("exact", "minhash"), min_length=1)
    keep: Literal["first", "longest", "best"] = "first"
    score: str = ""
    shingle: Literal["words", "characters"] = "words"
    size: int = Field(default=2, ge=1, le=64)
    jaccard: float = Field(default=0.8, gt=0, le=1)
    permutations: int = Field(default=128, ge=16, le=1024)
    rouge: float = Field(default=0.7, gt=0, le=1)
    cosine: float = Field(default=0.95, gt=0, le=1)

    @property
    def uses_vectors(self) -> bool:
        """Only in that stage."""
        return "embedding" in self.by

    @model_validator(mode="after")
    def _best_by_something(self) -> DedupSettings:
        if (self.keep == "best") != bool(self.score):
            raise ValueError("`keep = best` and `score` need each other")
        return self

    def paths(self) -> tuple[str, ...]:
        """The figure by which one of several stays."""
        return (self.score,) if self.score and self.keep == "best" else ()
