"""Origins of clauses in a method file and in words.

In a file each clause has a line of front matter, found again by the clause's own text: whoever edits the file may move
clauses, and those that were not rewritten keep where they come from.

    origin 2 5d41402a: {"step": 3, "operator": "small", "finding": "answers were given away", "cases": ["seed-7"]}
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from .gateway.errors import UsageError
from .method import Origin

__all__ = ["ORIGIN_KEY", "origin_lines", "origin_words", "read_origins"]

ORIGIN_KEY = re.compile(r"origin \d{1,2} ([0-9a-f]{8})")
_FIELDS = ("step", "operator", "finding", "cases", "method", "reason")
_HOW = {"small": "small edit", "bold": "bold edit", "merge": "merge", "person": "a person's edit", "": "edit"}
_CASES_SHOWN = 5


def origin_lines(clauses: Sequence[str], origins: Sequence[Origin]) -> list[str]:
    """The lines of front matter for these clauses; none where there is not one origin for each."""
    if len(origins) != len(clauses):
        return []
    return [
        f"origin {number} {_sign(clause)}: {_written(origin)}"
        for number, (clause, origin) in enumerate(zip(clauses, origins, strict=True), 1)
    ]


def read_origins(
    lines: Iterable[tuple[str, str]], clauses: Sequence[str], method: str, place: str
) -> tuple[Origin, ...]:
    """The origin of each clause, or nothing where the file has none.

    Args:
        lines: sign of a clause and JSON object, of each line.
        clauses: as they stand in the file now.
        method: id of the method, for clauses that a person wrote.
        place: what the file is called in errors.

    Raises:
        UsageError: a line is not understood.
    """
    known: dict[str, list[Origin]] = {}
    for sign, text in lines:
        known.setdefault(sign, []).append(_read(text, place))
    if not known:
        return ()
    return tuple(found.pop(0) if (found := known.get(_sign(clause))) else Origin(method=method) for clause in clauses)


def origin_words(origin: Origin) -> str:
    """Where a clause comes from, as a person reads it in one line."""
    if not origin.step:
        return f"stood in the method {origin.method} from the start" if origin.method else "written by hand"
    parts = [f"step {origin.step}, {_HOW[origin.operator]}"]
    parts += [f"answers: {origin.finding}"] if origin.finding else []
    parts += [f"reason: {origin.reason}"] if origin.reason else []
    more = len(origin.cases) - _CASES_SHOWN
    cases = ", ".join(origin.cases[:_CASES_SHOWN]) + (f" and {more} more" if more > 0 else "")
    parts += [f"cases: {cases}"] if origin.cases else []
    parts += [f"first in {origin.method}"] if origin.method else []
    return "; ".join(parts)


def _sign(clause: str) -> str:
    return hashlib.sha256(clause.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _written(origin: Origin) -> str:
    """The fields that say something; in ASCII where a line would not be printable."""
    values = {name: getattr(origin, name) for name in _FIELDS}
    said = {name: value for name, value in values.items() if value}
    line = json.dumps(said, ensure_ascii=False)
    return line if line.isprintable() else json.dumps(said)


def _read(text: str, place: str) -> Origin:
    """The origin of a line, checked field by field."""
    try:
        value: object = json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        value = None
    if not isinstance(value, dict) or not _sound(fields := cast("dict[str, Any]", value)):
        raise UsageError(
            f"The method {place} has an origin that is not understood: {text[:60]}.",
            fix="Leave these lines as they were written, or take them out.",
        )
    cases: list[str] = fields.pop("cases", [])
    return Origin(cases=tuple(cases), **fields)


def _sound(fields: Mapping[str, Any]) -> bool:
    """Whether every field is one of an origin and of its kind."""
    step, operator, cases = fields.get("step", 0), fields.get("operator", ""), fields.get("cases", [])
    words = [operator, *(fields.get(name, "") for name in ("finding", "method", "reason"))]
    if not isinstance(cases, list) or not all(isinstance(one, str) for one in [*words, *cast("list[object]", cases)]):
        return False
    counted = isinstance(step, int) and not isinstance(step, bool) and step >= 0
    return counted and operator in _HOW and not fields.keys() - set(_FIELDS)
