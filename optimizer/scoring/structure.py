"""Rules on the evolved text as a whole: is it there, and is it of a sensible length?"""

from __future__ import annotations

from typing import get_args

from ...agents.gateway.outcomes import NoAnswerReason
from ...agents.messages import Finding
from .pair import Pair
from .texts import scripts_of, units

__all__ = ["failed", "runaway_length", "unreadable"]

_REASONS = frozenset(get_args(NoAnswerReason))
# What a responder's fault says about the response is told by the rules in responses.py.
_OF_RESPONSES = frozenset({"empty", "content_filter"})

# Growth that no wish for difficulty explains. The methods ask for 10 to 20 words a round. Of the same 186 evolutions
# the widest grew by 57 words or to 3.15 times (but for one that is all scaffold); seeds there have 13 to 158 words.
GROWTH, ADDED_WORDS, ADDED_CHARACTERS = 3.0, 150, 260


def unreadable(pair: Pair) -> Finding | None:
    """There is no evolved text: the output's form was not kept, or nothing stands in it."""
    if pair.fault in _REASONS or pair.fault == "truncated":
        return None
    if pair.evolved is None or not pair.evolved.strip() or pair.fault == "unreadable":
        return Finding("unreadable", "no evolved text")
    return None


def failed(pair: Pair) -> Finding | None:
    """A call gave nothing, for a reason that is about this item (content filter, context too long, …)."""
    if pair.fault in _REASONS:
        return Finding("failed", f"evolver: {pair.fault}")
    if pair.response_fault in _REASONS - _OF_RESPONSES:
        return Finding("failed", f"responder: {pair.response_fault}")
    return None


def runaway_length(pair: Pair) -> Finding | None:
    """The text has trebled and grown by more than 150 words (260 characters of Chinese or Japanese)."""
    old, new = units(pair.instruction), units(pair.evolved or "")
    scripts = scripts_of(pair.evolved or "")
    wordless = scripts["Han"] + scripts["Kana"] > scripts["Latin"]
    if new > GROWTH * old and new - old > (ADDED_CHARACTERS if wordless else ADDED_WORDS):
        return Finding("runaway-length", f"from {old} to {new} {'characters' if wordless else 'words'}")
    return None
