"""What the settings of every recipe share: presets, the roles that it asks, and what it would take."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, NamedTuple, cast

from pydantic import BaseModel, ConfigDict, model_validator

from ....agents.messages import RoleName

__all__ = ["Expected", "PartSettings", "Preset"]

Preset = Literal["recommended", "paper", "official-code"]


class Expected(NamedTuple):
    """Calls of one role that a recipe may make: how many at most; tokens in and out of one, as usual."""

    role: RoleName
    calls: int
    tokens_in: int
    tokens_out: int


class PartSettings(BaseModel):
    """One recipe in the order of a run of `autoevol make`.

    A preset is a set of values that stand where nothing else is said; `recommended` are the defaults of the fields.

    Args:
        preset: `recommended`, `paper` as published, `official-code` as the authors' code does it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    NEEDS_ROWS: ClassVar[bool] = True
    """Whether it works on rows that are there; one that does not makes them from nothing."""

    preset: Preset = "recommended"

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, said: Any) -> Any:
        """Values of the preset below those that are said."""
        if not isinstance(said, dict):
            return said
        given = cast("dict[str, Any]", said)
        return {**cls.PRESETS.get(str(given.get("preset", "")), {}), **given}

    @abstractmethod
    def roles(self) -> tuple[RoleName, ...]:
        """The roles that it asks."""

    @abstractmethod
    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """What it may take on so many rows, whose instruction has so many tokens in the mean."""

    @abstractmethod
    def makes(self, rows: int) -> int:
        """How many rows it may give, at most, out of so many."""
