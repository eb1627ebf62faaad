"""Rules on what is asked: a seed that asks something must not evolve into a text that asks nothing."""

from __future__ import annotations

import re

from ...agents.messages import Finding
from .pair import Pair
from .texts import clean, quote, sentences
from .words import Words, word_lists

__all__ = ["lost_question"]


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
