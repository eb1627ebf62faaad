"""What messages carry: frozen values without behaviour. They are imported from `messages`, which speaks of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .gateway.requests import Turn

__all__ = ["Call", "ClauseEdit", "Edit", "Finding", "Instruction", "MethodFinding", "Recurrence", "RoleName"]

RoleName = Literal[
    "evolver", "responder", "analyst", "refiner", "judge", "reflector", "student", "embedder",
    "generator", "tagger", "guard", "rewarder", "base",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Instruction:
    """An instruction as a model is given it: the text that evolves, and what stays around it.

    Args:
        text: the user's turn; the only part that evolves.
        system: the system prompt of the seed, kept as it is.
        context: earlier turns of the same conversation, kept as they are.
        language: ISO 639-1 code of the text (`en`, `zh`), for prompts and for detectors.
    """

    text: str
    system: str = ""
    context: tuple[Turn, ...] = ()
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Call:
    """What one finished model call was and cost.

    Args:
        key: content key of the call in the journal.
        role: who asked.
        cost: USD, None where the price is unknown.
        model, fingerprint: who says that it served the call.
        fallback: the endpoint that answered instead of the one asked, if any.
        adapted: what had to be changed in the request because the model refuses it.
    """

    key: str
    role: str
    input_tokens: int
    output_tokens: int
    cost: float | None
    seconds: float = 0.0
    model: str = ""
    fingerprint: str = ""
    fallback: str = ""
    adapted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with one evolution: its class, the evidence (a quoted span or a figure), and who says so."""

    kind: str
    evidence: str = ""
    by: Literal["rule", "judge", "agreement", "student", "sandbox"] = "rule"


@dataclass(frozen=True, slots=True)
class MethodFinding:
    """One thing wrong with the method: the cluster of cases, evidence from them, and the rule that would help."""

    cluster: str
    cases: tuple[str, ...]
    evidence: str
    rule: str


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A problem that several analyses named: what it is called, the rule of the latest, and how often it was seen.

    Args:
        steps: in how many steps.
        cases: in how many cases of all of them.
    """

    cluster: str
    rule: str
    steps: int
    cases: int


@dataclass(frozen=True, slots=True)
class Edit:
    """One earlier edit of the method and its measured effect.

    Args:
        why: what it was meant to mend.
        clauses: those of the candidate.
        gain: mean score of the candidate minus the incumbent's, on the dev items that both met.
        accepted: whether it was taken.
        items: how many items that were.
        low, high: interval of the gain, where there is one.
        changes: finding kinds whose share of the items changed, each with the change (negative is rarer).
    """

    why: str
    clauses: tuple[str, ...]
    gain: float | None
    accepted: bool
    items: int = 0
    low: float | None = None
    high: float | None = None
    changes: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ClauseEdit:
    """One change of a method.

    Args:
        kind: what is done.
        clause: number of the clause in the old method, from 1; 0 where one is added.
        text: the new text; empty where one is removed.
        reason: why, in a few words.
        findings: numbers of the findings that it answers, from 1 in the order in which they were shown.
    """

    kind: Literal["add", "replace", "remove"]
    clause: int
    text: str
    reason: str = ""
    findings: tuple[int, ...] = ()
