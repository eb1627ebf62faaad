"""What a selector decides: which rows are kept, in the order of choosing, and why each other one is not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .vectors import RowVectors

__all__ = ["Choice", "Notes", "Why", "first_of"]

Notes = Mapping[str, Any]
"""Values that JSON has, by name."""


@dataclass(frozen=True, slots=True)
class Why:
    """Why a row is not kept.

    Args:
        reason: a class that can be counted, such as `near-duplicate`.
        detail: in words.
        notes: what else there is to say, ready for JSON: {"twin": id, "similarity": 0.93}. `calls` and `cost` are what
            was spent on the row.
    """

    reason: str
    detail: str = ""
    notes: Notes = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Choice:
    """Every row is in one of the first two, and in no more than one.

    Args:
        order: indices of the rows that are kept, the first chosen first.
        why: index of every other row → why.
        notes: index of a kept row → what is said of it, beside its rank; `calls`, `cost` and `models` are what was
            spent on it.
        figures: what there is to say of the whole, for `curation.json`.
        lines: what there is to tell, a line each.
        entries: index of a kept row → what goes into its `provenance.curated` before the entry of this choice.
        change: what it changed, see `before_after`, where the selector has measured that already.
        vectors: those that it looked at, so that coverage can be measured by them.
        prices: USD of each call that `calls` of a row names, by its key; None where that is not known.
    """

    order: Sequence[int]
    why: Mapping[int, Why]
    notes: Mapping[int, Notes] = field(default_factory=dict[int, Notes])
    figures: Notes = field(default_factory=dict[str, Any])
    lines: Sequence[str] = ()
    entries: Mapping[int, Sequence[Notes]] = field(default_factory=dict[int, Sequence[Notes]])
    change: Notes | None = None
    prices: Mapping[str, float | None] = field(default_factory=dict[str, float | None])
    vectors: RowVectors | None = field(default=None, compare=False, repr=False)

    def check(self, total: int) -> None:
        """That it accounts for rows 0 to total - 1, each once.

        Raises:
            ValueError: a defect of the selector: a row is chosen twice, or nothing is said of one.
        """
        kept = set(self.order)
        stray = next((index for index in (*kept, *self.why) if not 0 <= index < total), None)
        if len(kept) != len(self.order) or stray is not None or kept & self.why.keys():
            raise ValueError("a row was chosen twice, both chosen and dropped, or there is no such row")
        if len(kept) + len(self.why) != total:
            raise ValueError(f"of {total} rows {len(kept)} were chosen and {len(self.why)} dropped")


def first_of(order: Sequence[int], count: int | None, why: Mapping[int, Why] | None = None) -> tuple[
    list[int], dict[int, Why]
]:  # fmt: skip
    """The first `count` rows of an order, and why the others are not kept: their place in it.

    Args:
        order: indices, the best first.
        count: how many are kept; None keeps all.
        why: what is known of rows outside the order already; kept as it is.

    Returns:
        `order` and `why` of a Choice.
    """
    most = len(order) if count is None else count
    late = {index: Why("not-selected", f"rank {rank:,}, and the first {most:,} are kept", {"rank": rank})
            for rank, index in enumerate(order[most:], most + 1)}  # fmt: skip
    return list(order[:most]), {**(why or {}), **late}
