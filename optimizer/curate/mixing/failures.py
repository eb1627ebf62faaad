"""How often rows of each skill failed in a run: a stand-in for the losses of a student that nobody has trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ....agents.gateway.errors import UsageError
from ...dataset.source import open_seeds, stream_of
from ...record.curating.selectors import SELECTORS
from ...record.settings import SeedSettings
from ..rows import value_at

__all__ = ["Failures", "failure_rates"]

_NOT_SCORES = frozenset({"unanswerable"})  # nothing was learned about the row


@dataclass(slots=True)
class Failures:
    """Counts by skill.

    Args:
        rows, failed: rows of each skill, and those of them that failed.
        unknown: rows of which nothing says what skill they are of.
        passed_over: rows that a selector dropped. A selector takes the better or the fewer of good rows: what it leaves
            out did not fail.
    """

    rows: dict[str, int] = field(default_factory=dict[str, int])
    failed: dict[str, int] = field(default_factory=dict[str, int])
    unknown: int = 0
    passed_over: int = 0

    @property
    def rates(self) -> dict[str, float]:
        """Share of failed rows, by skill."""
        return {name: self.failed.get(name, 0) / count for name, count in self.rows.items()}


def failure_rates(folder: Path, by: str, *, judge_only: bool = False) -> Failures:
    """Of a run: a row fails that was dropped, or that detectors or judge found something wrong with.

    Rows that a selector dropped are left aside.

    Args:
        folder: of the run.
        by: dotted path to the skill, in the row itself or in the seed that it was made from.
        judge_only: count the judge's findings only; a row that was dropped without one counts as not failed.

    Raises:
        UsageError: the run has no row whose skill is known.
    """
    found = Failures()
    seeds = _skills_of_seeds(folder, by)
    for name in ("dataset.jsonl", "dropped.jsonl"):
        dropped = name == "dropped.jsonl"
        for row in _rows(folder / name):
            if dropped and row.get("reason") in _NOT_SCORES:
                continue
            if dropped and _text(row.get("part")).partition("-")[2] in SELECTORS:
                found.passed_over += 1
                continue
            skill = _text(value_at(row, by)) or seeds.get(_seed_of(row), "")
            if not skill:
                found.unknown += 1
                continue
            found.rows[skill] = found.rows.get(skill, 0) + 1
            found.failed[skill] = found.failed.get(skill, 0) + _failed(row, dropped=dropped, judge_only=judge_only)
    if not found.rows:
        raise UsageError(
            f"No row of the run {folder.name} says its skill in `{by}`, and no seed of it.",
            fix="Name the field with --by, as in --by provenance.topic.",
        )
    return found


def _failed(row: Mapping[str, Any], *, dropped: bool, judge_only: bool) -> bool:
    said = value_at(row, "findings" if dropped else "provenance.findings")
    findings = cast("list[object]", said) if isinstance(said, list) else []
    if judge_only:
        return any(isinstance(each, dict) and cast("dict[str, object]", each).get("by") == "judge" for each in findings)
    return dropped or bool(findings)


def _seed_of(row: Mapping[str, Any]) -> str:
    came = row.get("provenance")
    said = cast("dict[str, Any]", came) if isinstance(came, dict) else row
    return _text(said.get("seed_id")).partition(".")[0]


def _skills_of_seeds(folder: Path, by: str) -> dict[str, str]:
    """What the seeds of the run say, by their ids; empty where they are gone or there are none."""
    from ...dataset.exports.reading import json_object  # noqa: PLC0415  only runs have seeds

    frozen = json_object(folder / "settings.json").get("settings")
    said = cast("dict[str, Any]", frozen).get("seeds") if isinstance(frozen, dict) else None
    try:
        settings = SeedSettings.model_validate(said or {})
        if not settings.source:
            return {}
        lines = {seed.line: seed.row for seed in open_seeds(settings)}
        return {
            lines[row.line]: _text(value_at(row.fields, by)) for row in stream_of(settings).rows()
            if row.fields is not None and row.line in lines
        }  # fmt: skip
    except (UsageError, ValueError):
        return {}


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    if path.is_file():
        for row in stream_of(SeedSettings(source=str(path))).rows():
            if row.fields is not None:
                yield row.fields


def _text(value: object) -> str:
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
