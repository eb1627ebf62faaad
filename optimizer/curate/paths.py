"""Dotted paths that settings name: one at which no row says anything is a slip of the pen, and is told before work."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from ...agents.gateway.errors import UsageError
from .rows import CurateRow, Rows

__all__ = ["refuse_unsaid", "unsaid"]


def refuse_unsaid(rows: Rows, by: str, values: Iterable[str] = (), figures: Iterable[str] = ()) -> None:
    """Refuse paths at which no row has anything. One pass over the rows, which ends where all are found.

    Args:
        rows: what there is.
        by: the selector.
        values: paths at which a word or a number is looked for; `language` is known of every row.
        figures: paths at which a number is.

    Raises:
        UsageError: no row has one of them.
    """
    words, numbers = dict.fromkeys(path for path in values if path and path != "language"), dict.fromkeys(figures)
    numbers.pop("", None)
    stands: dict[str, str] = {}
    names: dict[str, None] = {}
    for row in rows:
        if not words and not numbers:
            return
        names |= dict.fromkeys(map(str, row.said))
        for path in [*words, *numbers]:
            value = row.value(path)
            if value is not None:
                stands.setdefault(path, _kind(value))
        words = {path: None for path in words if not _is_said(row, path)}
        numbers = {path: None for path in numbers if row.number(path) is None}
    for path in numbers or words:
        raise unsaid(path, by, "figure" if path in numbers else "field", names, stands.get(path, ""))


def unsaid(path: str, by: str, what: str, names: Iterable[str] = (), stands: str = "") -> UsageError:
    """What is said where no row has it.

    Args:
        path: as the settings have it.
        by: who asks for it.
        what: `figure`, `field` or what else is looked for.
        names: of the fields that rows have.
        stands: what stands there instead; empty for nothing.
    """
    near = difflib.get_close_matches(path, list(names), n=1)
    hint = f" Did you mean {near[0]}?" if near and near[0] != path else ""
    there = f" (what stands there is {stands})" if stands else ""
    return UsageError(
        f"No row has the {what} {path}, by which {by} {'groups' if by == 'mix' else 'chooses'}{there}.{hint}",
        fix="Look at a row, and name the dotted path at which it stands.",
    )


def _is_said(row: CurateRow, path: str) -> bool:
    value = row.value(path)
    return value is not None and not isinstance(value, dict | list)


def _kind(value: object) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "true or false"
    return "a list" if isinstance(value, list | tuple) else "an object" if isinstance(value, dict) else "no number"
