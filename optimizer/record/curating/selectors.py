"""The selectors by name, and any of them as a setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from .dedup import DedupSettings
from .selector import SelectorSettings

__all__ = ["SELECTORS", "Selecting"]

# A selector of yours: its settings here, in both places, and its function in optimizer/curate/selectors.py.
Selecting: TypeAlias = (
    DedupSettings
)  # fmt: skip
"""The settings of one selector, told apart by `recipe`."""

SELECTORS: Mapping[str, type[SelectorSettings]] = {
    "dedup": DedupSettings,
}
"""Every selector of `autoevol curate`."""
