"""What is kept of rows that Magpie made: thresholds, and those of the released sets by name.

Paper: arXiv 2406.08464, table 5 (τ1 = −12, τ2 = 0). The data-set cards and the authors' notebook say −10; both are here
under names of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["DIFFICULTIES", "FILTERS", "QUALITIES", "Difficulty", "FilterName", "Quality", "Thresholds"]

Quality = Literal["very poor", "poor", "average", "good", "excellent"]
Difficulty = Literal["very easy", "easy", "medium", "hard", "very hard"]
QUALITIES: tuple[Quality, ...] = ("very poor", "poor", "average", "good", "excellent")
DIFFICULTIES: tuple[Difficulty, ...] = ("very easy", "easy", "medium", "hard", "very hard")

FilterName = Literal[
    "air", "pro", "pro2", "pro3", "pro4", "pro5", "pro6", "card-pro-300k", "card-air-300k", "card-pro-mt",
    "card-chinese", "official-code",
]  # fmt: skip


class Thresholds(BaseModel):
    """What a row must have to be kept; None asks for nothing.

    Args:
        quality, difficulty: at least so good, at least so hard.
        reward, difference: the reward of the answer, and what it has above that of the base model's, must be more.
        repeats: drop rows that repeat an earlier one.
        colon: drop instructions that end in a colon.
        language: ISO 639-1 code that the instruction must be in.
        longest: at most so many rows, those with the longest answers; this is applied last.
        easy_share: share of the `longest` rows that is exactly easy; the others are harder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    quality: Quality | None = None
    difficulty: Difficulty | None = None
    reward: float | None = None
    difference: float | None = None
    repeats: bool | None = None
    colon: bool | None = None
    language: str | None = None
    longest: int | None = Field(default=None, ge=1)
    easy_share: float | None = Field(default=None, ge=0, le=1)

    def needs(self) -> set[str]:
        """What must have been measured: `tags`, `reward`, `base`, `neighbours`."""
        asked = {
            "tags": self.quality is not None or self.difficulty is not None or self.easy_share is not None,
            "reward": self.reward is not None,
            "base": self.difference is not None,
            "neighbours": bool(self.repeats),
        }
        return {name for name, wanted in asked.items() if wanted}


FILTERS: Mapping[FilterName, Thresholds] = {
    "air": Thresholds(quality="good", difficulty="medium", difference=0.0, repeats=True, longest=300_000),
    "pro": Thresholds(quality="average", reward=-12.0, repeats=True, longest=300_000),
    "pro2": Thresholds(quality="good", difficulty="easy", reward=-12.0, repeats=True, longest=300_000),
    "pro3": Thresholds(reward=-12.0, repeats=True, longest=300_000),
    "pro4": Thresholds(quality="good", difficulty="easy", difference=0.0, repeats=True, longest=300_000),
    "pro5": Thresholds(quality="good", difficulty="easy", reward=-12.0, repeats=True),
    "pro6": Thresholds(difficulty="easy", reward=-12.0, repeats=True, longest=200_000, easy_share=0.5),
    "card-pro-300k": Thresholds(quality="average", reward=-10.0, repeats=True, longest=300_000),
    "card-air-300k": Thresholds(
        quality="good", difficulty="medium", difference=0.0, repeats=True, colon=True, longest=300_000
    ),
    "card-pro-mt": Thresholds(quality="good", difficulty="easy", repeats=True, longest=300_000),
    "card-chinese": Thresholds(quality="average", reward=-10.0, repeats=True, colon=True, language="zh"),
    "official-code": Thresholds(quality="good", reward=-10.0, repeats=True, colon=True, longest=300_000),
}
"""What the released sets kept."""
