"""What can be said about the selector that keeps to budgets."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, FiniteFloat, NonNegativeInt, PositiveInt, field_validator, model_validator

from .vectors import BudgetSettings

__all__ = ["QuotasSettings"]


class QuotasSettings(BudgetSettings):
    """Budgets by topic, difficulty, language or any figure of a row: shares, or numbers of rows.

    Args:
        count: rows to keep; None goes by `share`.
        share: of all rows.
        by: by dotted path, what share each value gets: {"language" = {"en" = 3, "zh" = 1}}; `*` stands for all other
            values together, an empty table keeps them as frequent as they are (see `temperature`).
        levels: by dotted path of a number, how it becomes levels "1", "2", … from low to high: a number of levels that
            have the same number of rows, or a list of bounds.
        at_most: by dotted path, rows of a value at most: {"topic" = {"maths" = 200}}.
        temperature: with an empty table, shares go by frequency to the power of 1/temperature.
        prefer: dotted path of a figure; within a cell rows with the highest come first. Empty: they are drawn.
    """

    recipe: Literal["quotas"] = "quotas"
    by: dict[str, dict[str, FiniteFloat]] = Field(
        default_factory=lambda: {"language": dict[str, float]()}, min_length=1
    )
    levels: dict[str, PositiveInt | list[FiniteFloat]] = Field(default_factory=dict[str, int | list[float]])
    at_most: dict[str, dict[str, NonNegativeInt]] = Field(default_factory=dict[str, dict[str, int]])
    temperature: float = Field(default=1.0, gt=0)
    prefer: str = ""

    @field_validator("by")
    @classmethod
    def _shares(cls, by: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
        for path, shares in by.items():
            if any(share < 0 for share in shares.values()) or (shares and not any(shares.values())):
                raise ValueError(f"the shares of {path} must be 0 or more, and one of them more")
        return by

    @model_validator(mode="after")
    def _known_paths(self) -> Self:
        stray = [path for path in (*self.levels, *self.at_most) if path not in self.by]
        if stray:
            raise ValueError(f"levels and at_most hold for paths that `by` names, and {stray[0]} is none of them")
        return self

    def paths(self) -> tuple[str, ...]:
        """What has budgets, and the figure."""
        return tuple(path for path in (*self.by, self.prefer) if path)
