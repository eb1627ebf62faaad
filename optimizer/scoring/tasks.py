"""Rules on what is asked: a seed must not evolve into a text that asks nothing, or the same once more."""

from __future__ import annotations

import re
from fractions import Fraction

from ...agents.messages import Finding
from .answers import final_answer
from .pair import Pair
from .texts import clean, numbers_of, quote, sentences
from .words import Words, word_lists

__all__ = ["lost_question", "restated"]


def lost_question(pair: Pair) -> Finding | None:
    """The seed asks with a question mark; the evolved text has none, and no sentence of it asks or commands.

    A question that became a command (`calculate …`, `determine …`) is still a task. This is class 8 of the published
    taxonomy, "no proper question left" (Auto Evol-Instruct, appendix B).
    """
    if not pair.evolved or not re.search(r"[?？]", pair.instruction):
        return None
    text = clean(pair.evolved)
    if "?" in text or not text:
        return None
    if any(_asks(sentence, words) for words in word_lists(pair.language) for sentence in sentences(text)):
        return None
    return Finding("lost-question", quote(text[-120:]))


def restated(pair: Pair) -> Finding | None:
    """The same problem in other words: no number that the seed lacks, in any form, and the same number as final answer.

    Says "probably no harder" and no more: a text that also asks for a proof has the same answer, too.
    """
    if not (pair.evolved and pair.response and pair.evolved_response):
        return None
    known = final_answer(pair.response, pair.language)
    if not isinstance(known, Fraction) or known != final_answer(pair.evolved_response, pair.language):
        return None
    old, new = numbers_of(pair.instruction, pair.language), numbers_of(pair.evolved, pair.language)
    if not old.stated or (new.stated | new.loose) - (old.stated | old.loose):
        return None
    return Finding("restated", f"no new number, and the answer is {float(known):g} as before")


def _asks(sentence: str, words: Words) -> bool:
    if words.measures:  # no word boundaries: a command may stand anywhere
        return bool(words["asking"].search(sentence) or words["commands"].search(sentence))
    lead = r"(?:^|[,;:(]\s?|\b(?:and|then|please|also|finally|next|first|you\s\w+\sto|you\sto|(?:task|goal)\sis\sto)\s)"
    command = rf"{lead}[\s\"'*#\d.)-]*(?:{words['commands'].pattern})"
    question = rf"(?:^|\band\s)[\s\"'*#\d.)-]*(?:{words['questions'].pattern})"
    return bool(
        words["asking"].search(sentence)
        or re.search(command, sentence, re.IGNORECASE)
        or re.search(question, sentence, re.IGNORECASE)
    )
