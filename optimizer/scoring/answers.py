"""The final answer of a response, where it can be told: its words, or a number as a value, or a short text."""

from __future__ import annotations

import re
from fractions import Fraction

from .quantities import plain
from .texts import clean, numbers_of, sentences, tokens
from .words import word_lists

__all__ = ["answer_span", "final_answer"]

_HASHES = re.compile(r"####\s?([^\n]{1,120})\s*\Z")
_BOXED = re.compile(r"\\boxed\s?\{")
_LABEL = re.compile(
    r"(?:\A|\n)[#*>\s-]*(?:(?:the )?(?:final |correct )?answer|最终答案|答案|答)\s?[*]*\s?[:：][*]*", re.IGNORECASE
)
_AMOUNT = re.compile(
    r"[-−]?(?:[$£€¥]\s?)?-?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?(?:\s?/\s?[0-9]+)?(?:\s?%)?"
)
_LONGEST_SPAN = 400  # characters
_SHORT_WORDS, _SHORT_CHARACTERS = 6, 20
_LEAST_LETTERS = 3


def final_answer(response: str, language: str) -> Fraction | str | None:
    """What a response comes to, as the detectors use it.

    Looked for as `#### n` at its end (GSM8K), the last `\\boxed{…}`, the last `the answer is …`, or the whole response
    where it is short.

    Returns:
        A number's value (without its sign, as numbers in texts are found) where the answer holds exactly one number and
        at most a unit, else its text in lower case, cleaned; None where no answer can be told or it is too short to be
        recognised (under three letters).
    """
    span = answer_span(response, language)
    if span is None:
        return None
    span = plain(span).strip(" .。!*\"'$`")
    values = numbers_of(span, language).digits
    if len(values) == 1 and len(tokens(span)) <= _SHORT_WORDS:
        return next(iter(values))
    words = tokens(span)
    wordless = any(ord(sign) > 0x2E80 for sign in span)
    if not words or len(words) > (_SHORT_CHARACTERS if wordless else _SHORT_WORDS):
        return None
    return span.casefold() if len(span) >= (2 if wordless else _LEAST_LETTERS) else None


def answer_span(response: str, language: str, *, conclude: bool = False) -> str | None:
    """The words of the final answer, as they stand, or None.

    Args:
        conclude: take the number of the last sentence, too, where that begins as a conclusion (`so`, `therefore`) or
            ends in an equation, and no other number can be meant. For comparing answers; too weak for a finding.
    """
    text = clean(response)
    span = _marked(text, language)
    if span is None and "\n" not in text and (not conclude or len(sentences(text)) <= 1):
        span = text
    if span is None and conclude:
        span = _concluded(text, language)
    return span.strip() or None if span is not None else None


def _marked(text: str, language: str) -> str | None:
    """After a mark of a final answer."""
    hashes = _HASHES.search(text)
    if hashes:
        return hashes[1]
    boxed = [_braced(text, match.end()) for match in _BOXED.finditer(text)]
    if boxed and boxed[-1]:
        return boxed[-1]
    hits = [hit.end() for words in word_lists(language) for hit in words["final_answer"].finditer(text)]
    hits += [hit.end() for hit in _LABEL.finditer(text)]
    if not hits:
        return None
    rest = text[max(hits) :].strip().lstrip("*:： \n")
    return re.split(r"\n|[.。](?:\s|\Z)", rest, maxsplit=1)[0]


def _braced(text: str, start: int) -> str:
    """What stands up to the bracket that closes the one before `start`; empty where none does."""
    depth = 1
    for at in range(start, min(len(text), start + _LONGEST_SPAN)):
        depth += (text[at] == "{") - (text[at] == "}")
        if depth == 0:
            return text[start:at]
    return ""


def _concluded(text: str, language: str) -> str | None:
    """The one number of the last sentence."""
    lines = [line for line in text.split("\n") if line.strip(" *_`-")]
    parts = sentences(lines[-1]) if lines else []
    if not parts:
        return None
    last = parts[-1].strip(" *_`")
    concludes = any(words["conclusions"].match(last) for words in word_lists(language))
    equation = last.rpartition("=")[2] if "=" in last else ""
    if not concludes and not equation:
        return None
    found = {amount[0].strip() for amount in _AMOUNT.finditer(equation or last)}
    return next(iter(found)) if len(found) == 1 else None
