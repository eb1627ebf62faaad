"""Marks that are one digit: as they were written, and as what is expected of them by their log-probabilities.

Deita (arXiv 2312.15685, section 2.2; the authors' scorer) takes the sum of mark times probability over the marks there
are. It breaks the ties that whole marks are full of.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

from .gateway.outcomes import Answer, Likely

__all__ = ["DIGITS", "expected_digit", "last_digit"]

DIGITS = range(1, 7)
"""The marks there are, 1 to 6."""
_NO_MORE = r"(?!\d|[./]\d|\s*(?:[,、–-]|or\b|to\b|或|到)\s*\d)"  # 12, 3/6, and the choice as it was offered
_LEAST = 0.5  # probability that some mark stands there at all; with less the place is none of a mark


def last_digit(text: str, before: str) -> tuple[int, int] | None:
    """The mark behind the last place that `before` (a pattern) finds, and where in the text it stands.

    None where nothing stands there, or what is no mark: 7, 3.5, 12.
    """
    found = list(re.finditer(rf"(?:{before})([1-6])(?:\.0+)?{_NO_MORE}", text, re.IGNORECASE))
    return (int(found[-1][1]), found[-1].start(1)) if found else None


def expected_digit(answer: Answer, at: int) -> float | None:
    """What is expected of a mark at a place of an answer's text: its marks weighted by how likely each was.

    Args:
        answer: with `likely`, where the endpoint gave it.
        at: where in its text the mark stands.

    Returns:
        a number from 1 to 6; None where nothing is known of the place, or a mark is less than an even bet there.
    """
    whole = "".join(place.token for place in answer.likely)
    # A trace may stand before the text.
    start = whole.rfind(answer.text)
    if not answer.text or start < 0:
        return None
    left = start + at
    for place in answer.likely:
        if left < len(place.token):
            return _expected(place, place.token[:left], place.token[left + 1 :])
        left -= len(place.token)
    return None


def _expected(place: Likely, before: str, after: str) -> float | None:
    """Of the tokens that could stand there, those that are a mark in the same frame, or alone."""
    shares = dict.fromkeys(DIGITS, 0.0)
    for digit, logprob in _marks(place.others, {(before, after), ("", ""), (" ", "")}):
        shares[digit] += math.exp(logprob)
    total = sum(shares.values())
    if total < _LEAST:
        return None
    return sum(digit * share for digit, share in shares.items()) / total


def _marks(others: Iterable[tuple[str, float]], frames: set[tuple[str, str]]) -> Iterable[tuple[int, float]]:
    by_token = {f"{before}{digit}{after}": digit for before, after in frames for digit in DIGITS}
    return ((by_token[token], logprob) for token, logprob in dict(others).items() if token in by_token)
