"""From a batch to candidates: several analyses side by side, a proposal from each, checks before any call is spent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ...agents.messages import Analysis, AnalysisTask, Case, Failed, Proposal, RefineTask, Reply, Task
from ...agents.method import Method, Operator
from ...agents.team import Journey
from ..record.run import Run
from .checks import problems
from .proposers.field import Field

__all__ = ["Order", "Proposed", "propose"]


@dataclass(frozen=True, slots=True)
class Order:
    """One candidate to be asked for.

    Args:
        number: from 1.
        operator: how it is made.
        parent: the method that it is made from.
    """

    number: int
    operator: Operator
    parent: Method


@dataclass(frozen=True, slots=True)
class Proposed:
    """One analysis and what came of it.

    Args:
        number: from 1.
        analysis: what the analyst said; None where the call failed.
        proposal: what the refiner said; None where it was not reached.
        problems: why it is not a candidate; empty for a candidate.
    """

    number: int
    analysis: Analysis | None
    proposal: Proposal | None
    problems: tuple[str, ...]

    @property
    def method(self) -> Method | None:
        """The candidate, where there is one."""
        return self.proposal.method if self.proposal and not self.problems else None

    def as_row(self) -> dict[str, Any]:
        """How the record shows it."""
        method = self.proposal.method if self.proposal else None
        return {
            "number": self.number,
            "method_id": method.id if method else None,
            "why": self.proposal.why if self.proposal else "",
            "problems": list(self.problems),
            "findings": [
                {"cluster": f.cluster, "cases": list(f.cases), "evidence": f.evidence, "rule": f.rule}
                for f in (self.analysis.findings if self.analysis else ())
            ],
            "calls": [call.key for reply in (self.analysis, self.proposal) if reply for call in reply.calls],
        }


async def propose(run: Run, step: int, field: Field, cases: Sequence[Case], orders: Sequence[Order]) -> list[Proposed]:
    """Ask for the candidates that were ordered, each from an analysis of its own (section 3.3 of the paper)."""
    stage = f"steps/{step:03d}"
    tick = run.phase(step, "analysis", len(orders))
    by_sample = {step * len(orders) + index: order for index, order in enumerate(orders)}
    journeys: list[Journey] = []

    def first(sample: int, order: Order) -> AnalysisTask:
        # The sample index grows over the run: the same batch under the same method is analysed anew in a later step.
        return AnalysisTask(
            id=f"{stage}/c{order.number}/analyse", stage=stage, sample=sample,
            method=field.incumbent, cases=tuple(cases), history=field.history,
        )  # fmt: skip

    def route(journey: Journey) -> Task | None:
        last, task = journey[-1], journey[0]
        if not isinstance(last, Analysis) or last.fault or not last.findings or not isinstance(task, AnalysisTask):
            return None
        order = by_sample[task.sample]
        return RefineTask(
            id=f"{stage}/c{order.number}/refine", parent=last.id, stage=stage, sample=task.sample,
            method=order.parent, analysis=last, history=task.history, operator=order.operator,
        )  # fmt: skip

    async def deliver(journey: Journey) -> None:
        run.messages.write(journey)
        journeys.append(journey)
        tick()

    await run.team.work((first(sample, order) for sample, order in by_sample.items()), route, deliver)
    data = [text for case in cases for text in case.stages] + [seed.instruction.text for seed in run.split.dev]
    return [_named(proposed, step) for proposed in _checked(field.incumbent, data, journeys)]


def _checked(incumbent: Method, data: Sequence[str], journeys: Sequence[Journey]) -> list[Proposed]:
    result: list[Proposed] = []
    others: list[Method] = []
    for number, journey in enumerate(journeys, start=1):
        proposed = _read(number, journey)
        method = proposed.method
        if method is not None:
            found = problems(method, incumbent=incumbent, others=others, data=data)
            proposed = replace(proposed, problems=found)
            if not found:
                others.append(method)
        result.append(proposed)
    return result


def _named(proposed: Proposed, step: int) -> Proposed:
    """Give the proposed method the name that people will see; it is no part of its identity."""
    if proposed.proposal is None or proposed.proposal.method is None:
        return proposed
    method = replace(proposed.proposal.method, name=f"candidate {proposed.number} of step {step + 1}")
    return replace(proposed, proposal=replace(proposed.proposal, method=method))


def _read(number: int, journey: Journey) -> Proposed:
    replies = [message for message in journey if isinstance(message, Reply)]
    analysis = next((reply for reply in replies if isinstance(reply, Analysis)), None)
    proposal = next((reply for reply in replies if isinstance(reply, Proposal)), None)
    failure = next((reply for reply in replies if isinstance(reply, Failed)), None)
    why: tuple[str, ...] = ()
    if failure is not None:
        why = (f"the {'analyst' if analysis is None else 'refiner'} gave nothing: {failure.reason}",)
    elif analysis is not None and analysis.fault:
        why = (f"the analysis was {analysis.fault}",)
    elif analysis is not None and not analysis.findings:
        why = ("the analyst found nothing to mend",)
    elif proposal is not None and proposal.method is None:
        why = (f"the proposal was {proposal.fault or 'unreadable'}",)
    return Proposed(number, analysis, proposal, why)
