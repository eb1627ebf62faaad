"""What a candidate must pass before a call is spent on it: pure rules, in the order in which a person would look.

The dangers are those of arXiv 2406.00770 and its code: markers that drift, methods that grow, the example at hand
written into the method, and a candidate that is the incumbent again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz

from ...agents.clauses import breaches
from ...agents.method import Method

__all__ = ["COPIED_CHARACTERS", "COPIED_WORDS", "SAME_AT", "problems"]

COPIED_WORDS = 8  # as many words in a row from one text of the data are a copy
COPIED_CHARACTERS = 12  # the same for Chinese characters
SAME_AT = 97.0  # rapidfuzz ratio (0 to 100, by insertions and deletions) from which two methods are one

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[^\W_]+")


def problems(method: Method, *, incumbent: Method, others: Sequence[Method], data: Sequence[str]) -> tuple[str, ...]:
    """Why a proposed method is not tried; empty where it may be.

    Args:
        method: the proposal.
        incumbent: the method that it was made from.
        others: proposals of the same turn that already passed.
        data: texts that a method must not carry: those of the batch and of dev.

    Returns:
        One phrase for each reason: size, foreign matter, another language, a copy of data, a near-copy of a method.
    """
    found = list(breaches(method.clauses))
    if any("\n" in clause or not clause.strip() for clause in method.clauses):
        found.append("a clause is empty or goes over several lines")
    if method.clauses and _in_chinese(method) != _in_chinese(incumbent):
        found.append(f"it is not written in the language of the method it came from ({incumbent.language})")
    copied = _copied(method, incumbent, data)
    if copied:
        found.append(f"it copies from the data: {copied!r}")
    if _alike(method, incumbent):
        found.append("it says the same as the incumbent")
    if any(_alike(method, other) for other in others):
        found.append("it says the same as another candidate")
    return tuple(found)


def _in_chinese(method: Method) -> bool:
    """Whether Chinese carries the text; a quoted term in the other script changes nothing."""
    text = " ".join(method.clauses)
    han = len(_HAN.findall(text))
    return han > len(_WORD.findall(_HAN.sub(" ", text)))


def _copied(method: Method, incumbent: Method, data: Sequence[str]) -> str:
    """The first run of words that the method shares with a text of the data, and the incumbent did not."""
    runs = {run for clause in method.clauses for run in _runs(clause)}
    runs -= {run for clause in incumbent.clauses for run in _runs(clause)}
    return next((run for text in data for run in _runs(text) if run in runs), "") if runs else ""


def _runs(text: str) -> Iterator[str]:
    words = _WORD.findall(_HAN.sub(" ", text).casefold())
    for at in range(len(words) - COPIED_WORDS + 1):
        yield " ".join(words[at : at + COPIED_WORDS])
    han = "".join(_HAN.findall(text))
    for at in range(len(han) - COPIED_CHARACTERS + 1):
        yield han[at : at + COPIED_CHARACTERS]


def _alike(one: Method, other: Method) -> bool:
    return fuzz.ratio(_plain(one), _plain(other)) >= SAME_AT


def _plain(method: Method) -> str:
    return " ".join(" ".join(method.clauses).casefold().split())
