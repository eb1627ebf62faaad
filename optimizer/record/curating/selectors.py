"""Every selector by name, and any of them as a setting."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from .alone import ALONE, Alone
from .panel import PanelSettings
from .selector import SelectorSettings

__all__ = ["SELECTORS", "Selecting"]

Selecting: TypeAlias = Alone | PanelSettings
"""The settings of one selector, told apart by `recipe`."""

SELECTORS: Mapping[str, type[SelectorSettings]] = {**ALONE, "panel": PanelSettings}
"""Every selector of `autoevol curate`."""
