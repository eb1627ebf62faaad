"""What the stages of `dedup` share: rows are met in an order of preference, and one with a twin among the kept is not.

So every row that is left out has a twin that stays, at the threshold or above, and no two rows that stay are so near:
neither holds of connected groups, in which the ends of a chain need not look alike.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Twin"]


class Twin(NamedTuple):
    """A row that is left out, the row that it is left out for, and how alike they are, in [0, 1]."""

    row: int
    of: int
    similarity: float
