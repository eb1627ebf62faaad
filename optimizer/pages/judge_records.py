"""`judge.json` as a page reads it: every field may be missing (see `records`)."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["JudgeRecord", "PreferenceRecord", "RateRecord"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class RateRecord(_Record):
    """`hits` of `of`, with a 95 % interval of the share."""

    hits: int = 0
    of: int = 0
    share: float | None = None
    low: float = 0.0
    high: float = 1.0


class PreferenceRecord(_Record):
    """Which place the judge favours: pairs that one won in both orders, their difference as a share of the pairs."""

    first_wins: int = 0
    second_wins: int = 0
    share: float | None = None
    low: float = -1.0
    high: float = 1.0
    p: float | None = None


class JudgeRecord(_Record):
    """`judge.json` (`JudgeHealth` of optimizer/scoring/judge_health.py): how steady the judge of a run is."""

    judge: str = ""
    evolver: str = ""
    items: int = 0
    looks: int = 0
    pairs: int = 0
    repeats: int = 0
    named: dict[str, RateRecord] = Field(default_factory=dict[str, RateRecord])
    flips: RateRecord = RateRecord()
    no_answer: RateRecord = RateRecord()
    unreadable: RateRecord = RateRecord()
    ungrounded: RateRecord = RateRecord()
    refused: RateRecord = RateRecord()
    yes_to_all: RateRecord = RateRecord()
    noise: dict[str, RateRecord] = Field(default_factory=dict[str, RateRecord])
    abstained: dict[str, RateRecord] = Field(default_factory=dict[str, RateRecord])
    preference: PreferenceRecord = PreferenceRecord()
    problems: tuple[str, ...] = ()
