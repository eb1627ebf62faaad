"""A person's methods in a race: pinned ones, edited ones, and those that they ban (see `steering.wheel`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...agents.messages import Case, Proposal
from ...agents.method import Method
from ..record.run import Run
from .candidates import Order, Proposed, texts_of
from .checks import problems
from .decision import Decision
from .evaluate import Standing
from .proposers.field import Field
from .provenance import origins_of

__all__ = ["with_wishes", "without_banned"]

_BANNED = "a person banned it"


def with_wishes(
    run: Run, step: int, field: Field, cases: Sequence[Case], proposed: Sequence[Proposed]
) -> list[Proposed]:  # fmt: skip
    """The proposals of a step without those that a person bans, and with what they enter and have pinned.

    They are numbered after the step's own. An edited method must pass the checks that a model's must, but may be one
    that was tried before; a pinned one has passed them. A method that is in the race already does not enter twice.
    """
    wheel = run.wheel
    if wheel is None:
        return list(proposed)
    result = [_banned(run, one) for one in proposed]
    edited = [_edited(method, field, step) for method in wheel.entering()]
    data = texts_of(run, cases) if edited else []
    for method in edited:
        others = [other for one in result if (other := one.method)]
        found = problems(method, incumbent=field.incumbent, others=others, data=data)
        result.append(_banned(run, _entry(step, len(result) + 1, field, method, "person", found)))
    for method in wheel.pinned.values():
        racing = {field.incumbent.id, *(other.id for one in result if (other := one.method))}
        if method.id not in racing:
            result.append(_entry(step, len(result) + 1, field, method, "pinned", ()))
    return result


def without_banned(run: Run, decision: Decision, standings: Sequence[Standing]) -> Decision:
    """The decision, but for a candidate that a person has banned since its race began: that one is refused."""
    for standing in standings[1:]:
        if run.bans(standing.contestant.method):
            standing.refused = _BANNED
    if decision.accepted is None or not run.bans(standings[decision.accepted].contestant.method):
        return decision
    return replace(decision, accepted=None, reason=f"Kept the incumbent: {decision.reason} But {_BANNED}.")


def _banned(run: Run, proposed: Proposed) -> Proposed:
    method = proposed.method
    if method is None or not run.bans(method):
        return proposed
    return replace(proposed, problems=(*proposed.problems, _BANNED), stand_in=None)


def _edited(method: Method, field: Field, step: int) -> Method:
    """A person's method, its clauses with where they come from."""
    origins = origins_of(method, (field.incumbent,), step, "person", (), ())
    name = method.name or f"a person's, step {step + 1}"
    return replace(method, name=name, parent=method.parent or field.incumbent.id, origins=origins)


def _entry(
    step: int, number: int, field: Field, method: Method, by: str, found: tuple[str, ...]
) -> Proposed:  # fmt: skip
    proposal = Proposal(
        id=f"steps/{step:03d}/c{number}/{by}", method=method, why=method.why or f"brought by a person ({by})", raw=""
    )
    return Proposed(Order(number, "bold", field.incumbent, analysed=False), None, proposal, found, by=by)
