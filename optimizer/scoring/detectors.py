"""All detectors by name, and which of them a profile runs. A detector's name is the kind of its finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ...agents.gateway.errors import UsageError
from ...agents.messages import Finding
from ..record.settings import Profile
from .endings import truncated
from .harder import not_harder, restated
from .hints import solution_hint
from .languages import language_changed
from .leaks import answer_leak
from .losses import lost_code, lost_numbers, lost_table, lost_urls
from .measures import lost_units
from .names import lost_names
from .pair import Detector, Pair
from .published import CODE, PAPER
from .responses import asks_back, empty_response, refused
from .rubbish import rubbish
from .sameness import identity, near_copy
from .scaffold import scaffold_leak, unfilled_template
from .structure import failed, runaway_length, unreadable
from .tasks import lost_question, task_changed
from .words import fingerprint

__all__ = ["DETECTORS", "GATES", "VERSION", "detect", "detectors_of"]

_RULES = 4  # rises with every change of what a rule finds
VERSION = f"{_RULES}-{fingerprint()}"
"""Which rules and word lists these are; a run freezes it."""

_NO_TEXT: Mapping[str, Detector] = {"unreadable": unreadable, "failed": failed}
_RECOMMENDED: Mapping[str, Detector] = {
    **_NO_TEXT,
    "rubbish": rubbish,
    "truncated": truncated,
    "identity": identity,
    "near-copy": near_copy,
    "not-harder": not_harder,
    "answer-leak": answer_leak,
    "solution-hint": solution_hint,
    "scaffold-leak": scaffold_leak,
    "unfilled-template": unfilled_template,
    "lost-question": lost_question,
    "task-changed": task_changed,
    "restated": restated,
    "lost-numbers": lost_numbers,
    "lost-units": lost_units,
    "lost-code": lost_code,
    "lost-table": lost_table,
    "lost-urls": lost_urls,
    "lost-names": lost_names,
    "runaway-length": runaway_length,
    "language-changed": language_changed,
    "asks-back": asks_back,
    "refused": refused,
    "empty-response": empty_response,
}

DETECTORS: Mapping[str, Detector] = MappingProxyType({**_RECOMMENDED, **PAPER, **CODE})
"""Every detector by name."""

GATES: frozenset[str] = frozenset(_RECOMMENDED) - {"restated"}
"""Findings after which an evolution is worth nothing in the recommended profile: no text, no new text, no task, its
answer given away, its data lost, or an instruction that its own response says is bad. `restated`
is told to the analyst and left to the judge."""

# One cause, one finding: what is only a consequence of another finding is not told beside it.
_LOSSES = ("lost-numbers", "lost-units", "lost-code", "lost-table", "lost-urls", "lost-names")
_NO_TASK = (*_LOSSES, "lost-question", "task-changed", "truncated", "not-harder", "near-copy")
_EXPLAINS: Mapping[str, tuple[str, ...]] = {
    "rubbish": _NO_TASK,
    "unfilled-template": ("lost-numbers", "lost-units", "lost-names", "not-harder", "near-copy", "lost-question"),
    "language-changed": (*_LOSSES, "lost-question", "task-changed", "rubbish", "truncated", "not-harder"),
    "task-changed": ("lost-numbers", "lost-units", "lost-names"),
    "runaway-length": ("rubbish", "answer-leak", "solution-hint", "task-changed", "truncated"),
    "scaffold-leak": ("task-changed", "runaway-length", "answer-leak"),
    "lost-table": ("lost-numbers", "lost-names", "lost-units"),
    "lost-code": ("lost-numbers", "lost-names", "lost-units"),
    "lost-urls": ("lost-names",),
    "answer-leak": ("solution-hint", "restated"),
    "lost-numbers": ("lost-units", "restated"),
    "lost-units": ("not-harder", "restated"),
    "lost-names": ("not-harder", "restated"),
    "truncated": ("not-harder", "lost-question", "restated"),
    "lost-question": ("not-harder", "restated"),
    "refused": ("asks-back",),
    "not-harder": ("restated",),
    "near-copy": ("restated",),
    "identity": ("restated",),
}

_PROFILES: Mapping[Profile, tuple[str, ...]] = {
    "recommended": tuple(_RECOMMENDED),
    # An item without an evolved text counts as a failure in the published profiles, too (design, law 5).
    "paper": (*_NO_TEXT, *PAPER),
    "official-code": (*_NO_TEXT, *CODE),
}


def detectors_of(profile: Profile) -> tuple[str, ...]:
    """Names of the detectors of a profile, in the order in which they are run."""
    return _PROFILES[profile]


def detect(pair: Pair, names: Sequence[str]) -> tuple[Finding, ...]:
    """What these detectors find, in the order of their names, without what follows from another finding.

    A text of noise has lost its numbers, too, and a text in another language its names; that is said once.

    Raises:
        UsageError: there is no detector of this name.
    """
    found: list[Finding] = []
    for name in names:
        detector = DETECTORS.get(name)
        if detector is None:
            raise UsageError(f"There is no detector {name!r}.", fix=f"Choose from: {', '.join(DETECTORS)}.")
        finding = detector(pair)
        if finding is not None:
            found.append(finding)
    explained = {kind for finding in found for kind in _EXPLAINS.get(finding.kind, ())}
    return tuple(finding for finding in found if finding.kind not in explained)
