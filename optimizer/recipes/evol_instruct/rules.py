"""Whether an evolution stays: the elimination rules of WizardLM, and the free detectors where they are wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ....agents.operations import told_by
from ....prompts import Prompts
from ...record.making.evol_instruct import EvolInstructSettings
from ...scoring.detectors import GATES, detect, detectors_of
from ...scoring.elimination import prompt_words, says_nothing, sorry
from ...scoring.pair import Pair
from .line import Attempt

__all__ = ["poor_response", "rules_of"]

# What is made anew has lost nothing: only whether it is a task at all can be asked of it.
_NEW = frozenset({"breadth", "maths-easier", "maths-other-easier"})
_OF_ANY_TEXT = (
    "rubbish", "truncated", "identity", "near-copy", "answer-leak", "solution-hint", "scaffold-leak",
    "unfilled-template", "language-changed", "asks-back", "refused", "empty-response",
)  # fmt: skip
# Rules that look at the response to the new text.
_WITH_RESPONSE = frozenset({
    "truncated", "not-harder", "answer-leak", "solution-hint", "restated", "language-changed", "asks-back", "refused",
    "empty-response",
})  # fmt: skip


def rules_of(part: EvolInstructSettings, prompts: Prompts) -> Callable[[Attempt], Attempt]:
    """The rules of these settings, for an attempt that has a new text, and again for its response."""

    def look(attempt: Attempt) -> Attempt:
        parent, text = attempt.parent.seed, attempt.text or ""
        if attempt.response is not None:
            poor = poor_response(part, attempt.response, parent.instruction.language)
            attempt = attempt.dropped(*poor) if poor else attempt
        elif "prompt-words" in part.eliminate:
            told = told_by(attempt.task.operation, parent.instruction.language, prompts)
            copied = prompt_words(parent.instruction.text, text, told)
            attempt = attempt.dropped("prompt-words", copied) if copied else attempt
        return attempt if attempt.reason or not part.detectors else _detected(attempt)

    return look


def poor_response(part: EvolInstructSettings, response: str, language: str) -> tuple[str, str] | None:
    """Why a response is none, and its words: elimination rules 2 and 3; None where they find nothing."""
    excuse = sorry(response) if "sorry" in part.eliminate else ""
    if excuse:
        return "sorry", excuse
    if "says-nothing" in part.eliminate and says_nothing(response, language):
        return "says-nothing", response[:80]
    return None


def _detected(attempt: Attempt) -> Attempt:
    parent = attempt.parent.seed
    pair = Pair(
        parent.instruction.text, parent.response, attempt.text, attempt.response, language=parent.instruction.language
    )
    names = _OF_ANY_TEXT if attempt.task.operation in _NEW else detectors_of("recommended")
    if attempt.response is not None:  # what the others find in the text was found before
        names = tuple(name for name in names if name in _WITH_RESPONSE)
    found = detect(pair, names)
    gate = next((finding for finding in found if finding.kind in GATES), None)
    attempt = replace(attempt, findings=tuple(dict.fromkeys((*attempt.findings, *found))))
    return attempt if gate is None else attempt.dropped(gate.kind, gate.evidence)
