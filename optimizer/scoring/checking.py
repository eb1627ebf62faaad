"""Detectors over a file of rows that somebody evolved, with AutoEvol or with anything else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from ...agents.messages import Finding
from ..dataset.language import language_of
from ..dataset.raw import RawRow, RowStream
from .detectors import detect
from .pair import Pair

__all__ = ["BadRow", "CheckedRow", "Summary", "check_rows"]

_TEXT_OR_NULL = ("response", "evolved", "evolved_response")


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """One row that could be read, with what was found. `line` is its place in the file, from 1."""

    line: int
    findings: tuple[Finding, ...]
    has_response: bool


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that could not be read, and why."""

    line: int
    problem: str


@dataclass(slots=True)
class Summary:
    """What was found in a file, row by row as it is read.

    Args:
        findings: per readable row, in the order of the file; an empty tuple where nothing was found.
        lines: per readable row, its place in the file.
        by_class: finding kind → rows that have it.
        unreadable: rows that could not be read.
        responses: rows with an evolved response; rules on responses see nothing in the others.
    """

    findings: list[tuple[Finding, ...]] = field(default_factory=list[tuple[Finding, ...]])
    lines: list[int] = field(default_factory=list[int])
    by_class: Counter[str] = field(default_factory=Counter[str])
    unreadable: list[BadRow] = field(default_factory=list[BadRow])
    responses: int = 0

    @property
    def flagged(self) -> int:
        """Rows with at least one finding."""
        return sum(bool(findings) for findings in self.findings)

    def add(self, row: CheckedRow | BadRow) -> None:
        """Count one row."""
        if isinstance(row, BadRow):
            self.unreadable.append(row)
            return
        self.findings.append(row.findings)
        self.lines.append(row.line)
        self.by_class.update(finding.kind for finding in row.findings)
        self.responses += row.has_response


def check_rows(rows: RowStream, names: Sequence[str], language: str | None = None) -> Iterator[CheckedRow | BadRow]:
    """Run detectors over rows `{instruction, response?, evolved, evolved_response?}`, one at a time.

    A row of a run's own `dataset.jsonl` names its seed in `provenance`; it is read as the evolution that it came from.

    Args:
        rows: the file. Blank lines are passed over.
        names: the detectors.
        language: of all rows; None tells it for each row from the script of its instruction.

    Raises:
        UsageError: there is no such detector, or the file cannot be read to its end.
    """
    for read in rows.rows():
        if read.blank:
            continue
        raw = replace(read, value=_as_pair(read.value))
        problem = _problem(raw)
        if problem:
            yield BadRow(raw.line, problem)
            continue
        pair = _pair(cast("Mapping[str, str | None]", raw.value), language)
        yield CheckedRow(raw.line, detect(pair, names), pair.evolved_response is not None)


def _as_pair(value: object) -> object:
    """A finished row as seed and evolution; anything else as it is."""
    row = _fields(value)
    seed = _fields(row.get("provenance")).get("seed_instruction")
    if seed is None or "evolved" in row:
        return value
    return {"instruction": seed, "evolved": row.get("instruction"), "evolved_response": row.get("response")}


def _fields(value: object) -> dict[str, object]:
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def _problem(raw: RawRow) -> str:
    """Why a row cannot be checked; empty where it can."""
    if raw.fault:
        return raw.fault
    value = raw.value
    if not isinstance(value, dict):
        return "not an object"
    row = cast("dict[str, object]", value)
    for name in ("instruction", "evolved"):
        if name not in row:
            return f"no field '{name}'"
    if not isinstance(row["instruction"], str):
        return "'instruction' is not text"
    if not row["instruction"].strip():
        return "'instruction' is empty"
    wrong = [name for name in _TEXT_OR_NULL if not isinstance(row.get(name), str | None)]
    return f"'{wrong[0]}' is neither text nor null" if wrong else ""


def _pair(row: Mapping[str, str | None], language: str | None) -> Pair:
    instruction = row["instruction"] or ""
    return Pair(
        instruction=instruction,
        response=row.get("response"),
        evolved=row["evolved"],
        evolved_response=row.get("evolved_response"),
        language=language or language_of(instruction),
    )
