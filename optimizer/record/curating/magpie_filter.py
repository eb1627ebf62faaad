"""What can be said about the filters of Magpie's released sets, over rows that carry tags and rewards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from ..making.magpie_filters import FILTERS, FilterName, Thresholds
from .selector import SelectorSettings

__all__ = ["MagpieFilterSettings"]


class MagpieFilterSettings(SelectorSettings):
    """The filters of Magpie's released sets, over rows that carry tags, rewards and distances (arXiv 2406.08464).

    Rows of the recipe `magpie` carry them, and so do the authors' files. Preset `official-code` is the filter of their
    notebook; `paper` has −12 as least reward where the cards of the sets say −10.

    Args:
        filter: name of a released set (docs/curate.md lists what each asks for).
        keep: thresholds of your own over those of the filter: quality, difficulty, reward, difference, repeats, colon,
            language, longest, easy_share.
    """

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {"filter": "pro"},
        "official-code": {"filter": "official-code"},
    }

    recipe: Literal["magpie-filter"] = "magpie-filter"
    filter: FilterName = "card-pro-300k"
    keep: Thresholds | None = None

    @property
    def thresholds(self) -> Thresholds:
        """The filter's, with one's own over them."""
        return FILTERS[self.filter].model_copy(update=self.keep.model_dump(exclude_none=True) if self.keep else {})

    def makes(self, rows: int) -> int:
        """The longest ones, at most."""
        longest = self.thresholds.longest
        return rows if longest is None else min(rows, longest)
