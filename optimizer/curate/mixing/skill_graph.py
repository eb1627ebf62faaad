"""The graph of skills that a user gives: which skill helps which."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, cast

from ....agents.gateway.errors import UsageError

__all__ = ["DEFAULT_EDGE", "SkillGraph", "graph_of", "read_graph"]

DEFAULT_EDGE = 0.5
_FIX = (
    'Write skills = ["a", "b"] and edges = [["a", "b"]] (a helps b; a number as third is its weight), or a matrix '
    "with a row for each skill."
)


@dataclass(frozen=True, slots=True)
class SkillGraph:
    """Skills and how much learning one helps another.

    Args:
        skills: names, in order.
        weights: k rows of k numbers not below 0; row i, column j: i helps j.
    """

    skills: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]

    @property
    def lone(self) -> frozenset[str]:
        """Skills that neither help nor are helped."""
        names = range(len(self.skills))
        return frozenset(
            self.skills[i] for i in names
            if not any(i != j and (self.weights[i][j] or self.weights[j][i]) for j in names)
        )  # fmt: skip

    def damped(self, times: int) -> SkillGraph:
        """With every edge between two skills halved so many times."""
        return SkillGraph(self.skills, tuple(
            tuple(value if i == j else value * 0.5**times for j, value in enumerate(row))
            for i, row in enumerate(self.weights)
        ))  # fmt: skip


def read_graph(path: Path) -> SkillGraph:
    """From TOML or JSON; see `graph_of`.

    Raises:
        UsageError: it cannot be read, or is no graph.
    """
    try:
        text = path.read_text(encoding="utf-8")
        value: Any = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path} cannot be read: {error}.", fix="Give a TOML or JSON file.") from error
    if not isinstance(value, dict):
        raise UsageError(f"{path} is no graph of skills.", fix=_FIX)
    return graph_of(cast("dict[str, Any]", value))


def graph_of(said: Mapping[str, Any]) -> SkillGraph:
    """From `skills` with `edges` (pairs, or triples with a weight) or with `matrix`.

    A skill helps itself with weight 1. An edge without a weight, and a 1 beside the diagonal of a matrix, weighs 0.5,
    as in the authors' code.

    Raises:
        UsageError: it is no graph.
    """
    skills = said.get("skills")
    if (
        not isinstance(skills, list)
        or not skills
        or not all(isinstance(each, str) for each in cast("list[object]", skills))
    ):
        raise UsageError("The graph has no list of skills.", fix=_FIX)
    names = tuple(cast("list[str]", skills))
    if len(set(names)) < len(names):
        raise UsageError("A skill stands twice in the graph.", fix=_FIX)
    rows = _matrix(said["matrix"], len(names)) if "matrix" in said else _edges(said.get("edges") or [], names)
    if any(not isfinite(value) or value < 0 for row in rows for value in row):
        raise UsageError("A weight of the graph is not a number from 0 up.", fix=_FIX)
    return SkillGraph(names, tuple(map(tuple, rows)))


def _matrix(said: Any, size: int) -> list[list[float]]:
    try:
        rows = [[float(value) for value in row] for row in said]
    except (TypeError, ValueError):
        rows = []
    if len(rows) != size or any(len(row) != size for row in rows):
        raise UsageError(f"The matrix is not {size} by {size} numbers.", fix=_FIX)
    return [[DEFAULT_EDGE if i != j and value == 1 else value for j, value in enumerate(row)]
            for i, row in enumerate(rows)]  # fmt: skip


def _edges(said: Any, names: Sequence[str]) -> list[list[float]]:
    rows = [[float(i == j) for j in range(len(names))] for i in range(len(names))]
    for edge in cast("list[object]", said) if isinstance(said, list) else [said]:
        parts = cast("list[object]", edge) if isinstance(edge, list) else []
        helper, helped = parts[:2] if len(parts) in (2, 3) else ("", "")
        weight = parts[2] if len(parts) == 3 else DEFAULT_EDGE
        known = isinstance(helper, str) and isinstance(helped, str) and {helper, helped} <= set(names)
        if not known or isinstance(weight, bool) or not isinstance(weight, int | float):
            raise UsageError(f"{edge!r} is no edge of the graph.", fix=_FIX)
        rows[names.index(str(helper))][names.index(str(helped))] = float(weight)
    return rows
