"""The selectors that choose by themselves, by name, and any of them as a setting (`selectors` has panels, too)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from .arithmetic_check import ArithmeticCheckSettings
from .dedup import DedupSettings
from .deita import DeitaSettings
from .diverse import DiverseSettings
from .facility import FacilitySettings
from .hybrid import HybridSettings
from .instag import InstagSettings
from .lima import LimaSettings
from .magpie_filter import MagpieFilterSettings
from .quotas import QuotasSettings
from .selector import SelectorSettings

__all__ = ["ALONE", "Alone"]

# A selector of yours: its settings here, in both places, and its function in optimizer/curate/selectors.py.
Alone: TypeAlias = (
    DedupSettings | DiverseSettings | FacilitySettings | DeitaSettings | HybridSettings | QuotasSettings
    | InstagSettings
    | ArithmeticCheckSettings
    | LimaSettings
    | MagpieFilterSettings
)  # fmt: skip
"""The settings of one selector, told apart by `recipe`."""

ALONE: Mapping[str, type[SelectorSettings]] = {
    "dedup": DedupSettings,
    "diverse": DiverseSettings,
    "facility": FacilitySettings,
    "deita": DeitaSettings,
    "hybrid": HybridSettings,
    "quotas": QuotasSettings,
    "instag": InstagSettings,
    "arithmetic-check": ArithmeticCheckSettings,
    "lima": LimaSettings,
    "magpie-filter": MagpieFilterSettings,
}
"""Every selector that is no panel of others."""
