"""The final answer of a response, where it can be told: a number as a value, or a short text."""

from __future__ import annotations

import re
from fractions import Fraction

from .texts import clean, numbers_of, tokens
from .words import word_lists

__all__ = ["final_answer"]

_HASHES = re.compile(r"####\s?([^\n]{1,120})\s*\Z")
_BOXED = re.compile(r"\\boxed\s?\{([^{}\n]{1,120})\}")
_SHORT_WORDS, _SHORT_CHARACTERS = 6, 20
_LEAST_LETTERS = 4


def final_answer(response: str, language: str) -> Fraction | str | None:
    """What a response comes to.

    Looked for as `#### n` at its end (GSM8K), the last `\\boxed{…}`, the last `the answer is …`, or the whole response
    where it is short.

    Returns:
        A number's value where the answer holds exactly one number and at most a unit, else its text in lower case,
        cleaned; None where no answer can be told or it is too short to be recognised (under four letters).
    """
    text = clean(response)
    span = _span(text, language)
    if span is None:
        return None
    span = span.strip(" .。!*\"'$`")
    values = numbers_of(span, language).digits
    if len(values) == 1 and len(tokens(span)) <= _SHORT_WORDS:
        return next(iter(values))
    words = tokens(span)
    wordless = any(ord(sign) > 0x2E80 for sign in span)
    if not words or len(words) > (_SHORT_CHARACTERS if wordless else _SHORT_WORDS):
        return None
    return span.casefold() if len(span) >= (2 if wordless else _LEAST_LETTERS) else None


def _span(text: str, language: str) -> str | None:
    marked = _HASHES.search(text)
    if marked:
        return marked[1]
    boxed = _BOXED.findall(text)
    if boxed:
        return str(boxed[-1])
    hits = [hit.end() for words in word_lists(language) for hit in words["final_answer"].finditer(text)]
    if hits:
        return re.split(r"\n|[.。](?:\s|\Z)", text[max(hits) :].strip(), maxsplit=1)[0]
    return text if "\n" not in text else None
