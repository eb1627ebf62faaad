"""What a model wrote as a user, mended or dropped by rules of our own; each change and refusal has its rule's name.

Instructions of several lines stay whole: a problem is not cut at its first question mark. What cannot be mended without
a guess is dropped (a model that speaks as the assistant, an unfinished text, a loop).
"""

from __future__ import annotations

from dataclasses import dataclass

from ...record.making.magpie import MagpieSettings
from ...scoring.pair import Pair
from ...scoring.rubbish import rubbish
from ...scoring.texts import scripts_of
from .mending import mended
from .refusing import REFUSALS
from .tongues import tongue_of

__all__ = ["Clean", "Sanitiser"]


@dataclass(frozen=True, slots=True)
class Clean:
    """An instruction after the rules.

    Args:
        text: as it is kept.
        rules: names of the rules that changed it, in order.
        reason: name of the rule that drops it; empty where it is kept.
        detail: in words.
        language: ISO 639-1 code; `und` where it cannot be told.
    """

    text: str
    rules: tuple[str, ...] = ()
    reason: str = ""
    detail: str = ""
    language: str = "en"


class Sanitiser:
    """Applies the rules that the settings want."""

    def __init__(self, part: MagpieSettings) -> None:
        self._part = part

    def clean(self, raw: str, *, truncated: bool = False) -> Clean:
        """The instruction in a text, or why there is none. Cleaning what is clean changes nothing."""
        text, rules = mended(raw) if self._part.sanitise else (raw.strip(), ())
        tongue = tongue_of(text)
        reason, detail = self._bounds(text, tongue, truncated=truncated and not _ENDED & set(rules))
        if not reason and self._part.sanitise:
            reason, detail = _refused(text, tongue)
        return Clean(text, rules, reason, detail, tongue)

    def _bounds(self, text: str, tongue: str, *, truncated: bool) -> tuple[str, str]:
        part, length = self._part, len(text) + 2 * scripts_of(text)["Han"]
        bounds = (
            ("empty", not text, "nothing before the end of the turn"),
            ("truncated", truncated, "it met the bound of tokens"),
            ("too-short", length < part.least_chars, f"{len(text)} characters"),
            ("too-long", len(text) > part.most_chars, f"{len(text)} characters"),
            ("language", bool(part.languages) and tongue not in part.languages, tongue),
        )
        return next(((name, detail) for name, met, detail in bounds if met), ("", ""))


# Rules that cut what follows the instruction: that this met the bound of tokens does not matter.
_ENDED = {"answer", "assistant-turn", "leaked-token"}


def _refused(text: str, tongue: str) -> tuple[str, str]:
    for name, pattern in REFUSALS:
        if (match := pattern.search(text)) is not None:
            return name, match[0].strip()[:80]
    finding = rubbish(Pair(instruction="", evolved=text, language="zh" if tongue == "zh" else "en"))
    return ("rubbish", finding.evidence) if finding else ("", "")
