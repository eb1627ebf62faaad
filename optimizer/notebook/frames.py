"""Tables as data frames of pandas or polars, whichever is there; neither is loaded before a table is asked for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Literal, cast

from ...agents.gateway.errors import UsageError

__all__ = ["LIBRARIES", "Kind", "Library", "Table", "frame_of", "library_for"]

Kind = Literal["text", "whole", "number", "truth", "texts"]
"""What a column holds; each may be missing, but for lists of texts, which are empty."""
Library = Literal["pandas", "polars"]
LIBRARIES: tuple[Library, ...] = ("pandas", "polars")
_MOST = 2**63 - 1
_PANDAS: Mapping[Kind, str] = {"text": "string", "whole": "Int64", "number": "float64", "truth": "boolean"}
_POLARS: Mapping[Kind, str] = {"text": "String", "whole": "Int64", "number": "Float64", "truth": "Boolean"}


@dataclass(frozen=True, slots=True)
class Table:
    """A tidy table: its columns with what they hold, and its rows, each a value for every column."""

    columns: Mapping[str, Kind]
    rows: Iterable[Sequence[object]]


def library_for(wanted: str | None) -> Library:
    """The library to make data frames with.

    Args:
        wanted: its name; None for the one that is loaded already, else for the first that is installed.

    Raises:
        UsageError: there is no such library, or none is installed.
    """
    if wanted is not None and wanted not in LIBRARIES:
        raise UsageError(f"Frames cannot be of '{wanted}'.", fix="Say frames='pandas' or frames='polars'.")
    first: list[Library] = sorted(LIBRARIES, key=lambda name: not _loaded(name))
    choice: list[Library] = first if wanted is None else [wanted]
    for name in choice:
        if _loaded(name) or find_spec(name) is not None:
            return name
    raise UsageError(
        f"{wanted} is not installed." if wanted else "A table needs pandas or polars, and neither is installed.",
        fix=f"pip install {wanted}" if wanted else "pip install 'autoevol[frames]' brings polars; pandas does as well.",
    )


def _loaded(name: str) -> bool:
    return name in sys.modules


def frame_of(table: Table, library: Library) -> Any:
    """A data frame; an empty one has the same columns of the same types.

    Args:
        table: is read once.
        library: is loaded here.
    """
    columns: dict[str, list[Any]] = {name: [] for name in table.columns}
    makers = [(columns[name].append, _MAKERS[kind]) for name, kind in table.columns.items()]
    for row in table.rows:
        for (add, make), value in zip(makers, row, strict=True):
            add(make(value))
    module = importlib.import_module(library)
    if library == "polars":
        text = module.String
        schema = {
            name: module.List(text) if kind == "texts" else getattr(module, _POLARS[kind])
            for name, kind in table.columns.items()
        }
        return module.DataFrame(columns, schema=schema)
    series = {
        name: module.Series(columns[name], dtype=_PANDAS.get(kind, "object")) for name, kind in table.columns.items()
    }
    return module.DataFrame(series)


def _text(value: object) -> str | None:
    """Half of a surrogate pair has no UTF-8, which both libraries keep texts in."""
    if not isinstance(value, str):
        return None
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and abs(value) <= _MOST else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _truth(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _texts(value: object) -> list[str]:
    return [_text(each) or "" for each in cast("Iterable[object]", value)]


_MAKERS: Mapping[Kind, Callable[[object], object]] = {
    "text": _text, "whole": _whole, "number": _number, "truth": _truth, "texts": _texts,
}  # fmt: skip
