"""The tree of methods: what each step began with, what was made of it, and what became of every branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .records import ComparisonRecord
from .steps import CandidateView, StepView

__all__ = ["Branch", "Fork", "read_tree"]

_HOW = {"small": "small edits of", "bold": "bold edits of", "merge": "merge of"}


@dataclass(frozen=True, slots=True)
class Parent:
    """A method that another was made from: what people call it, and where the page shows it."""

    name: str
    link: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A proposal: how it was made and from what, and what became of it."""

    view: CandidateView
    anchor: str
    how: str
    parents: tuple[Parent, ...]

    @property
    def mean(self) -> float | None:
        """Its score on dev."""
        standing = self.view.record.standing
        return standing.mean if standing else None

    @property
    def figures(self) -> ComparisonRecord:
        """Against the incumbent."""
        standing = self.view.record.standing
        return standing.figures if standing else ComparisonRecord()


@dataclass(frozen=True, slots=True)
class Fork:
    """A step: its method, and the branches that grew from it.

    Args:
        came: where its method comes from; None for the first one.
        back: the method that the step went back to in the end, where it did.
    """

    step: StepView
    came: Parent | None
    branches: tuple[Branch, ...]
    back: Parent | None


def read_tree(steps: Sequence[StepView]) -> tuple[Fork, ...]:
    """Every method of a run in its place, in order."""
    known: dict[str, Parent] = {}
    forks: list[Fork] = []
    for step in steps:
        method = step.method.id if step.method else ""
        came = known.get(method)
        if method:
            known.setdefault(method, Parent(f"the method of step {step.number + 1}", f"#step-{step.number + 1}"))
        branches = tuple(_branch(step, view, known) for view in step.candidates)
        for branch in branches:
            number = branch.view.record.method_id
            if number:
                name = f"candidate {branch.view.record.number} of step {step.number + 1}"
                known.setdefault(number, Parent(name, f"#{branch.anchor}"))
        back = step.decision.back if step.decision else None
        forks.append(Fork(step, came, branches, known.get(back.method) if back else None))
    return tuple(forks)


def _branch(step: StepView, view: CandidateView, known: Mapping[str, Parent]) -> Branch:
    record = view.record
    parents = tuple(known[parent] for parent in record.parents if parent in known)
    return Branch(view, view.anchor(step.number), _HOW.get(record.operator, "made from") if parents else "", parents)
