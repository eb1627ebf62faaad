"""How good a judge is on rows of which a person has said what is wrong: precision and recall, with their intervals.

An item counts as refused where the first look says no to any of the rubric, as in a run. What either order refused
is shown beside it. Answers that could not be read refuse nothing: they count as misses, not as gaps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ...agents.messages import Verdict
from .judge_health import RUBRIC, JudgeHealth
from .judging import JudgeTally, Look
from .labelled import FLAWS, LANGUAGES, LabelledRow
from .rates import Rate

__all__ = ["JUDGED", "AuditReport", "AuditRow", "ClassLine", "Measure", "audit"]

JUDGED = ("contradiction", "unsolvable", "ill-posed", "wrong-response", "task-changed")
"""Classes of flaws that free rules cannot see, or hardly."""

_NOT_HARDER = frozenset({"identity", "near-copy", "not-harder"})
_HARDER = {"evolved": 1.0, "same": 0.5, "original": 0.0}


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One labelled row, the gates that stopped it (finding kinds), and the judge's looks at it, in their order."""

    row: LabelledRow
    stopped: tuple[str, ...]
    looks: tuple[Look, ...] = ()

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Readable ones, one an order."""
        found = [look.verdict for look in self.looks if not look.sample and look.verdict and not look.verdict.fault]
        return tuple(found)

    @property
    def refused(self) -> bool:
        """Whether the first look said no."""
        first = self.looks[0].verdict if self.looks else None
        return first is not None and not first.fault and _says_no(first)

    @property
    def refused_either(self) -> bool:
        """Whether a look in any order said no."""
        return any(_says_no(verdict) for verdict in self.verdicts)

    @property
    def harder(self) -> float | None:
        """How far the evolved text is the harder one, over both orders: 0 to 1; None where neither look named one."""
        named = [_HARDER[verdict.harder] for verdict in self.verdicts if verdict.harder]
        return sum(named) / len(named) if named else None

    def as_row(self) -> dict[str, Any]:
        """How the record shows it."""
        return {
            "id": self.row.id, "language": self.row.language, "good": self.row.good, "flaws": list(self.row.flaws),
            "stopped": list(self.stopped), "refused": self.refused, "refused_either": self.refused_either,
            "harder": self.harder, "looks": [_look_row(look) for look in self.looks],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """How well something finds flawed rows.

    Args:
        precision: flawed rows among those that it refused.
        recall: refused rows among the flawed ones.
        false_alarms: refused rows among the good ones.
    """

    precision: Rate
    recall: Rate
    false_alarms: Rate

    def as_row(self) -> dict[str, Any]:
        """How the record shows it."""
        return {name: getattr(self, name).as_row() for name in ("precision", "recall", "false_alarms")}


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One class of flaws. A row with several counts in each of them.

    Args:
        flaw: the class.
        rows: how many have it.
        gates: of them, stopped by a free detector.
        judge: refused by the judge, of those shown to it; either: in either order.
        not_harder: of those shown with an answer, not named as the harder text.
    """

    flaw: str
    rows: int
    gates: Rate
    judge: Rate
    either: Rate
    not_harder: Rate

    def as_row(self) -> dict[str, Any]:
        """How the record shows it."""
        rates = {name: getattr(self, name).as_row() for name in ("gates", "judge", "either", "not_harder")}
        return {"flaw": self.flaw, "rows": self.rows, **rates}


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit comes to.

    Args:
        rows: all of them, in the order of the file.
        measures: by who refuses (`free detectors`, `judge`, `judge, either order`, `both together`). The judge's are
            over the rows that it was shown, the others over all rows.
        languages: the same for each language that occurs.
        classes: in the order of the labelled set's list; those that occur.
        harder_good: good rows that it named as harder, of those where it named one.
        not_harder: rows that are known to be no harder and that it did not name so, of those where it named one.
        health: noise, order bias, abstentions.
    """

    rows: tuple[AuditRow, ...]
    measures: Mapping[str, Measure]
    languages: Mapping[str, Mapping[str, Measure]]
    classes: tuple[ClassLine, ...]
    harder_good: Rate
    not_harder: Rate
    health: JudgeHealth

    @property
    def shown(self) -> int:
        """Rows that the judge was shown."""
        return sum(bool(each.looks) for each in self.rows)

    def as_row(self) -> dict[str, Any]:
        """How the record shows it."""
        return {
            "rows": len(self.rows), "shown": self.shown, "stopped": sum(bool(each.stopped) for each in self.rows),
            "measures": _measures_row(self.measures),
            "languages": {language: _measures_row(found) for language, found in self.languages.items()},
            "classes": [line.as_row() for line in self.classes],
            "harder_good": self.harder_good.as_row(), "not_harder": self.not_harder.as_row(),
            "judge": self.health.as_row(), "verdicts": [each.as_row() for each in self.rows],
        }  # fmt: skip


def audit(rows: Iterable[AuditRow], judge: str = "") -> AuditReport:
    """Hold what gates and judge said against what a person said.

    Args:
        rows: judged, or stopped before.
        judge: name of its model.
    """
    listed, tally = tuple(rows), JudgeTally()
    for each in listed:
        tally.add(each.looks)
    spoken = {language: [each for each in listed if each.row.language == language] for language in LANGUAGES}
    named = [(each, each.harder > 0.5) for each in listed if each.harder is not None]
    return AuditReport(
        listed, _measures(listed),
        MappingProxyType({language: _measures(found) for language, found in spoken.items() if found}),
        tuple(_class(flaw, found) for flaw in FLAWS if (found := [each for each in listed if flaw in each.row.flaws])),
        _rate([harder for each, harder in named if each.row.good]),
        _rate([not harder for each, harder in named if _NOT_HARDER & set(each.row.flaws)]),
        tally.health(judge),
    )  # fmt: skip


def _measures(rows: Sequence[AuditRow]) -> Mapping[str, Measure]:
    shown = [each for each in rows if each.looks]
    found = {
        "judge": _measure(shown, lambda each: each.refused),
        "judge, either order": _measure(shown, lambda each: each.refused_either),
    }
    if any(each.stopped for each in rows):
        found["free detectors"] = _measure(rows, lambda each: bool(each.stopped))
        found["both together"] = _measure(rows, lambda each: bool(each.stopped) or each.refused)
    return MappingProxyType(found)


def _measure(rows: Sequence[AuditRow], refuses: Callable[[AuditRow], bool]) -> Measure:
    refused = [each for each in rows if refuses(each)]
    return Measure(
        _rate([not each.row.good for each in refused]),
        _rate([refuses(each) for each in rows if not each.row.good]),
        _rate([refuses(each) for each in rows if each.row.good]),
    )


def _class(flaw: str, rows: Sequence[AuditRow]) -> ClassLine:
    shown = [each for each in rows if each.looks]
    return ClassLine(
        flaw, len(rows), _rate([bool(each.stopped) for each in rows]), _rate([each.refused for each in shown]),
        _rate([each.refused_either for each in shown]),
        _rate([each.harder <= 0.5 for each in shown if each.harder is not None]),
    )  # fmt: skip


def _rate(hits: Sequence[bool]) -> Rate:
    return Rate(sum(hits), len(hits))


def _says_no(verdict: Verdict) -> bool:
    return any(getattr(verdict, name) is False for name in RUBRIC)


def _measures_row(measures: Mapping[str, Measure]) -> dict[str, Any]:
    return {name: measure.as_row() for name, measure in measures.items()}


def _look_row(look: Look) -> dict[str, Any]:
    verdict = look.verdict
    shown = {"swap": look.swap, "sample": look.sample}
    if verdict is None:
        return {**shown, "fault": "no answer"}
    fields = {name: getattr(verdict, name) for name in (*RUBRIC, "harder", "evidence", "grounded", "fault")}
    return {**shown, **fields, "ungrounded": list(verdict.ungrounded)}
