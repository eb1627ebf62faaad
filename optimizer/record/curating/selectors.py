"""The selectors by name, and any of them as a setting."""

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

__all__ = ["SELECTORS", "Selecting"]

# A selector of yours: its settings here, in both places, and its function in optimizer/curate/selectors.py.
Selecting: TypeAlias = (
    DedupSettings | DiverseSettings | FacilitySettings | DeitaSettings | HybridSettings | QuotasSettings
    | InstagSettings
    | ArithmeticCheckSettings
    | LimaSettings
    | MagpieFilterSettings
)  # fmt: skip
"""The settings of one selector, told apart by `recipe`."""

SELECTORS: Mapping[str, type[SelectorSettings]] = {
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
"""Every selector of `autoevol curate`."""
