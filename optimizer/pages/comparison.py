"""The page of a comparison: one self-contained HTML file, made from the files of the run alone (see `report`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..record.folder import ABLATION, write_atomically
from .comparison_chart import Gap, draw_gaps
from .comparison_records import ComparisonFile, ContestantRecord, ExampleRecord, PairRecord, PlaceRecord
from .comparison_table import read_comparison
from .external import ExternalView, read_external
from .files import RunFiles
from .judge import JUDGE, JudgeView, read_judge
from .numbers import count
from .plot import Drawing
from .records import FrozenRecord, StatusRecord
from .rendering import render
from .report import settings_lines, told_status
from .rows import Example, of_trajectory
from .spending import Spending, money, read_spending

__all__ = ["comparison_text", "draw_comparison", "write_comparison"]

_FILES: Mapping[str, str] = {
    "compare.json": "everything on this page, and every pair and item, for a program",
    "ablation.json": "everything on this page, for a program",
    "compare": "every item of every contestant",
    "external.json": "scores of trained models that a person brought",
    "contestants": "the rows of other tools, as they were paired",
    "method.md": "the method that was taken apart",
    JUDGE: "how steady the judge is",
    "settings.json": "the frozen settings, with methods and prompts letter by letter",
    "estimate.json": "what it was estimated to take",
    "journal.sqlite": "every finished call",
    "messages.jsonl": "who said what to whom",
}
_KINDS = {"method": "method", "prompt": "prompt of a person's own", "rows": "finished rows"}


@dataclass(frozen=True, slots=True)
class Shown:
    """An example with everybody's texts: who, and what they made of the item."""

    record: ExampleRecord
    texts: tuple[tuple[str, Example], ...]


@dataclass(frozen=True, slots=True)
class _Page:
    """Everything that the template shows."""

    name: str
    status: StatusRecord
    record: ComparisonFile | None
    forest: Drawing | None
    examples: tuple[Shown, ...]
    judge: JudgeView | None
    spending: Spending | None
    files: Mapping[str, str]
    settings: tuple[str, ...]
    version: str
    external: ExternalView | None
    troubles: tuple[str, ...]

    @property
    def headline(self) -> str:
        """The result in one line."""
        record = self.record
        if record is None:
            return "Nothing to compare yet"
        if record.clauses:
            return _of_clauses(record)
        return _of_pairs(record)

    @property
    def tone(self) -> Literal["good", "plain"]:
        """Whether something was shown."""
        record = self.record
        return "good" if record and any(pair.better for pair in record.pairs) else "plain"

    @property
    def placed(self) -> tuple[tuple[PlaceRecord, ContestantRecord, PairRecord | None], ...]:
        """The ranking, each with its own figures and its difference to the baseline."""
        record = self.record
        if record is None:
            return ()
        return tuple(
            (place, record.contestant(place.label), record.against_baseline(place.label)) for place in record.ranking
        )

    @property
    def other_pairs(self) -> tuple[PairRecord, ...]:
        """Pairs without the baseline."""
        record = self.record
        return tuple(p for p in record.pairs if record.baseline not in (p.first, p.second)) if record else ()

    def kind(self, one: ContestantRecord) -> str:
        """What a contestant is, in words."""
        return _KINDS.get(one.kind, one.kind)

    def source(self, one: ContestantRecord) -> str:
        """Where it is from, without the places of this machine."""
        return Path(one.source).name

    def money(self, usd: float | None, calls: int) -> str:
        """Money in words."""
        return money(usd or 0.0, calls if usd is None else 0, free=bool(self.spending and self.spending.free))

    def per_item(self, one: ContestantRecord) -> str:
        """What evolving one item costs, in tokens."""
        cost = one.evolving
        return f"{(cost.input_tokens + cost.output_tokens) / cost.calls:,.0f}" if cost.calls else "0"


