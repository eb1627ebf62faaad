"""All detectors by name, and which of them a profile runs. A detector's name is the kind of its finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ...agents.gateway.errors import UsageError
from ...agents.messages import Finding
from ..record.settings import Profile
from .leaks import answer_leak, scaffold_leak, solution_hint, unfilled_template
from .losses import lost_code, lost_numbers, lost_table, lost_urls
from .pair import Detector, Pair
from .published import CODE, PAPER
from .responses import asks_back, empty_response, refused
from .structure import failed, identity, language_changed, near_copy, runaway_length, truncated, unreadable
from .tasks import lost_question, restated
from .words import fingerprint

__all__ = ["DETECTORS", "GATES", "VERSION", "detect", "detectors_of"]

_RULES = 1  # rises with every change of what a rule finds
VERSION = f"{_RULES}-{fingerprint()}"
"""Which rules and word lists these are; a run freezes it."""

_NO_TEXT: Mapping[str, Detector] = {"unreadable": unreadable, "failed": failed}
_RECOMMENDED: Mapping[str, Detector] = {
    **_NO_TEXT,
    "truncated": truncated,
    "identity": identity,
    "near-copy": near_copy,
    "answer-leak": answer_leak,
    "solution-hint": solution_hint,
    "scaffold-leak": scaffold_leak,
    "unfilled-template": unfilled_template,
    "lost-question": lost_question,
    "restated": restated,
    "lost-numbers": lost_numbers,
    "lost-code": lost_code,
    "lost-table": lost_table,
    "lost-urls": lost_urls,
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
    """What these detectors find, in the order of their names.

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
    return tuple(found)
