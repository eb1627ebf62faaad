"""DSPy itself: heavy, without types, and imported here alone, when it is needed."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["dspy"]


def dspy() -> Any:
    """The package."""
    return importlib.import_module("dspy")
