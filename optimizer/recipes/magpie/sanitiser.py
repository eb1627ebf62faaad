"""What a model wrote as a user, mended or dropped by rules of our own; each change and refusal has its rule's name.

Instructions of several lines stay whole: a problem is not cut at its first question mark. What cannot be mended
without a guess is dropped (a model that speaks as the assistant, a leaked template, an answer given with the question).
"""

from __future__ import annotations

from dataclasses import dataclass

from ...record.making.magpie import MagpieSettings

__all__ = ["Clean", "Sanitiser"]


@dataclass(frozen=True, slots=True)
class Clean:
    """An instruction after the rules.

    Args:
        text: as it is kept.
        rules: names of the rules that changed it, in order.
        reason: name of the rule that drops it; empty where it is kept.
        detail: in words.
    """

    text: str
    rules: tuple[str, ...] = ()
    reason: str = ""
    detail: str = ""


class Sanitiser:
    """Applies the rules that the settings want."""

    def __init__(self, part: MagpieSettings) -> None:
        self._part = part

    def clean(self, raw: str, *, truncated: bool = False) -> Clean:
        """The instruction in a text."""
        text = raw.strip()
        if not text:
            return Clean("", reason="empty", detail="nothing before the end of the turn")
        if truncated:
            return Clean(text, reason="truncated", detail="it met the bound of tokens")
        if len(text) < self._part.least_chars:
            return Clean(text, reason="too-short", detail=f"{len(text)} characters")
        return Clean(text)
