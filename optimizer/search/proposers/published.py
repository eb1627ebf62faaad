"""Candidates as the publications make them: the same question m times, feedback in free text, a whole new method."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ....agents.messages import Analysis, AnalysisTask, Case, MethodFinding, RefineTask, Task
from ....agents.method import Method
from ....agents.published import FeedbackTask, RewriteTask
from ....agents.reading import one_line
from ....agents.team import Journey
from ...record.run import Run
from ..candidates import Order, Proposed, asked_for, texts_of
from ..checks import problems, shape_problems
from .auto_evol import AutoEvol
from .field import Field

__all__ = ["PROPOSING", "PublishedLoop"]

PROPOSING = frozenset({"texts-only", "free-feedback", "whole-method", "no-history", "unchecked", "old-for-unreadable"})
"""The quirks that change how candidates come about."""


@dataclass(frozen=True, slots=True)
class PublishedLoop:
    """Analyse, then refine (Auto Evol-Instruct, section 3.2 and 3.3), quirk by quirk.

    The proposals of a step (m) are answers to the same question; they differ by their sample index alone.

    Args:
        own: our loop, which says how clauses are edited where `whole-method` is switched off.
        quirks: names, see optimizer/record/quirks.py. Without `free-feedback` the analyst answers with findings.
    """

    own: AutoEvol
    quirks: frozenset[str]
    reads_cases: bool = True

    def orders(self, step: int, field: Field) -> list[Order]:
        """What is asked for in a step: a whole new method each time, or what our loop asks for."""
        if "whole-method" not in self.quirks:
            return self.own.orders(step, field)
        return [Order(number, "bold", field.incumbent) for number in range(1, self.own.candidates + 1)]

    async def __call__(self, run: Run, step: int, field: Field, cases: Sequence[Case]) -> list[Proposed]:
        """Candidates of the incumbent."""
        talk = _Talk(step, field, tuple(self._shown(cases)), self.quirks, run.notes)
        read = await asked_for(run, step, self.orders(step, field), talk.analyse, talk.refine)
        return list(self._checked(field, texts_of(run, cases), read))

    def _shown(self, cases: Sequence[Case]) -> Iterable[Case]:
        for case in cases:
            yield Case(case.id, case.stages, "", (), None) if "texts-only" in self.quirks else case

    def _checked(self, field: Field, data: Sequence[str], read: Sequence[Proposed]) -> Iterable[Proposed]:
        others: list[Method] = []
        for proposed in read:
            method, order = proposed.method, proposed.order
            if method is None:
                # The old method in the place of what could not be read; that it could not stays on record.
                fallen_back = "old-for-unreadable" in self.quirks
                yield replace(proposed, stand_in=field.incumbent) if fallen_back else proposed
                continue
            found = (
                shape_problems(method)
                if "unchecked" in self.quirks
                else problems(method, incumbent=field.incumbent, others=others, tried=field.tried(), data=data,
                              operator=order.operator, parents=order.parents)
            )  # fmt: skip
            others += [] if found else [method]
            yield replace(proposed, problems=found)


@dataclass(frozen=True, slots=True)
class _Talk:
    """What analyst and refiner are asked in a step."""

    step: int
    field: Field
    cases: tuple[Case, ...]
    quirks: frozenset[str]
    notes: tuple[str, ...]

    def analyse(self, sample: int, order: Order) -> Task:
        """The question to the analyst."""
        stage = f"steps/{self.step:03d}"
        place, incumbent = f"{stage}/c{order.number}/analyse", self.field.incumbent
        if "free-feedback" in self.quirks:
            return FeedbackTask(
                id=place, stage=stage, sample=sample, cases=self.cases, language=incumbent.language, notes=self.notes
            )
        blank = "no-history" in self.quirks
        return AnalysisTask(
            id=place, stage=stage, sample=sample, method=incumbent, cases=self.cases,
            history=() if blank else self.field.history, earlier=() if blank else self.field.recurring(self.step),
            notes=self.notes,
        )  # fmt: skip

    def refine(self, order: Order, journey: Journey) -> Task | None:
        """The question to the refiner after an analysis; none after one that says nothing."""
        first, last = journey[0], journey[-1]
        if not isinstance(last, Analysis) or not isinstance(first, Task) or last.fault:
            return None
        if "free-feedback" not in self.quirks and not last.findings:
            return None
        place = f"{first.stage}/c{order.number}/refine"
        if "whole-method" in self.quirks:
            return RewriteTask(
                id=place, parent=last.id, stage=first.stage, sample=first.sample, method=order.parent,
                feedback=_in_words(last), cases=self.cases if "same-conversation" in self.quirks else (),
                notes=self.notes,
            )  # fmt: skip
        return RefineTask(
            id=place, parent=last.id, stage=first.stage, sample=first.sample, method=order.parent,
            analysis=_with_findings(last, self.cases), operator=order.operator, other=order.other,
            history=() if "no-history" in self.quirks else self.field.history,
        )  # fmt: skip


def _in_words(analysis: Analysis) -> str:
    """Feedback as text, whichever form the analyst was asked for."""
    lines = [
        json.dumps({"problem": one.cluster, "cases": len(one.cases), "rule": one.rule}, ensure_ascii=False)
        for one in analysis.findings
    ]
    return "\n".join(lines) or analysis.raw


def _with_findings(analysis: Analysis, cases: Sequence[Case]) -> Analysis:
    """Free feedback as the one finding of an analysis, for a refiner that edits clauses."""
    if analysis.findings:
        return analysis
    finding = MethodFinding(one_line(analysis.raw), tuple(case.id for case in cases), "", "")
    return replace(analysis, findings=(finding,))
