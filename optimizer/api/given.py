"""Whether what a caller gave is of a kind that can be read: said at once, before a folder is made or a call is paid."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

from ...agents.gateway.errors import UsageError

__all__ = ["check_given", "check_progress", "folder_of", "lines_of"]


def check_given(name: str, value: object, kinds: type | tuple[type, ...], words: str) -> None:
    """Refuse a value of another kind.

    Args:
        name: of the argument.
        value: what was given.
        kinds: what it may be.
        words: the same, for the person.

    Raises:
        UsageError: it is something else.
    """
    if not isinstance(value, kinds):
        raise UsageError(f"{name} cannot be {_shown(value)}.", fix=f"Give {words}.")


def check_progress(progress: object) -> None:
    """Refuse what can be told nothing.

    Raises:
        UsageError: it is neither a function nor True or False.
    """
    if not callable(progress):
        check_given("progress", progress, bool, "a function that takes a Moment, True or False")


def folder_of(runs: object) -> Path:
    """The folder that holds runs.

    Raises:
        UsageError: it is no path.
    """
    check_given("runs", runs, (str, Path), "the path of a folder")
    return Path(cast("str | Path", runs))


def lines_of(rows: object) -> str:
    """Rows as lines of JSON.

    Raises:
        UsageError: they are no rows, there are none, or one holds what JSON does not have.
    """
    from ..dataset.rows import encode_line  # noqa: PLC0415  brings pydantic

    if isinstance(rows, bytes) or not isinstance(rows, Iterable):
        check_given("seeds", rows, (), "a file, `hub:NAME`, a table of settings, or rows as mappings")
    lines: list[str] = []
    for number, row in enumerate(cast("Iterable[Any]", rows)):
        check_given(f"seeds[{number}]", row, Mapping, "each row as a mapping, such as {'instruction': '…'}")
        try:
            lines.append(encode_line(row))
        except (TypeError, ValueError) as error:
            raise UsageError(
                f"seeds[{number}] holds what JSON does not have: {error}.",
                fix="Give text, numbers, lists and mappings with text as keys.",
            ) from None
    if not lines:
        raise UsageError("No seeds were given.", fix="Give at least one row, or the name of a file.")
    return "".join(lines)


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str | int | float | None) else f"of the type {type(value).__name__}"
