"""The records of the recipes in a row as a page reads them."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

__all__ = ["ChangeRecord", "CurationRecord", "GuardRecord", "MemberRecord", "Number", "OverlapRecord",
           "PanelCurationRecord", "PartRecord", "Word"]  # fmt: skip

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


class SpreadRecord(BaseModel):
    """How a number is spread over rows."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    rows: int = 0
    mean: float | None = None
    p10: float | None = None
    median: float | None = None
    p90: float | None = None


class SpreadsRecord(BaseModel):
    """The same before and after a choice; `path` is where a field stands by which the selector was told to choose."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    before: SpreadRecord | None = None
    after: SpreadRecord | None = None
    path: str = ""


class KindsRecord(BaseModel):
    """How many rows are of each kind, before and after a choice; `different` says how many kinds there are."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    different: dict[str, int] = Field(default_factory=dict[str, int])
    before: dict[str, int] = Field(default_factory=dict[str, int])
    after: dict[str, int] = Field(default_factory=dict[str, int])


class CoverageRecord(BaseModel):
    """Mean distance of a row to the nearest that is kept, and to the nearest of as many that are drawn."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    by: str = ""
    rows: int = 0
    kept: float | None = None
    random: float | None = None


class ChangeRecord(BaseModel):
    """What a choice changed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    rows: dict[str, int] = Field(default_factory=dict[str, int])
    numbers: dict[str, SpreadsRecord] = Field(default_factory=dict[str, SpreadsRecord])
    kinds: dict[str, KindsRecord] = Field(default_factory=dict[str, KindsRecord])
    coverage: CoverageRecord | None = None


class CurationRecord(BaseModel):
    """What a selector did, as `curation.json` has it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    selector: str = ""
    preset: str = ""
    before_after: ChangeRecord = ChangeRecord()


class ChanceRecord(BaseModel):
    """Rows that two drawn sets share."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    mean: float = 0.0
    low: int = 0
    high: int = 0


class OverlapRecord(BaseModel):
    """What two members of a panel share; `share` is that of the smaller set."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    one: str
    other: str
    shared: int = 0
    share: float = 0.0
    chance: ChanceRecord = ChanceRecord()


class MemberRecord(BaseModel):
    """What a member of a panel chose: rows, those that no other member chose, and what its choice changed."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    selector: str = ""
    out: int = 0
    only: int = 0
    place: str = ""
    before_after: ChangeRecord = ChangeRecord()


class PanelRecord(BaseModel):
    """Several selectors side by side; `votes` counts the rows that so many of them chose."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    members: dict[str, MemberRecord] = Field(default_factory=dict[str, MemberRecord])
    overlaps: tuple[OverlapRecord, ...] = ()
    votes: dict[str, int] = Field(default_factory=dict[str, int])


class PanelCurationRecord(CurationRecord):
    """What a panel did, as `curation.json` has it."""

    figures: PanelRecord = PanelRecord()


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
