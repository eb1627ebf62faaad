"""The steps of a run as a page shows them: methods, candidates, figures and decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ...agents.method import Method
from .files import RunFiles
from .lineage import Change, changes, clause_summary, read_method
from .numbers import count, signed
from .records import CandidateRecord, DecisionRecord, StandingRecord, TrajectoryRecord
from .spending import money

__all__ = ["OUTCOMES", "CandidateView", "Contestant", "Outcome", "StepView", "accepted", "challenger", "read_steps"]

_RAW_CHARACTERS = 4000
_STEP_FILES = ("method.md", "batch.jsonl", "analyses.jsonl", "incumbent.jsonl", "decision.json")
_CANDIDATE_FILES = ("method.md", "candidate.json", "dev.jsonl", "unreadable.txt")

Outcome = Literal["accepted", "raced", "left", "passed-over", "rejected", "unreadable", "undecided"]
OUTCOMES: dict[Outcome, str] = {
    "accepted": "accepted",
    "raced": "raced, not accepted",
    "left": "left the race early",
    "passed-over": "tried by the search, another preferred",
    "rejected": "rejected before a call",
    "unreadable": "no candidate came of it",
    "undecided": "not decided",
}


@dataclass(frozen=True, slots=True)
class CandidateView:
    """One proposal and what became of it.

    Args:
        record: its row.
        place: its folder inside the run.
        outcome: what became of it.
        method: its text, where one could be read; refused ones too.
        changes: its clauses against the incumbent's.
        raw: the beginning of an answer that could not be read as clauses.
        files: its files, by name.
    """

    record: CandidateRecord
    place: str
    outcome: Outcome
    method: Method | None
    changes: tuple[Change, ...]
    raw: str
    files: tuple[str, ...]

    @property
    def name(self) -> str:
        """How people call it; the records call it `c2`."""
        return f"Candidate {self.record.number}"

    @property
    def words(self) -> str:
        """What became of it, in words."""
        words = OUTCOMES[self.outcome]
        return f"{words}, and the old method raced in its place" if self.record.stand_in else words

    @property
    def summary(self) -> str:
        """Its changes in a few words."""
        return clause_summary(self.changes) if self.method else ""

    def anchor(self, step: int) -> str:
        """Its name in links."""
        return f"step-{step + 1}-candidate-{self.record.number}"


@dataclass(frozen=True, slots=True)
class Contestant:
    """One line of the table of scores."""

    name: str
    standing: StandingRecord
    words: str
    outcome: Outcome | None = None
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class StepView:
    """One step. `number` counts from 0 as the folders do; people read it from 1.

    Args:
        changes: the clauses of its method against the method of the step before.
        batch_items, batch_findings: seeds evolved for the analyst, and how many had each class of finding.
    """

    number: int
    place: str
    method: Method | None
    changes: tuple[Change, ...]
    decision: DecisionRecord | None
    candidates: tuple[CandidateView, ...]
    batch_items: int
    batch_findings: dict[str, int]
    files: tuple[str, ...]

    @property
    def incumbent(self) -> StandingRecord | None:
        """What the method of the step showed on dev."""
        return self.decision.standings[0] if self.decision and self.decision.standings else None

    @property
    def title(self) -> str:
        """What the step came to, in a few words."""
        if self.decision is None:
            return "not decided"
        winner = next((candidate for candidate in self.candidates if candidate.outcome == "accepted"), None)
        title = "kept the method, too few to decide" if self.decision.undecidable else "kept the method"
        if self.decision.accepted:
            title = f"{winner.name if winner else self.decision.label} accepted"
        return f"{title}, then went back to an earlier one" if self.decision.back else title

    @property
    def race(self) -> str:
        """What the race took and could have brought at most, in a sentence; empty where there was none."""
        decision = self.decision
        if decision is None or not decision.calls:
            return ""
        price = f" for {money(decision.usd, 0, free=False)}" if decision.usd else ""
        most = ""
        if decision.plausible is not None:
            most = f" It could plausibly have gained {signed(decision.plausible)} at most (wrong once in ten times)."
        return f"The race took {count(decision.calls, 'call')}{price}.{most}"

    @property
    def changed(self) -> bool:
        """Whether its method is another than that of the step before."""
        return any(change.kind != "kept" for change in self.changes)

    @property
    def summary(self) -> str:
        """What changed in its method since the step before, in a few words."""
        return clause_summary(self.changes)

    @property
    def proposals(self) -> int:
        """How many there were."""
        return len(self.candidates)

    @property
    def contestants(self) -> tuple[Contestant, ...]:
        """Everyone who was scored on dev, the incumbent first."""
        incumbent = [Contestant("Incumbent", self.incumbent, "")] if self.incumbent else []
        raced = [
            Contestant(view.name, view.record.standing, view.words, view.outcome, view.anchor(self.number))
            for view in self.candidates
            if view.record.standing
        ]
        return (*incumbent, *raced)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every class of finding of the step, the most frequent first."""
        counts: Counter[str] = Counter(self.batch_findings)
        for contestant in self.contestants:
            counts.update(contestant.standing.findings)
        return tuple(kind for kind, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def read_steps(files: RunFiles) -> tuple[StepView, ...]:
    """All steps that left something on disk, finished or not."""
    steps: list[StepView] = []
    before: Method | None = None
    for number in files.numbers("steps"):
        step = _read_step(files, number, before)
        before = step.method or before
        steps.append(step)
    return tuple(steps)


def _read_step(files: RunFiles, number: int, before: Method | None) -> StepView:
    place = f"steps/{number:03d}"
    method = _method(files, f"{place}/method.md")
    decision = files.record(f"{place}/decision.json", DecisionRecord)
    batch = [row.findings for row in files.rows(f"{place}/batch.jsonl", TrajectoryRecord)]
    return StepView(
        number=number,
        place=place,
        method=method,
        changes=changes(before or method, method) if method else (),
        decision=decision,
        candidates=tuple(
            _read_candidate(files, f"{place}/candidates/{child}", child, method, decision)
            for child in files.numbers(f"{place}/candidates")
        ),
        batch_items=len(batch),
        batch_findings=dict(Counter(kind for found in batch for kind in {finding.kind for finding in found})),
        files=files.present(place, _STEP_FILES),
    )


def _read_candidate(
    files: RunFiles, place: str, number: int, incumbent: Method | None, decision: DecisionRecord | None
) -> CandidateView:
    record = files.record(f"{place}/candidate.json", CandidateRecord) or CandidateRecord(number=number)
    method = _method(files, f"{place}/method.md")
    return CandidateView(
        record=record,
        place=place,
        outcome=_outcome(record, method, decision),
        method=method,
        changes=changes(incumbent or method, method) if method else (),
        raw=(files.text(f"{place}/unreadable.txt") or "")[:_RAW_CHARACTERS],
        files=files.present(place, _CANDIDATE_FILES),
    )


def _outcome(record: CandidateRecord, method: Method | None, decision: DecisionRecord | None) -> Outcome:
    if method is None:
        return "unreadable"
    if record.problems:
        return "passed-over" if {"before", "mean"} & record.shown.keys() else "rejected"
    if record.standing is None or decision is None:
        return "undecided"
    if decision.accepted and record.standing.label == decision.label:
        return "accepted"
    return "left" if record.standing.dropped_at is not None else "raced"


def _method(files: RunFiles, name: str) -> Method | None:
    text = files.text(name)
    return None if text is None else read_method(text, name)


def challenger(decision: DecisionRecord | None) -> StandingRecord | None:
    """The candidate that a decision was about: the accepted one, else that with the highest lower bound."""
    raced = decision.standings[1:] if decision else ()
    if decision and decision.accepted:
        return next((one for one in raced if one.label == decision.label), None)
    return max(raced, key=_lower_bound, default=None)


def _lower_bound(standing: StandingRecord) -> float:
    low = standing.figures.low
    return -2.0 if low is None else low


def accepted(steps: Sequence[StepView]) -> tuple[tuple[StepView, CandidateView], ...]:
    """The changes of the method, in order."""
    return tuple((step, view) for step in steps for view in step.candidates if view.outcome == "accepted")
