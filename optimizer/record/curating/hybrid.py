"""What can be said about the selector that weighs several figures."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, FiniteFloat, field_validator, model_validator

from .vectors import VectorSettings

__all__ = ["HybridSettings"]


class HybridSettings(VectorSettings):
    """Several figures of a row together: by weights or by Pareto fronts, with diversity where that is wanted.

    Args:
        count: rows to keep; None goes by `share`.
        share: of all rows.
        by: weight of each figure, by its dotted path: {"provenance.ifd.ppl_ratio" = 1}; a negative one asks for low
            values.
        scale: how figures are made comparable: by `rank`, or by `z`, standard deviations from the mean.
        choose: by the `sum` of the weighted figures, or by `pareto` fronts first and the sum within one.
        missing: a row without one of the figures is left out (`drop`), or counts as the `worst` or the `middle` one.
        diversity: 0 to 1, share of the nearness to chosen rows in what decides; 0 needs no vectors.
        of: what of a row becomes a vector: `instruction`, `response` or `both`.
        vectors: by the role `embedder`, or `hashed` words (no model); `auto` takes the role where it is named, else the
            packaged model where the extra `embed` is installed, else hashed words.
    """

    recipe: Literal["hybrid"] = "hybrid"
    by: dict[str, FiniteFloat] = Field(default_factory=dict[str, float])
    scale: Literal["rank", "z"] = "rank"
    choose: Literal["sum", "pareto"] = "sum"
    missing: Literal["drop", "worst", "middle"] = "drop"
    diversity: float = Field(default=0.0, ge=0, lt=1)

    @property
    def asks_embedder(self) -> bool:
        """Whether a model makes the vectors."""
        return self.diversity > 0 and self.vectors == "embedder"

    @field_validator("by")
    @classmethod
    def _some_weight(cls, by: dict[str, float]) -> dict[str, float]:
        if by and not any(by.values()):
            raise ValueError("must hold a weight that is not 0")
        return by

    @model_validator(mode="after")
    def _by_something(self) -> Self:
        if not self.by:
            raise ValueError(
                'hybrid needs `by`, the weight of each figure: by = {"provenance.ifd.ppl_ratio" = 1} in a settings '
                "file, --with by='{\"provenance.ifd.ppl_ratio\": 1}' on the command line"
            )
        return self

    def paths(self) -> tuple[str, ...]:
        """The figures that are weighed."""
        return tuple(self.by)
