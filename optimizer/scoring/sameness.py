"""Rules on texts that are no new text: the same, or the same but for a few words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rapidfuzz.distance import Indel

from ...agents.messages import Finding
from .pair import Pair
from .sense import content, sense_of
from .texts import clean, numbers_of, quote, tokens
from .words import WORDLESS, word_lists

__all__ = ["identity", "near_copy"]

# Similarity of the sorted content words from which on two texts count as copies. At 0.9 a text of 20 content words may
# have two of them exchanged, one of 9 none: a single word of a short instruction is its subject. Similarity alone
# would not do: of 186 released evolutions of GSM8K five that add a clause reach 0.9 (up to 0.94), so no content word
# more than before is the other half of the rule.
NEAR = 0.9
# A longer text in which words were exchanged one for one, in their places: another name, another fruit, another verb.
LONG, EXCHANGED = 10, 0.3
_RAW = re.compile(r"[\u4e00-\u9fff]|\w+")


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

    The numbers are the same, and so are the words that change a task by themselves (`not`, `most`, units), and one of:
    the content words, with synonyms made one, are at least 90 % alike in any order, and there is none more than before
    (one character in Chinese); or words of a longer text were exchanged one for one, in their places, a third of them
    at most (the same problem with other names and things). A changed number and a short added clause are no copies,
    and neither is one exchanged word in a short instruction.
    """
    if pair.evolved is None or not pair.evolved.strip() or identity(pair):
        return None
    renamed = _renamed(clean(pair.instruction), clean(pair.evolved))
    if renamed:
        return Finding("near-copy", quote(renamed))
    old, new = tokens(pair.instruction), tokens(pair.evolved)
    if not old or numbers_of(pair.instruction, pair.language).stated != numbers_of(pair.evolved, pair.language).stated:
        return None
    if not _same_demands(pair, old, new):
        return None
    before, after = content(pair.instruction, pair.language), content(pair.evolved, pair.language)
    likeness = Indel.normalized_similarity(sorted(before), sorted(after)) if before or after else 1.0
    if likeness >= NEAR and len(after) - len(before) <= (1 if pair.language in WORDLESS else 0):
        return Finding("near-copy", f"{likeness:.0%} of the words are the same")
    exchanged = _exchanged(pair, before, after)
    return Finding("near-copy", quote(exchanged)) if exchanged else None


def _renamed(seed: str, text: str) -> str:
    """The names that stand in place of other names where nothing else was done; empty where more was."""
    before, after = _RAW.findall(seed), _RAW.findall(text)
    if len(before) != len(after) or len(before) < 5:
        return ""
    swaps = {(a, b) for a, b in zip(before, after, strict=True) if a.casefold() != b.casefold()}
    one_to_one = len({a for a, _ in swaps}) == len(swaps) == len({b for _, b in swaps})
    names = all(_is_name(a, seed) and _is_name(b, text) for a, b in swaps)
    return "renamed " + ", ".join(f"{a}: {b}" for a, b in sorted(swaps)) if swaps and one_to_one and names else ""


def _is_name(word: str, text: str) -> bool:
    """A word with a capital letter, never seen without it; in Chinese the second character of 小明, 老王."""
    if not word.isascii():
        return bool(re.search(rf"[小老阿]{word}", text))
    return word[0].isupper() and word[1:].islower() and not re.search(rf"\b{word.lower()}\b", text)


def _same_demands(pair: Pair, old: Sequence[str], new: Sequence[str]) -> bool:
    """Whether no word that changes a task came in or went out. Units may be written out (`kg`, `kilograms`)."""
    lists, sense = word_lists(pair.language), sense_of(pair.language)
    strong = frozenset[str]().union(*(words.strong for words in lists)) - sense.padding
    before, after = (Counter(sense.same.get(t, t) for t in text if t in strong) for text in (old, new))
    return before == after


def _exchanged(pair: Pair, before: Sequence[str], after: Sequence[str]) -> str:
    """The words that stand where others stood; empty unless the text is long and only that was done to it."""
    if pair.language in WORDLESS or len(before) != len(after) or len(before) < LONG:
        return ""
    swaps = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    demands = sense_of(pair.language).demands
    if len(swaps) > EXCHANGED * len(before) or any(demands.search(word) for swap in swaps for word in swap):
        return ""
    added = _count(demands, pair.evolved or "") - _count(demands, pair.instruction)
    shown = ", ".join(f"{old}: {new}" for old, new in swaps[:8])
    return f"exchanged {shown}" if swaps and added <= 0 else ""


def _count(pattern: re.Pattern[str], text: str) -> int:
    return len(pattern.findall(clean(text)))
