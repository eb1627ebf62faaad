"""Rules on what is asked: a seed must not evolve into a text that asks nothing, or something else."""

from __future__ import annotations

import re

from ...agents.messages import Finding
from .asks import asking_sentences, only_supposes
from .pair import Pair
from .sense import content, kinds_of, substance
from .texts import clean, numbers_of, quote, sentences
from .words import WORDLESS

__all__ = ["lost_question", "task_changed"]

_LEAST_WORDS, _LEAST_CHARACTERS = 4, 5
_NOTHING_LEFT = 0.1  # share of the seed's words of substance; under it a longer text speaks of something else
_LITTLE_LEFT = 0.34  # the same, where the kind of the task is another one, too


def lost_question(pair: Pair) -> Finding | None:
    """The seed asks for something; no sentence of the evolved text asks or commands.

    A question that became a command (`calculate …`, `determine …`) is still a task. A seed in which no question and no
    command can be told is left alone. This is class 8 of the published taxonomy, "no proper question left" (Auto
    Evol-Instruct, appendix B).
    """
    text = clean(pair.evolved or "")
    if not text or not any(asking_sentences(pair.instruction, pair.language)):
        return None
    flags = asking_sentences(text, pair.language)
    if any(flag and not only_supposes(s) for s, flag in zip(sentences(text), flags, strict=True)):
        return None
    return Finding("lost-question", quote(text[-120:]))


def task_changed(pair: Pair) -> Finding | None:
    """The evolved text is about something else than the seed.

    Told by the words of substance that the two share, synonyms made one: none, of four at least (under 10 % of
    ten or more); or a third at most where the kind of the task is another one, too (code became a story, a
    translation an essay). A text that keeps a number of the seed's needs another kind. What the seed only asks in three
    words may evolve into anything.
    """
    if not pair.evolved or not pair.evolved.strip():
        return None
    seed = {*substance(pair.instruction, pair.language)}
    least = _LEAST_CHARACTERS if pair.language in WORDLESS else _LEAST_WORDS
    kept = {word for word in seed if word in content(pair.evolved, pair.language)}
    old, new = kinds_of(pair.instruction, pair.language), kinds_of(pair.evolved, pair.language)
    share = len(kept) / len(seed) if seed else 1.0
    other = bool(old) and bool(new) and not old & new
    if other and share <= _LITTLE_LEFT and len(seed) >= least - 2:
        return Finding(
            "task-changed",
            f"{', '.join(sorted(old))} became {', '.join(sorted(new))}; {share:.0%} of the words are left",
        )
    if len(seed) < least or share > _NOTHING_LEFT or (kept and len(seed) < 10) or old & new:
        return None
    if _same_numbers(pair) or re.search(r"```", pair.evolved):
        return None
    return Finding("task-changed", f"{len(kept)} of {len(seed)} words are left: {quote(', '.join(sorted(seed))[:100])}")


def _same_numbers(pair: Pair) -> bool:
    old, new = numbers_of(pair.instruction, pair.language), numbers_of(pair.evolved or "", pair.language)
    return bool(old.stated & new.stated)
