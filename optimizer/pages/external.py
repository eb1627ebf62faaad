"""Our scores beside those of trained models, and whether they put the methods into the same order.

What a person brought is kept in `external.json` of the run; all else is worked out when it is looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from ...agents.gateway.errors import RunInUse, UsageError
from ..recipes.contest.external import ExternalScore, Scores, difference, named, read_scores, scores_object, scores_of
from ..recipes.contest.rounding import rounded
from ..record.at_work import at_work
from ..record.folder import EXTERNAL, RunFolder
from ..scoring.rank_agreement import Agreement, rank_agreement
from .comparison_records import ComparisonFile
from .comparison_table import read_comparison
from .files import RunFiles
from .numbers import p_value, signed
from .records import ConfirmationRecord

__all__ = ["AgreementRow", "ExternalView", "MethodRow", "PairRow", "bring", "read_external"]

_SHOWN_AT = 0.05
_ALL = "mean rank over all benchmarks"


@dataclass(frozen=True, slots=True)
class MethodRow:
    """One method: our mean score with its interval, and the external scores by benchmark."""

    label: str
    ours: float
    low: float | None
    high: float | None
    scores: Mapping[str, ExternalScore]


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """Whether our order of the methods is that of a benchmark."""

    benchmark: str
    agreement: Agreement
    words: str


@dataclass(frozen=True, slots=True)
class PairRow:
    """Two methods on one benchmark: the second less the first, by our scores and by the trained models'.

    Args:
        ours: difference, low, high; and whether we showed it.
        theirs: difference, and its interval where the numbers of items are known.
        same: whether both point the same way; None where one is zero.
    """

    benchmark: str
    first: str
    second: str
    ours: tuple[float, float | None, float | None]
    ours_shown: bool
    theirs: float
    interval: tuple[float, float] | None

    @property
    def same(self) -> bool | None:
        """Whether both point the same way; None where one of them is zero."""
        way = self.ours[0] * self.theirs
        return None if way == 0 else way > 0

    @property
    def shown(self) -> bool:
        """Whether the interval of the external difference leaves out zero."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)


@dataclass(frozen=True, slots=True)
class ExternalView:
    """All of it, best of our means first."""

    benchmarks: tuple[str, ...]
    methods: tuple[MethodRow, ...]
    agreements: tuple[AgreementRow, ...]
    pairs: tuple[PairRow, ...]

    def as_object(self) -> dict[str, Any]:
        """For `--json`."""
        held = {
            "methods": [_method_object(row) for row in self.methods],
            "agreement": [_row_object(row) for row in self.agreements],
            "pairs": [_pair_object(row) for row in self.pairs],
        }
        return cast("dict[str, Any]", rounded(held))


@dataclass(frozen=True, slots=True)
class _Ours:
    """What we found: methods with their names, and differences of pairs (second less first, interval, shown)."""

    methods: Mapping[str, tuple[float, float | None, float | None]]
    names: Mapping[str, Sequence[str]]
    pairs: Mapping[tuple[str, str], tuple[float, float | None, float | None, bool]]


def bring(folder: Path, scores: Path) -> ExternalView:
    """Put scores from elsewhere beside those of a finished comparison, or of the test of a search.

    Raises:
        UsageError: the run has no scores of several methods, or the file does not fit it.
        RunInUse: the run is at work.
        StorageError: they cannot be written.
    """
    if at_work(folder):
        raise RunInUse(f"The run {folder} is in use by another process.", fix="Wait until it has ended.")
    ours = _ours(RunFiles(folder))
    if ours is None:
        raise UsageError(
            f"{folder.name} has no scores of several methods.",
            fix="Give a finished run of `autoevol compare`, or a search that has made its test.",
        )
    found = named(read_scores(scores), ours.names, str(scores))
    RunFolder(folder).write_json(EXTERNAL, scores_object(found))
    return _view(ours, found)


def read_external(files: RunFiles) -> ExternalView | None:
    """What was brought to a run; None where nothing was, or it cannot be read, which is put on record."""
    text, ours = files.text(EXTERNAL), _ours(files)
    if text is None or ours is None:
        return None
    try:
        return _view(ours, named(scores_of(text, EXTERNAL), ours.names, EXTERNAL))
    except UsageError as error:
        files.trouble(EXTERNAL, error.problem)
        return None


def _ours(files: RunFiles) -> _Ours | None:
    record = read_comparison(files)
    if record is not None and not record.clauses:
        return _of_comparison(record)
    test = files.record("test/confirmation.json", ConfirmationRecord)
    return None if test is None or len(test.standings) < 2 else _of_test(test)


def _of_comparison(record: ComparisonFile) -> _Ours:
    scored = [one for one in record.contestants if one.mean is not None]
    return _Ours(
        {one.label: (one.mean or 0.0, one.low, one.high) for one in scored},
        {one.label: [name for name in (one.method_id, Path(one.source).name) if name] for one in scored},
        {(p.first, p.second): (p.difference, p.low, p.high, bool(p.better)) for p in record.pairs if p.n},
    )


