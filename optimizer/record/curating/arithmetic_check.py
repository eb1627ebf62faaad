"""What can be said about the selector that works arithmetic out again."""

from __future__ import annotations

from typing import Literal

from .selector import SelectorSettings

__all__ = ["ArithmeticCheckSettings"]


class ArithmeticCheckSettings(SelectorSettings):
    """Leave out answers to arithmetic whose result is wrong, or a step; no model is asked.

    Args:
        check: `result`, the number that the answer comes to; or `steps`, where the recipe `arithmetic` says in which
            form the answer must be, every line of it.
        others: rows that ask no problem of two whole numbers, or more than one: `keep` or `drop`.
    """

    recipe: Literal["arithmetic-check"] = "arithmetic-check"
    check: Literal["result", "steps"] = "result"
    others: Literal["keep", "drop"] = "keep"
