"""What a candidate must pass before a call is spent on it: pure rules, in the order in which a person would look.

The dangers are those of arXiv 2406.00770 and its code: markers that drift, methods that grow, the example at hand
written into the method, and a candidate that is the incumbent again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from rapidfuzz import fuzz

from ...agents.clauses import MOST_ADDED_CLAUSES, MOST_ADDED_WORDS, breaches, whole_breaches, word_count
from ...agents.method import WHOLE, Method, Operator
from ...agents.refiner import most_merged

__all__ = ["COPIED_CHARACTERS", "COPIED_WORDS", "SAME_AT", "alike", "copied", "growth", "problems", "shape_problems"]

COPIED_WORDS = 8  # as many words in a row from one text of the data are a copy
COPIED_CHARACTERS = 12  # the same for Chinese characters
SAME_AT = 97.0  # rapidfuzz ratio (0 to 100, by insertions and deletions) from which two methods are one

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[^\W_]+")


def problems(
    method: Method, *, incumbent: Method, others: Sequence[Method], data: Sequence[str],
    tried: Mapping[int, Sequence[Method]] = MappingProxyType({}), operator: Operator = "bold",
    parents: Sequence[Method] = (),
) -> tuple[str, ...]:  # fmt: skip
    """Why a proposed method is not tried; empty where it may be.

    Args:
        method: the proposal.
        incumbent: the method that it is to beat.
        others: proposals of the same step that already passed.
        data: texts that a method must not carry: those of the batch and of dev.
        tried: methods of earlier races, by step from 0.
        operator: how it was made.
        parents: what it was made from; the incumbent where nothing is said.

    Returns:
        One phrase for each reason: size, growth, foreign matter, another language, a copy of data, a near-copy of a
        method.
    """
    parents = parents or (incumbent,)
    found = [*shape_problems(method), *growth(method, operator, parents)]
    if method.clauses and _in_chinese(method) != _in_chinese(incumbent):
        found.append(f"it is not written in the language of the method it came from ({incumbent.language})")
    if run := copied(method, parents, data):
        found.append(f"it copies from the data: {run!r}")
    if alike(method, incumbent):
        found.append("it says the same as the incumbent")
    # A little different from what was tried may be better; the same again is not.
    elif before := [step for step, methods in tried.items() if _plain(method) in map(_plain, methods)]:
        found.append(f"step {before[0] + 1} tried it already")
    if any(alike(method, other) for other in others):
        found.append("it says the same as another candidate")
    return tuple(found)


def shape_problems(method: Method) -> tuple[str, ...]:
    """What breaks the form of a method: of clauses, or of a free text, which need only be there and have a size."""
    if method.control == WHOLE:
        return whole_breaches("\n".join(method.clauses))
    found = breaches(method.clauses)
    if any("\n" in clause or not clause.strip() for clause in method.clauses):
        return (*found, "a clause is empty or goes over several lines")
    return found


def growth(method: Method, operator: Operator, parents: Sequence[Method]) -> list[str]:
    """What makes the method longer than its operator may; the refiner is told the same limits beforehand."""
    parent, clauses = parents[0], method.clauses
    if operator == "merge" and len(parents) > 1:
        most = most_merged(parents[0], parents[1])
        found = [f"it has {len(clauses)} clauses, a merge of these two may have {most}"] if len(clauses) > most else []
        alone = any(set(clauses) <= set(one.clauses) for one in parents)
        return [*found, "it takes nothing from one of the two methods"] if alone else found
    if operator != "small":
        return []
    grown = (
        (len(clauses) - len(parent.clauses), MOST_ADDED_CLAUSES, "clauses"),
        (sum(map(word_count, clauses)) - sum(map(word_count, parent.clauses)), MOST_ADDED_WORDS, "words"),
    )
    return [f"it adds {by} {what}, at most {most} may be added" for by, most, what in grown if by > most]


def _in_chinese(method: Method) -> bool:
    """Whether Chinese carries the text; a quoted term in the other script changes nothing."""
    text = " ".join(method.clauses)
    han = len(_HAN.findall(text))
    return han > len(_WORD.findall(_HAN.sub(" ", text)))


def copied(method: Method, parents: Sequence[Method], data: Sequence[str]) -> str:
    """The first run of words that the method shares with a text of the data, and none of its parents did."""
    runs = {run for clause in method.clauses for run in _runs(clause)}
    runs -= {run for parent in parents for clause in parent.clauses for run in _runs(clause)}
    return next((run for text in data for run in _runs(text) if run in runs), "") if runs else ""


def _runs(text: str) -> Iterator[str]:
    words = _WORD.findall(_HAN.sub(" ", text).casefold())
    for at in range(len(words) - COPIED_WORDS + 1):
        yield " ".join(words[at : at + COPIED_WORDS])
    han = "".join(_HAN.findall(text))
    for at in range(len(han) - COPIED_CHARACTERS + 1):
        yield han[at : at + COPIED_CHARACTERS]


def alike(one: Method, other: Method) -> bool:
    """Whether two methods say nearly the same."""
    return fuzz.ratio(_plain(one), _plain(other)) >= SAME_AT


def _plain(method: Method) -> str:
    return " ".join(" ".join(method.clauses).casefold().split())
