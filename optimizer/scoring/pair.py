"""What the detectors look at: a seed's pair and the evolved pair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...agents.messages import Finding

__all__ = ["Detector", "Pair"]


@dataclass(frozen=True, slots=True)
class Pair:
    """One evolution.

    Args:
        instruction: the text before (the seed, or the round before).
        response: the known answer to it, or None.
        evolved: the text after; None where the evolver's answer was unreadable.
        evolved_response: the answer to it; None where none was asked for or it gave nothing.
        fault: what was wrong with the evolver's answer: `unreadable`, `truncated`, a reason of `Failed`, or empty.
        response_fault: the same for the responder's answer.
        language: ISO 639-1 code; decides which word lists are used.
    """

    instruction: str
    response: str | None = None
    evolved: str | None = None
    evolved_response: str | None = None
    fault: str = ""
    response_fault: str = ""
    language: str = "en"


Detector = Callable[[Pair], Finding | None]
