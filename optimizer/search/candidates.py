"""From a batch to candidates: several analyses side by side, a proposal from each, checks before any call is spent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from ...agents.messages import Analysis, AnalysisTask, Case, Failed, Proposal, RefineTask, Reply, Task
from ...agents.method import Method, Operator
from ...agents.team import Journey
from ..record.run import Run
from .checks import problems
from .proposers.field import Field
from .provenance import origins_of

__all__ = ["Order", "Proposed", "asked_for", "propose", "proposed_by", "texts_of"]

_NOTHING_SHOWN: Mapping[str, Any] = MappingProxyType({})
_NOTHING_LOOKED_AT = Analysis(id="", findings=(), raw="")


@dataclass(frozen=True, slots=True)
class Order:
    """One candidate to be asked for.

    Args:
        number: from 1.
        operator: how it is made.
        parent: the method that it is made from.
        other: the method that it is merged with.
        analysed: whether the incumbent's batch is analysed for it first; else the refiner sees the method alone.
    """

    number: int
    operator: Operator
    parent: Method
    other: Method | None = None
    analysed: bool = True

    @property
    def parents(self) -> tuple[Method, ...]:
        """What it is made from."""
        return (self.parent,) if self.other is None else (self.parent, self.other)


@dataclass(frozen=True, slots=True)
class Proposed:
    """What came of an order.

    Args:
        order: what was asked for.
        analysis: what the analyst said; None where the call failed or none was asked for.
        proposal: what the refiner said; None where it was not reached.
        problems: why it is not a candidate; empty for a candidate.
        stand_in: a method that is the candidate in its place all the same.
        by: who brought it, where no model did: `person` wrote it, or had it `pinned`.
        shown: what it has shown already, in a search that is a step of its own.
    """

    order: Order
    analysis: Analysis | None
    proposal: Proposal | None
    problems: tuple[str, ...]
    stand_in: Method | None = None
    by: str = ""
    shown: Mapping[str, Any] = field(default_factory=lambda: _NOTHING_SHOWN)

    @property
    def number(self) -> int:
        """From 1."""
        return self.order.number

    @property
    def method(self) -> Method | None:
        """The candidate, where there is one."""
        return self.proposal.method if self.proposal and not self.problems else self.stand_in

    @property
    def _feedback(self) -> str:
        """What the analyst said in free text."""
        free = self.analysis is not None and not self.analysis.findings and not self.analysis.fault
        return self.analysis.raw if self.analysis and free else ""

    def as_row(self) -> dict[str, Any]:
        """How the record shows it."""
        proposal = self.proposal
        method = proposal.method if proposal else None
        return {
            "number": self.number,
            "operator": self.by or self.order.operator,
            "parents": [parent.id for parent in self.order.parents],
            "method_id": method.id if method else None,
            "why": proposal.why if proposal else "",
            "edits": [
                {"kind": e.kind, "clause": e.clause, "text": e.text, "reason": e.reason, "findings": list(e.findings)}
                for e in (proposal.edits if proposal else ())
            ],
            "problems": list(self.problems),
            **({"stand_in": self.stand_in.id} if self.stand_in else {}),
            "findings": [
                {"cluster": f.cluster, "cases": list(f.cases), "evidence": f.evidence, "rule": f.rule}
                for f in (self.analysis.findings if self.analysis else ())
            ],
            **({"feedback": self._feedback} if self._feedback else {}),
            **({"shown": dict(self.shown)} if self.shown else {}),
            "calls": [call.key for reply in (self.analysis, proposal) if reply for call in reply.calls],
        }


async def propose(run: Run, step: int, field: Field, cases: Sequence[Case], orders: Sequence[Order]) -> list[Proposed]:
    """Ask for the candidates that were ordered, each from an analysis of its own (section 3.3 of the paper)."""
    stage = f"steps/{step:03d}"

    def first(sample: int, order: Order) -> Task:
        if not order.analysed:
            return refine(sample, order, _NOTHING_LOOKED_AT)
        return AnalysisTask(
            id=f"{stage}/c{order.number}/analyse", stage=stage, sample=sample, method=field.incumbent,
            cases=tuple(cases), history=field.history, earlier=field.recurring(step), notes=run.notes,
        )  # fmt: skip

    def refine(sample: int, order: Order, analysis: Analysis) -> RefineTask:
        return RefineTask(
            id=f"{stage}/c{order.number}/refine", parent=analysis.id, stage=stage, sample=sample, method=order.parent,
            analysis=analysis, history=field.history if order.analysed else (), operator=order.operator,
            other=order.other,
        )  # fmt: skip

    def then(order: Order, journey: Journey) -> Task | None:
        last, task = journey[-1], journey[0]
        if not isinstance(last, Analysis) or last.fault or not last.findings or not isinstance(task, AnalysisTask):
            return None
        return refine(task.sample, order, last)

    read = await asked_for(run, step, orders, first, then)
    return _checked(field, texts_of(run, cases), read)


async def asked_for(
    run: Run, step: int, orders: Sequence[Order], first: Callable[[int, Order], Task],
    then: Callable[[Order, Journey], Task | None],
) -> list[Proposed]:  # fmt: skip
    """Put the questions of all orders side by side; what came of each, before the checks.

    Args:
        run, step: whose messages and progress they are.
        orders: what is asked for.
        first: the first task of an order, from its sample index.
        then: what is asked after a reply.
    """
    tick = run.phase(step, "analysis", len(orders))
    # The sample index grows over the run: the same batch under the same method is analysed anew in a later step.
    by_sample = {step * len(orders) + index: order for index, order in enumerate(orders)}
    journeys: list[Journey] = []

    def route(journey: Journey) -> Task | None:
        task = journey[0]
        return then(by_sample[task.sample], journey) if isinstance(task, Task) else None

    async def deliver(journey: Journey) -> None:
        run.messages.write(journey)
        journeys.append(journey)
        tick()

    await run.team.work((first(sample, order) for sample, order in by_sample.items()), route, deliver)
    return [proposed_by(order, journey, step) for order, journey in zip(orders, journeys, strict=True)]


def proposed_by(order: Order, journey: Journey, step: int) -> Proposed:
    """What came of an order, with a name for people, before the checks."""
    return _named(_read(order, journey), step)


def texts_of(run: Run, cases: Sequence[Case]) -> list[str]:
    """The texts that no method may carry: those of the batch and of dev."""
    return [text for case in cases for text in case.stages] + [seed.instruction.text for seed in run.split.dev]


def _checked(field: Field, data: Sequence[str], read: Sequence[Proposed]) -> list[Proposed]:
    result: list[Proposed] = []
    others: list[Method] = []
    for proposed in read:
        method, order = proposed.method, proposed.order
        found = proposed.problems
        if method is not None:
            found = problems(method, incumbent=field.incumbent, others=others, tried=field.tried(), data=data,
                             operator=order.operator, parents=order.parents)  # fmt: skip
            others += [] if found else [method]
        result.append(replace(proposed, problems=found))
    return result


def _named(proposed: Proposed, step: int) -> Proposed:
    """Give a proposed method the name that people will see, and its clauses their origins; neither is its identity."""
    proposal, order = proposed.proposal, proposed.order
    if proposal is None or proposal.method is None:
        return proposed
    findings = proposed.analysis.findings if proposed.analysis else ()
    origins = origins_of(proposal.method, order.parents, step, order.operator, proposal.edits, findings)
    method = replace(proposal.method, name=f"candidate {order.number} of step {step + 1}", origins=origins)
    return replace(proposed, proposal=replace(proposal, method=method))


def _read(order: Order, journey: Journey) -> Proposed:
    """What came of an order, before the checks."""
    replies = [message for message in journey if isinstance(message, Reply)]
    analysis = next((reply for reply in replies if isinstance(reply, Analysis)), None)
    proposal = next((reply for reply in replies if isinstance(reply, Proposal)), None)
    failure = next((reply for reply in replies if isinstance(reply, Failed)), None)
    why: tuple[str, ...] = ()
    if failure is not None:
        who = "analyst" if analysis is None and order.analysed else "refiner"
        why = (f"the {who} gave nothing: {failure.reason}",)
    elif analysis is not None and analysis.fault:
        why = (f"the analysis was {analysis.fault}",)
    elif analysis is not None and not analysis.findings and proposal is None:
        why = ("the analyst found nothing to mend",)
    elif proposal is not None and proposal.method is None:
        why = (f"the proposal was {proposal.fault or 'unreadable'}",)
    return Proposed(order, analysis, proposal, why)