def _of_test(test: ConfirmationRecord) -> _Ours:
    """Of a search: each is held against the method that was chosen."""
    scored = [one for one in test.standings if one.mean is not None]
    chosen = "best" if any(one.label == "best" for one in scored) else "start"
    return _Ours(
        {one.label: (one.mean or 0.0, None, None) for one in scored},
        {one.label: [one.method_id] if one.method_id else [] for one in scored},
        {(label, chosen): (found.difference, found.low, found.high, bool(found.better))
         for label, found in test.against.items() if found.difference is not None},
    )  # fmt: skip


def _view(ours: _Ours, scores: Scores) -> ExternalView:
    benchmarks = tuple(dict.fromkeys(name for held in scores.values() for name in held))
    order = sorted(scores, key=lambda label: -ours.methods[label][0])
    methods = tuple(MethodRow(label, *ours.methods[label], scores[label]) for label in order)
    agreements = [_agreement(name, [(row.ours, row.scores[name].score) for row in methods if name in row.scores])
                  for name in benchmarks]  # fmt: skip
    whole = [row for row in methods if all(name in row.scores for name in benchmarks)]
    if len(benchmarks) > 1 and len(whole) > 1:
        agreements.append(
            _agreement(_ALL, list(zip([row.ours for row in whole], _ranks(whole, benchmarks), strict=True)))
        )
    return ExternalView(benchmarks, methods, tuple(agreements), tuple(_pairs(ours, scores, benchmarks)))


def _pairs(ours: _Ours, scores: Scores, benchmarks: Sequence[str]) -> list[PairRow]:
    found: list[PairRow] = []
    for name in benchmarks:
        for (first, second), (gap, low, high, shown) in ours.pairs.items():
            one, two = scores.get(first, {}).get(name), scores.get(second, {}).get(name)
            if one is None or two is None:
                continue
            theirs = difference(one, two)
            interval = None if theirs is None else theirs[1:]
            found.append(PairRow(name, first, second, (gap, low, high), shown, two.score - one.score, interval))
    return found


def _ranks(rows: Sequence[MethodRow], benchmarks: Sequence[str]) -> list[float]:
    """The mean over benchmarks of how many methods are beaten, ties by half: more is better."""
    return [
        sum(
            (other.scores[name].score < row.scores[name].score)
            + (other.scores[name].score == row.scores[name].score) / 2
            for name in benchmarks
            for other in rows
        )
        for row in rows
    ]


def _agreement(benchmark: str, pairs: Sequence[tuple[float, float]]) -> AgreementRow:
    found = rank_agreement([ours for ours, _ in pairs], [theirs for _, theirs in pairs])
    return AgreementRow(benchmark, found, _words(found))


def _words(found: Agreement) -> str:
    """What the figure means, with no more than so few methods can show."""
    if found.n < 2:
        return "only one method has a score, so there is no order."
    if found.tau is None:
        return "on one side all methods are tied, so there is no order to agree with."
    if found.n == 2:
        way = "the same way" if found.tau > 0 else "opposite ways"
        return f"two methods cannot show agreement; the two scores point {way}."
    kind = "exact" if found.exact else "approximate"
    words = f"Kendall's tau-b {signed(found.tau)} over {found.n} methods, p = {p_value(found.p)} ({kind}, two-sided)"
    if found.least_p is not None and found.least_p > _SHOWN_AT:
        return f"{words}; so few cannot show agreement: even the same order would have p = {p_value(found.least_p)}."
    shown = found.p is not None and found.p <= _SHOWN_AT
    return f"{words}: {'more than chance' if shown else 'no agreement was shown'}."


def _method_object(row: MethodRow) -> dict[str, Any]:
    scores = {
        name: {"score": one.score, "n": one.n, **dict(zip(("low", "high"), one.interval or (None, None), strict=True))}
        for name, one in row.scores.items()
    }
    return {"label": row.label, "ours": row.ours, "low": row.low, "high": row.high, "scores": scores}


def _row_object(row: AgreementRow) -> dict[str, Any]:
    found = row.agreement
    return {"benchmark": row.benchmark, "n": found.n, "tau_b": found.tau, "p": found.p, "least_p": found.least_p,
            "exact": found.exact, "words": row.words}  # fmt: skip


def _pair_object(row: PairRow) -> dict[str, Any]:
    low, high = row.interval or (None, None)
    ours = dict(zip(("difference", "low", "high"), row.ours, strict=True))
    return {
        "benchmark": row.benchmark, "first": row.first, "second": row.second,
        "ours": {**ours, "shown": row.ours_shown},
        "trained": {"difference": row.theirs, "low": low, "high": high, "shown": row.shown}, "same_way": row.same,
    }  # fmt: skip
