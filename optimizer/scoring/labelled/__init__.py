"""The labelled set: evolutions with a label that says what is wrong with each, to measure those who look for it.

Detectors and judges are measured on it: `autoevol judge-audit` and `benchmarks/` read it. How it was made, and how to
write one's own, is in the README.md of this folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import chain
from pathlib import Path
from typing import Any, cast

from ....agents.gateway.errors import UsageError

__all__ = ["DOMAINS", "FLAWS", "LANGUAGES", "LabelledRow", "load_labelled"]

LANGUAGES = ("en", "zh")
DOMAINS = ("maths", "code", "chat", "writing", "data", "reasoning")
FLAWS = (
    "unreadable",
    "identity",
    "near-copy",
    "not-harder",
    "answer-leak",
    "solution-hint",
    "scaffold-leak",
    "lost-question",
    "lost-numbers",
    "lost-units",
    "lost-code",
    "lost-table",
    "lost-urls",
    "lost-names",
    "language-changed",
    "task-changed",
    "runaway-length",
    "asks-back",
    "refused",
    "truncated",
    "contradiction",
    "unsolvable",
    "ill-posed",
    "wrong-response",
)
"""The classes of flaws, each explained in one line in the README.md of this folder."""

_FIX = "Mend the line; the README.md of the labelled set shows the form of a row."
_TEXTS = ("id", "language", "domain", "seed", "evolved", "why")
_ANSWERS = ("seed_response", "response")
_FROM_LIST = {"language": LANGUAGES, "domain": DOMAINS}


@dataclass(frozen=True)
class LabelledRow:
    """One evolution and its label: a good one has no flaws, a bad one names the main one first."""

    id: str
    language: str
    domain: str
    seed: str
    seed_response: str | None
    evolved: str
    response: str | None
    good: bool
    flaws: tuple[str, ...]
    why: str


def load_labelled(path: Path | None = None) -> list[LabelledRow]:
    """The rows of a person's own file, or of all shipped files, in the order of their names and lines.

    Blank lines are passed over.

    Raises:
        UsageError: the file cannot be read or holds no row; a line is no row, names an unknown class, language or
            domain, contradicts itself, or repeats an id. The line is named.
    """
    files = sorted(Path(__file__).parent.glob("evolutions.*.jsonl")) if path is None else [path]
    rows: list[LabelledRow] = []
    seen: dict[str, str] = {}
    for file in files:
        for number, line in _lines(file):
            place = f"{file}, line {number}"
            row = _row(line, place)
            if row.id in seen:
                raise UsageError(f"{place}: the id {row.id!r} stands already at {seen[row.id]}.", fix=_FIX)
            seen[row.id] = place
            rows.append(row)
    if not rows:
        fix = "Give a file with some, or none for the shipped set."
        raise UsageError(f"{path or 'The labelled set'} holds no labelled rows.", fix=fix)
    return rows


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}.", fix="Check the path.") from error
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise UsageError(f"{file}, line {number} is not UTF-8 (byte {error.start + 1}).", fix=_FIX) from error


def _row(line: str, place: str) -> LabelledRow:
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{place} is not JSON ({error}).", fix=_FIX) from error
    if not isinstance(value, dict):
        raise UsageError(f"{place} is not a JSON object.", fix=_FIX)
    given = cast("dict[str, object]", value)
    # Lazily: what the fields say is only looked at where they have the right form.
    if fault := next(chain(_form_faults(given), _sense_faults(given)), ""):
        raise UsageError(f"{place}: {fault}.", fix=_FIX)
    values = {**given, "flaws": tuple(cast("list[str]", given["flaws"]))}
    return LabelledRow(**cast("dict[str, Any]", values))


def _form_faults(given: dict[str, object]) -> Iterator[str]:
    """What is wrong with the fields themselves."""
    names = [field.name for field in fields(LabelledRow)]
    yield from (f"the field {name!r} is missing" for name in names if name not in given)
    yield from (f"the field {name!r} is not one of {', '.join(names)}" for name in given if name not in names)
    yield from (f"{name!r} is not a text" for name in _TEXTS if not isinstance(given[name], str))
    yield from (f"{name!r} is neither a text nor null" for name in _ANSWERS if not isinstance(given[name], str | None))
    yield from (f"{name!r} holds half a character" for name in (*_TEXTS, *_ANSWERS) if _broken(given[name]))
    if not isinstance(given["good"], bool):
        yield "'good' is neither true nor false"
    flaws = given["flaws"]
    if not isinstance(flaws, list) or not all(isinstance(flaw, str) for flaw in cast("list[object]", flaws)):
        yield "'flaws' is not a list of texts"


def _broken(value: object) -> bool:
    """Whether a text holds a lone surrogate, which JSON can escape and no file can hold."""
    return isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value)


def _sense_faults(given: dict[str, object]) -> Iterator[str]:
    """What is wrong with what the fields say. An empty `evolved` is a flaw of the row, no fault of the file."""
    yield from (f"{name!r} is empty" for name in ("id", "seed", "why") if not str(given[name]).strip())
    for name, allowed in _FROM_LIST.items():
        if given[name] not in allowed:
            yield f"{name} is {given[name]!r}, which is not one of {', '.join(allowed)}"
    flaws = cast("list[str]", given["flaws"])
    for flaw in flaws:
        if flaw not in FLAWS:
            yield f"{flaw!r} is not a class of flaws; the classes are {', '.join(FLAWS)}"
    if len(set(flaws)) < len(flaws):
        yield "a class of flaws is named twice"
    if given["good"] is bool(flaws):
        yield "a good row has no flaws, and a row that is not good names at least one"
