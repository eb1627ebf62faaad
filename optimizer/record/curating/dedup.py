"""What can be said about the selector that leaves out what is said twice."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .selector import SelectorSettings, Side

__all__ = ["DedupSettings"]


class DedupSettings(SelectorSettings):
    """Leave out rows that say what another one says; the twin that stays is named.

    Args:
        by: stages, each on what the one before left: `exact`.
        of: what is compared: `instruction`, `response` or `both`.
        keep: which row of a group stays: the `first`, the one with the `longest` response, or the `best` by `score`.
        score: dotted path of a figure of the row, as in `provenance.score`; the highest is best, a row without is last.
    """

    recipe: Literal["dedup"] = "dedup"
    by: tuple[Literal["exact"], ...] = Field(default=("exact",), min_length=1)
    of: Side = "both"
    keep: Literal["first", "longest", "best"] = "first"
    score: str = ""
