"""What a way of mixing decided: which rows, in which order, in which files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .drawing import Copy
from .pool import PoolRow

__all__ = ["DrawnFile", "Mix"]


@dataclass(frozen=True, slots=True)
class DrawnFile:
    """One file of rows: its name, the rows in order (each with the number of its copy), and what it is in words."""

    name: str
    rows: tuple[Copy, ...]
    what: str


@dataclass(frozen=True, slots=True)
class Mix:
    """What is to be written.

    Args:
        method: `dmt`, `ratio` or `skill-it`.
        source: of the method, in words.
        seed: of every draw.
        settings: as they were said.
        purposes: names of the draws; with the seed they say each of them (docs/mixing.md).
        files: of rows.
        left: rows that are in none of them.
        notes: sentences for a person.
    """

    method: str
    source: str
    seed: int
    settings: Mapping[str, Any]
    purposes: Sequence[str]
    files: tuple[DrawnFile, ...]
    left: Sequence[PoolRow] = ()
    notes: Sequence[str] = ()
