"""The selectors by name."""

from __future__ import annotations

from collections.abc import Mapping

from .duplicates.dedup import dedup
from .part import Selector

__all__ = ["CHOOSERS"]

CHOOSERS: Mapping[str, Selector] = {
    "dedup": dedup,
}
"""What each selector does; its settings are in optimizer/record/curating."""
