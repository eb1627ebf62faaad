"""The records of the recipes in a row as a page reads them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = ["GuardRecord", "Number", "PartRecord", "Word"]

# What recipes say of a row may be anything; a page only knows words and numbers, and must not fail on the others.
Word = Annotated[str, BeforeValidator(lambda value: value if isinstance(value, str) else "")]
Number = Annotated[int, BeforeValidator(lambda value: value if isinstance(value, int) else 0)]


class GuardRecord(BaseModel):
    """What a guard said of the rows of a recipe."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    looked: int = 0
    harmful: int = 0
    silent: int = 0
    share: float = 0.0


class PartRecord(BaseModel):
    """One recipe of several, as `status.json` has it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    place: str = ""
    recipe: str = ""
    taken: int = Field(default=0, alias="in")
    created: int = 0
    out: int = 0
    dropped: dict[str, int] = Field(default_factory=dict[str, int])
    rows: str = ""
    guard: GuardRecord | None = None
