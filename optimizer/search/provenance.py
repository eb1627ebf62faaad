"""Where the clauses of a candidate come from: kept ones keep their origin, new ones get that of their edit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from ...agents.edits import kept_from
from ...agents.messages import ClauseEdit, MethodFinding
from ...agents.method import Method, Operator, Origin

__all__ = ["origins_of"]

_CASES = 20  # seed ids that an origin names at most: enough to look one up, and method files stay small


def origins_of(
    method: Method, parents: Sequence[Method], step: int, operator: Operator | Literal["person"],
    edits: Sequence[ClauseEdit], findings: Sequence[MethodFinding],
) -> tuple[Origin, ...]:  # fmt: skip
    """The origin of each clause of a candidate.

    Args:
        method: the candidate.
        parents: the method that it was made from, and the other one of a merge.
        step: in which it was proposed, from 0 as in the folders; origins count from 1.
        operator: how it was made.
        edits: what was changed and why.
        findings: what the refiner was shown. A change that does not say which it answers answers all of them.
    """
    kept: dict[int, Origin] = {}
    for parent in reversed(parents):
        stood = kept_from(parent.clauses, method.clauses)
        kept |= {new: _of(parent, old) for new, old in stood.items()}
    edit_of = {edit.text: edit for edit in edits}
    return tuple(
        kept.get(index) or _new(edit_of.get(clause), findings, Origin(step + 1, operator, method=method.id))
        for index, clause in enumerate(method.clauses)
    )


def _of(parent: Method, index: int) -> Origin:
    return parent.origins[index] if parent.origins else Origin(method=parent.id)


def _new(edit: ClauseEdit | None, findings: Sequence[MethodFinding], bare: Origin) -> Origin:
    named = [findings[number - 1] for number in (edit.findings if edit else ()) if 1 <= number <= len(findings)]
    answered = named or list(findings)
    cases = tuple(dict.fromkeys(case for finding in answered for case in finding.cases))
    return Origin(
        bare.step, bare.operator, "; ".join(finding.cluster for finding in answered), cases[:_CASES], bare.method,
        edit.reason if edit else "",
    )  # fmt: skip
