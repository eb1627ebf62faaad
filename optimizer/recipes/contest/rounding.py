"""Figures as a record keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

__all__ = ["rounded"]


def rounded(value: object) -> object:
    """The same with floats of six digits: the last bits of sums are nobody's business."""
    if isinstance(value, float):
        return round(value, 6) + 0.0  # no minus zero
    if isinstance(value, Mapping):
        return {key: rounded(each) for key, each in cast("Mapping[str, object]", value).items()}
    if isinstance(value, list | tuple):
        return [rounded(each) for each in cast("Sequence[object]", value)]
    return value
