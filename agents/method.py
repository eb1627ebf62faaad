"""A method: the ordered clauses that the optimizer rewrites, with an id that is a function of their text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

__all__ = ["WHOLE", "Method", "Operator", "Origin"]

WHOLE = "whole"
"""The control of a method that is one free text over several lines, as the published methods are."""

Operator = Literal["small", "bold", "merge"]
"""How a candidate is made: a few edited clauses, a new list, or two methods in one."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a clause comes from.

    Args:
        step: the step that brought it in; 0 for the starting method, steps count from 1.
        operator: how its method was made; empty for a clause of a starting method, and
            `person` for one that a person wrote while the search went on.
        finding: what it answers, in the analyst's words.
        cases: seed ids of the trajectories that showed it.
        method: id of the method that it first stood in.
        reason: why it was written, in the refiner's words.
    """

    step: int = 0
    operator: Literal["", "small", "bold", "merge", "person"] = ""
    finding: str = ""
    cases: tuple[str, ...] = ()
    method: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Method:
    """What the optimizer rewrites (design, section 3).

    Args:
        clauses: short strategy clauses, in order. Never the role, the delimiters or the output's form.
        name: a name for people (`general`, `maths`, `candidate 2 of step 1`); not part of the identity.
        language: the language the clauses are written in (`en`, `zh`); the contract is rendered in it too.
        parent: id of the method it was made from; empty for a starting method.
        why: what the change was meant to mend.
        control: `identity` returns the seed unchanged without a call; `just-longer` is an ordinary method that only
            asks for length; `free-text` has one clause, a whole prompt of a person's own with `{instruction}` in it;
            `finished` stands for texts that another tool made; of `evol-instruct` each seed is evolved by one clause,
            drawn at random; `simpler` evolves down; `whole` has one clause, a text of several lines, and is evolved by
            like any other. Empty for every other method.
        origins: where each clause comes from, one for each, or empty; not part of the identity.
    """

    clauses: tuple[str, ...]
    name: str = ""
    language: str = "en"
    parent: str = ""
    why: str = ""
    control: str = ""
    origins: tuple[Origin, ...] = ()

    @property
    def id(self) -> str:
        """12 hex digits of SHA-256 over language, control and clauses: the same text is the same method."""
        text = "\x1f".join((self.language, self.control, *self.clauses))
        return hashlib.sha256(text.encode()).hexdigest()[:12]