def write_comparison(folder: Path, out: Path | None = None) -> Path:
    """Write `compare.html` or `ablation.html` into the folder of a comparison, finished or not, or into `out`.

    Raises:
        StorageError: it cannot be written.
    """
    name = "ablation.html" if (folder / ABLATION).is_file() else "compare.html"
    path = folder / name if out is None else out
    write_atomically(path, comparison_text(folder))
    return path


def comparison_text(folder: Path, scripts: Sequence[str] = ()) -> str:
    """The page of a comparison; `scripts` run in it where it is served."""
    return render("compare.html", _page(RunFiles(folder)), scripts=scripts, served=bool(scripts))


def _page(files: RunFiles) -> _Page:
    frozen = files.record("settings.json", FrozenRecord) or FrozenRecord()
    status = files.record("status.json", StatusRecord) or StatusRecord()
    record = read_comparison(files)
    return _Page(
        name=status.name or frozen.settings.name or "comparison",
        status=told_status(status, files.folder),
        record=record,
        forest=draw_comparison(record) if record else None,
        examples=tuple(map(_shown, record.examples)) if record else (),
        judge=read_judge(files),
        external=read_external(files),
        spending=read_spending(files, free=frozen.settings.free),
        files={name: what for name, what in _FILES.items() if files.has(name)},
        settings=settings_lines(files),
        version=frozen.autoevol,
        troubles=files.troubles,
    )


def draw_comparison(record: ComparisonFile) -> Drawing | None:
    """What each clause is worth, else everybody against the baseline; None where there is nobody."""
    return draw_gaps(_gaps(record), _axis(record))


def _gaps(record: ComparisonFile) -> list[Gap]:
    """What is drawn: the worth of clauses, else everybody against the baseline, best first."""
    if record.clauses:
        ways: Mapping[str, Literal["", "better", "worse"]] = {"helps": "better", "hurts": "worse"}
        return [Gap(f"clause {row.clause}", row.worth, row.low, row.high, ways.get(row.shown, ""))
                for row in record.clauses]  # fmt: skip
    found: list[Gap] = []
    for place in record.ranking:
        pair = record.against_baseline(place.label)
        if pair is not None:
            way: Literal["", "better", "worse"] = (
                "" if not pair.better else "better" if pair.better == place.label else "worse"
            )
            found.append(Gap(place.label, pair.difference, pair.low, pair.high, way))
    return found


def _axis(record: ComparisonFile) -> str:
    """What the drawn differences are."""
    if record.clauses:
        return "mean score of the method less that without the clause"
    return f"mean score less that of {record.baseline[:40]}"


def _of_pairs(record: ComparisonFile) -> str:
    if not any(pair.better for pair in record.pairs):
        return "No difference was shown"
    for place in record.ranking:
        if place.worst == 1:
            others = [other.label for other in record.ranking if other.label != place.label]
            return f"“{place.label}” is better than " + ("all others" if len(others) > 1 else f"“{others[0]}”")
    better = [pair.better for pair in record.pairs if pair.better != record.baseline
              and record.baseline in (pair.first, pair.second) and pair.better]  # fmt: skip
    if better:
        names = ", ".join(f"“{label}”" for label in better[:3]) + (" and others" if len(better) > 3 else "")
        return f"Better than “{record.baseline}”: {names}"
    return f"None is shown to be better than “{record.baseline}”"


def _of_clauses(record: ComparisonFile) -> str:
    helps = sum(row.shown == "helps" for row in record.clauses)
    hurts = sum(row.shown == "hurts" for row in record.clauses)
    if not helps and not hurts:
        return "No clause was shown to matter"
    of = f"of {count(len(record.clauses), 'clause')}"
    if not helps:
        return f"{hurts} {of} {'is' if hurts == 1 else 'are'} shown to hurt"
    return f"{helps} {of} {'is' if helps == 1 else 'are'} shown to help" + (f", {hurts} to hurt" if hurts else "")


def _shown(record: ExampleRecord) -> Shown:
    return Shown(record, tuple((label, of_trajectory(row)) for label, row in record.texts.items()))
