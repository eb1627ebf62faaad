"""How well free detectors, with or without a judge, find what labelled rows are said to have."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from autoevol.agents.messages import Finding
from autoevol.optimizer.scoring.detectors import GATES, detect, detectors_of
from autoevol.optimizer.scoring.labelled import FLAWS, LabelledRow
from autoevol.optimizer.scoring.pair import Pair

__all__ = ["CLAIMED", "PARTLY", "SAYS", "ClassFigures", "Figures", "Finder", "Seen", "free_findings", "measure"]

Finder = Callable[[LabelledRow], Sequence[Finding]]
"""Whoever looks at a row and says what is wrong: the free detectors, or they and a judge."""

# Finding kind → the classes of flaws that it may mean, its own first. A kind without a row is its own class.
SAYS: Mapping[str, tuple[str, ...]] = {
    "rubbish": ("unreadable",),
    "failed": ("unreadable", "refused"),
    "unfilled-template": ("unreadable", "scaffold-leak"),
    "scaffold-leak": ("scaffold-leak", "unreadable"),
    "near-copy": ("near-copy", "not-harder", "identity"),
    "not-harder": ("not-harder", "near-copy"),
    "answer-leak": ("answer-leak", "solution-hint"),
    "solution-hint": ("solution-hint", "answer-leak"),
    "empty-response": ("unreadable",),
}

PARTLY = ("not-harder", "task-changed")
"""Classes of which rules find the plain cases only: what a text asks is more than its words. No promise is made."""

CLAIMED = tuple(
    flaw for flaw in FLAWS if flaw not in {*PARTLY, "contradiction", "unsolvable", "ill-posed", "wrong-response"}
)
"""The classes that the free detectors claim to find."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A row and the gates that stop it."""

    row: LabelledRow
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class: rows that have it, rows of them where it is found, rows where it is found wrongly.

    Found wrongly is a finding whose class, and none that it may mean, is among the row's flaws. `stopped` counts the
    rows of the class that any gate stops, whatever it says.
    """

    rows: int
    found: int
    stopped: int
    wrong: int

    @property
    def recall(self) -> float | None:
        """Found among those that have it; None where there is none."""
        return self.found / self.rows if self.rows else None

    @property
    def precision(self) -> float | None:
        """Rightly found among all found; None where nothing was found."""
        every = self.found + self.wrong
        return self.found / every if every else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of both; None where one is not known or both are 0."""
        if not self.recall or not self.precision:
            return 0.0 if self.recall is not None and self.precision is not None else None
        return 2 * self.recall * self.precision / (self.recall + self.precision)


@dataclass(frozen=True, slots=True)
class Figures:
    """What was found in a set of rows.

    Args:
        classes: class of flaws → its figures.
        seen: all rows.
    """

    classes: Mapping[str, ClassFigures]
    seen: tuple[Seen, ...]

    @property
    def claimed(self) -> tuple[int, int]:
        """Rows with a flaw of a claimed class, and those of them that are stopped."""
        return self._stopped([seen for seen in self.seen if set(seen.row.flaws) & set(CLAIMED)])

    @property
    def seeable(self) -> tuple[int, int]:
        """The same for the claimed classes and those that are found in part."""
        return self._stopped([seen for seen in self.seen if set(seen.row.flaws) & {*CLAIMED, *PARTLY}])

    @property
    def flawed(self) -> tuple[int, int]:
        """Rows with any flaw, and those of them that are stopped."""
        return self._stopped([seen for seen in self.seen if not seen.row.good])

    @property
    def good(self) -> tuple[int, int]:
        """Good rows, and those of them that are stopped: the false alarms."""
        return self._stopped([seen for seen in self.seen if seen.row.good])

    @staticmethod
    def _stopped(rows: Sequence[Seen]) -> tuple[int, int]:
        return len(rows), sum(bool(seen.findings) for seen in rows)


def free_findings(row: LabelledRow) -> tuple[Finding, ...]:
    """What the gates of the recommended profile find; no call is made."""
    pair = Pair(row.seed, row.seed_response, row.evolved, row.response, language=row.language)
    return tuple(finding for finding in detect(pair, detectors_of("recommended")) if finding.kind in GATES)


def measure(rows: Sequence[LabelledRow], find: Finder) -> Figures:
    """Look at all rows and count."""
    seen = tuple(Seen(row, tuple(find(row))) for row in rows)
    return Figures({flaw: _class_figures(flaw, seen) for flaw in FLAWS}, seen)


def _class_figures(flaw: str, seen: Sequence[Seen]) -> ClassFigures:
    having = [one for one in seen if flaw in one.row.flaws]
    found = sum(any(flaw in _meanings(finding) for finding in one.findings) for one in having)
    wrong = sum(
        any(_meanings(f)[0] == flaw and not set(_meanings(f)) & set(one.row.flaws) for f in one.findings)
        for one in seen
    )
    return ClassFigures(len(having), found, sum(bool(one.findings) for one in having), wrong)


def _meanings(finding: Finding) -> tuple[str, ...]:
    return SAYS.get(finding.kind, (finding.kind,))
