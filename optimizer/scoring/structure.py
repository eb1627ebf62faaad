"""Rules on the evolved text as a whole: is it there, is it a new text, is it of a sensible length and language?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import get_args

from rapidfuzz.distance import Indel

from ...agents.gateway.outcomes import NoAnswerReason
from ...agents.messages import Finding
from .pair import Pair
from .texts import clean, numbers_of, quote, scripts_of, tokens, units
from .words import Words, word_lists

__all__ = ["failed", "identity", "language_changed", "near_copy", "runaway_length", "truncated", "unreadable"]

_REASONS = frozenset(get_args(NoAnswerReason))
# What a responder's fault says about the response is told by the rules in responses.py.
_OF_RESPONSES = frozenset({"empty", "content_filter"})

# Similarity of the sorted content words from which on two texts count as copies. At 0.9 a text of 20 content words may
# have two of them exchanged (`Tom` for `Tim`, `buy` for `purchase`), one of 9 none: a single word of a short
# instruction is its subject. Similarity alone would not do: of 186 released evolutions of GSM8K five that add a clause
# reach 0.9 (up to 0.94), so no content word more than before is the other half of the rule.
NEAR = 0.9
# Growth that no wish for difficulty explains. The methods ask for 10 to 20 words a round. Of the same 186 evolutions
# the widest grew by 57 words or to 3.15 times (but for one that is all scaffold); seeds there have 13 to 158 words.
GROWTH, ADDED_WORDS, ADDED_CHARACTERS = 3.0, 120, 200
_OWN_SCRIPT, _LEAST_WORDS = 0.8, 4


def unreadable(pair: Pair) -> Finding | None:
    """There is no evolved text: the output's form was not kept, or nothing stands in it."""
    if pair.fault in _REASONS or pair.fault == "truncated":
        return None
    if pair.evolved is None or not pair.evolved.strip() or pair.fault == "unreadable":
        return Finding("unreadable", "no evolved text")
    return None


def truncated(pair: Pair) -> Finding | None:
    """The evolver's or the responder's answer was cut at its length limit."""
    sides = [
        side for side, fault in (("evolved", pair.fault), ("response", pair.response_fault)) if fault == "truncated"
    ]
    return Finding("truncated", " and ".join(sides)) if sides else None


def failed(pair: Pair) -> Finding | None:
    """A call gave nothing, for a reason that is about this item (`agents/gateway/outcomes.py`, `NoAnswerReason`)."""
    if pair.fault in _REASONS:
        return Finding("failed", f"evolver: {pair.fault}")
    if pair.response_fault in _REASONS - _OF_RESPONSES:
        return Finding("failed", f"responder: {pair.response_fault}")
    return None


def identity(pair: Pair) -> Finding | None:
    """The text is the same but for case, spaces, punctuation and the width of characters."""
    if pair.evolved is None:
        return None
    if pair.evolved == pair.instruction or _same_words(pair.instruction, pair.evolved):
        return Finding("identity", quote(pair.evolved))
    return None


def _same_words(old: str, new: str) -> bool:
    before, after = tokens(old), tokens(new)
    return bool(before) and before == after


def near_copy(pair: Pair) -> Finding | None:
    """The text says the same with a few other words, and adds none.

    All of: the content words are at least 90 % alike, in any order (similarity of the sorted words by insertions and
    deletions); no content word more than before (one character in Chinese); the same numbers; the same words that
    change a task by themselves (`not`, `most`, units). So a changed number and a short added clause are no copies,
    and neither is one exchanged word in a short instruction. A text that only grew wordier is not caught.
    """
    if pair.evolved is None or not pair.evolved.strip() or identity(pair):
        return None
    lists = word_lists(pair.language)
    old, new = tokens(pair.instruction), tokens(pair.evolved)
    if not old or numbers_of(pair.instruction, pair.language).stated != numbers_of(pair.evolved, pair.language).stated:
        return None
    strong = frozenset[str]().union(*(words.strong for words in lists))
    if Counter(t for t in old if t in strong) != Counter(t for t in new if t in strong):
        return None
    before, after = _content(old, lists), _content(new, lists)
    likeness = Indel.normalized_similarity(before, after) if before or after else 1.0
    if likeness < NEAR or len(after) - len(before) > (1 if pair.language == "zh" else 0):
        return None
    return Finding("near-copy", f"{likeness:.0%} of the words are the same")


def _content(words_of_text: Sequence[str], lists: tuple[Words, ...]) -> list[str]:
    stop = frozenset[str]().union(*(words.stop for words in lists))
    return sorted(_stem(token) for token in words_of_text if token not in stop)


def _stem(word: str) -> str:
    """Cut the commonest English endings, so that `cost` and `costs` are one word."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)].rstrip("e")
    return word.rstrip("e") if len(word) > 3 else word


def runaway_length(pair: Pair) -> Finding | None:
    """The text has trebled and grown by more than 120 words (200 characters of Chinese or Japanese)."""
    old, new = units(pair.instruction), units(pair.evolved or "")
    scripts = scripts_of(pair.evolved or "")
    wordless = scripts["Han"] + scripts["Kana"] > scripts["Latin"]
    if new > GROWTH * old and new - old > (ADDED_CHARACTERS if wordless else ADDED_WORDS):
        return Finding("runaway-length", f"from {old} to {new} {'characters' if wordless else 'words'}")
    return None


def language_changed(pair: Pair) -> Finding | None:
    """The text stands in another script: at least 80 % of the seed in one, 80 % of the evolved text in another.

    Only scripts are told apart (Chinese from English, not French from English). Texts under four words are left
    alone, and so is a seed that mixes scripts, such as a translation task.
    """
    old, new = _script(clean(pair.instruction)), _script(clean(pair.evolved or ""))
    if not old or not new or old == new:
        return None
    return Finding("language-changed", f"from {old} to {new} script")


def _script(text: str) -> str:
    counts = scripts_of(text)
    if counts["Kana"]:  # Japanese writes Han characters too
        counts["Kana"] += counts.pop("Han")
    name = max(counts, key=lambda key: counts[key])
    total = sum(counts.values())
    return name if total >= _LEAST_WORDS and counts[name] >= _OWN_SCRIPT * total else ""
