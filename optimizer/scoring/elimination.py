"""The elimination rules of Evol-Instruct that need no model (WizardLM, arXiv 2304.12244, section 3.3).

An evolution is dropped where the response to it is short and says "sorry", holds nothing but punctuation and stop
words, or where the new text copies words of the prompt that it was made by. The fourth rule, no gain of information,
is a model's to tell.
"""

from __future__ import annotations

import re

from .texts import clean, quote, tokens, units
from .words import word_lists

__all__ = ["prompt_words", "says_nothing", "sorry"]

_SHORT = 80  # words, as published; characters where a language has no spaces
_COPIED = 9  # words in a row that no text shares with an operation by chance
_COPIED_HAN = 14
_SORRY = re.compile(r"\bsorry\b|抱歉|对不起", re.IGNORECASE)
# As the published prompts name their parts, and as models echo them, with the frame that ours have.
_PHRASES = re.compile(
    r"#+\s*(?:the\s+)?(?:given|rewritten|created|new)\s+prompts?\s*#*"
    r"|\b(?:the\s+)?(?:given|rewritten|created)\s+prompts?\b"
    r"|\bevolved (?:prompt|instruction|text)\b|<<<\s?TEXT\b|\bTEXT [0-9a-f]{8}|</?new_text\b"
    r"|改写后的(?:指令|提示)|给定的提示",
    re.IGNORECASE,
)
_HAN = re.compile(r"[\u4e00-\u9fff]")


def sorry(response: str) -> str:
    """The word with which a response of fewer than 80 words excuses itself; empty where it does not."""
    found = _SORRY.search(response)
    return quote(response) if found and units(response) < _SHORT else ""


def says_nothing(response: str, language: str) -> bool:
    """Whether a response holds nothing but punctuation and stop words. Digits say something."""
    lists = word_lists(language)
    return all(not word[0].isalnum() or any(word in words.stop for words in lists) for word in tokens(response))


def prompt_words(before: str, after: str, told: str) -> str:
    """What the new text copies from the prompt that it was made by, and its parent does not have; empty for nothing.

    Args:
        before, after: the parent and the new text.
        told: the operation, as the evolver was told it.
    """
    known = clean(before).casefold()
    for found in _PHRASES.finditer(clean(after)):
        if found[0].casefold() not in known:
            return quote(found[0])
    old, new, prompt = tokens(before), tokens(after), tokens(told)
    size = _COPIED_HAN if _HAN.search(told) else _COPIED
    of_prompt = {tuple(prompt[at : at + size]) for at in range(len(prompt) - size + 1)}
    of_prompt -= {tuple(old[at : at + size]) for at in range(len(old) - size + 1)}
    for at in range(len(new) - size + 1):
        if tuple(new[at : at + size]) in of_prompt:
            return quote(" ".join(new[at : at + size]))
    return ""
