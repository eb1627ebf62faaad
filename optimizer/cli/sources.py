"""Sets of rows that a command is given: a run, a file, or either with a name of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .export import open_source

if TYPE_CHECKING:
    from ..dataset.exports.reading import Source

__all__ = ["open_set"]


def open_set(text: str, runs: Path) -> tuple[str, Source, Path | None]:
    """Name, rows and file (None for a data set of the Hub) of `RUN`, `FILE` or `NAME=RUN|FILE`.

    Raises:
        UsageError: there is no such run or file, or it has no rows.
    """
    name, equals, rest = text.partition("=")
    if not equals or not name or Path(text).exists():
        name, rest = "", text
    source = open_source(rest, runs)
    if source.folder is not None:
        return name or source.folder.name, source, source.folder / "dataset.jsonl"
    path = None if rest.startswith("hub:") else Path(rest)
    usual = rest.rpartition("/")[2] if path is None else path.name.partition(".")[0]
    return name or usual or "rows", source, path
