"""What the settings of every recipe share: presets, the roles that it asks, and what it would take."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, NamedTuple, cast

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from ....agents.messages import RoleName

__all__ = ["Expected", "GuardMode", "PartSettings", "Preset"]

Preset = Literal["recommended", "paper", "official-code"]
GuardMode = Literal["off", "tag", "drop"]

_FRAME = 150  # tokens of the judge's question about harm, or of a guard's template


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
        guard: whether every finished row is looked at for harm: `off`, `tag` says in the row what was found, `drop`
            also takes harmful rows out, and those that nothing could be learned about.
        guard_role: who looks: `guard`, a guard model that answers `safe` or `unsafe`, or `judge`, any model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {}
    NEEDS_ROWS: ClassVar[bool] = True
    """Whether it works on rows that are there; one that does not makes them from nothing."""
    SELECTS: ClassVar[bool] = False
    """Whether it chooses among rows, and must see every one of a file, those that say the same, too."""

    preset: Preset = "recommended"
    guard: GuardMode = "off"
    guard_role: Literal["guard", "judge"] = "guard"

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, said: Any) -> Any:
        """Values of the preset below those that are said."""
        if not isinstance(said, dict):
            return said
        given = cast("dict[str, Any]", said)
        return {**cls.PRESETS.get(str(given.get("preset", "")), {}), **given}

    @field_validator("preset")
    @classmethod
    def _known_preset(cls, preset: str) -> str:
        if preset != "recommended" and preset not in cls.PRESETS:
            known = ", ".join(("recommended", *cls.PRESETS))
            raise ValueError(f"{preset} is none of the presets that there are here ({known})")
        return preset

    @abstractmethod
    def roles(self) -> tuple[RoleName, ...]:
        """The roles that it asks."""

    def raw(self) -> tuple[RoleName, ...]:
        """Those of its roles that must go on from bare text, which an endpoint for chats cannot."""
        return ()

    @abstractmethod
    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """What it may take on so many rows, whose instruction has so many tokens in the mean."""

    @abstractmethod
    def makes(self, rows: int) -> int:
        """How many rows it may give, at most, out of so many."""

    def all_roles(self) -> tuple[RoleName, ...]:
        """The roles that it asks, with the one that looks for harm."""
        return self.roles() if self.guard == "off" else (*self.roles(), self.guard_role)

    def all_expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """What it may take in all."""
        yield from self.expected(rows, tokens)
        if self.guard != "off":
            yield Expected(self.guard_role, self.makes(rows), _FRAME + 6 * tokens, 8)
