"""Rows as they stand in a source, before anyone asks what their fields mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, cast

from ...agents.gateway.errors import UsageError

__all__ = ["RawRow", "RowStream", "broken_source", "missing_extra"]


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row.

    Args:
        line: line of the file where the row begins, or the row's number; from 1.
        value: what stands there: an object where the row is of the right form.
        fault: why there is no value (`not JSON: ...`); empty where there is one.
        blank: whether there is nothing at all on the line.
    """

    line: int
    value: object = None
    fault: str = ""
    blank: bool = False

    @property
    def fields(self) -> Mapping[str, object] | None:
        """The value where it is an object, as every row should be."""
        value = self.value
        return cast("dict[str, object]", value) if isinstance(value, dict) else None


@dataclass(frozen=True, slots=True)
class RowStream:
    """A source that can be read again and again, one row at a time.

    Args:
        name: the source in words, for messages.
        unit: what `RawRow.line` counts.
        rows: starts a new pass.
    """

    name: str
    unit: Literal["line", "row"]
    rows: Callable[[], Iterator[RawRow]]


def broken_source(name: str, why: str) -> UsageError:
    """The error for a source that cannot be read to its end."""
    return UsageError(f"{name} cannot be read: {why}.", fix="Check that the file is complete, or give another file.")


def missing_extra(what: str, extra: str) -> UsageError:
    """The error for a source that needs a library which is not installed."""
    return UsageError(f"{what} needs an extra that is not installed.", fix=f"Run: pip install 'autoevol[{extra}]'")
