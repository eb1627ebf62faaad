"""What can be said about the selector of small sets of one style."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from .vectors import BudgetSettings

__all__ = ["LimaSettings", "Style"]

Style = Literal["drop", "leave"]


class LimaSettings(BudgetSettings):
    """A small set of one style, spread over its topics (LIMA, arXiv 2305.11206, section 2).

    Preset `paper` has the length of answers that was taken from forums there; the authors released no code.

    Args:
        count: rows to keep; None goes by `share`.
        share: of all rows.
        shortest, longest: characters of a response; one of a script without spaces counts as three.
        first_person: what becomes of responses that speak of themselves (I, my).
        references: what becomes of those that speak of other answers, of a forum or its people.
        links: what becomes of those with addresses, images or HTML; in code they do no harm.
        topic: dotted path of what a row is about; empty takes its tag, else the verb of its instruction.
        temperature: topics get rows in proportion to n^(1/temperature): 1 keeps them as frequent as they are.
        prefer: dotted path of a figure; of a topic the rows with the highest come first. Empty: they are drawn.
        least: that figure must be as high, at least.
    """

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {"shortest": 1200},
        "official-code": {"shortest": 1200},
    }

    recipe: Literal["lima"] = "lima"
    count: int | None = Field(default=1000, ge=1)
    shortest: int = Field(default=100, ge=0)
    longest: int = Field(default=4096, ge=1)
    first_person: Style = "drop"
    references: Style = "drop"
    links: Style = "drop"
    topic: str = ""
    temperature: float = Field(default=3.0, ge=1)
    prefer: str = ""
    least: float | None = None

    @model_validator(mode="after")
    def _least_of_something(self) -> LimaSettings:
        if self.least is not None and not self.prefer:
            raise ValueError("`least` needs `prefer`, the figure that it bounds")
        if self.shortest > self.longest:
            raise ValueError("`shortest` is above `longest`")
        return self

    def paths(self) -> tuple[str, ...]:
        """Topic and figure."""
        return tuple(path for path in (self.topic, self.prefer) if path)
