"""Do several answers to one instruction agree, and is an answer the one that is known to be right?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...agents.messages import Finding
from .answers import answer_span
from .equivalence import same_answer
from .quantities import quantity_of
from .texts import clean, numbers_of, quote, tokens

__all__ = ["Agreement", "agreement", "agreement_finding", "gold_correct"]

_LONGEST_GOLD = 30  # words of a known answer that has no mark of a final answer


@dataclass(frozen=True, slots=True)
class Agreement:
    """How k answers agree.

    Args:
        groups: positions of the responses whose final answers are the same, the largest group first.
        share: size of the largest group over all responses that have a final answer; 0 where none has.
        answers: the final answer of each response; None where none can be told.
        comparable: whether this says anything: at least half of the responses (and two) have a final answer,
            and of any two groups it is known that they differ.
    """

    groups: tuple[tuple[int, ...], ...]
    share: float
    answers: tuple[str | None, ...]
    comparable: bool


def agreement(responses: Sequence[str], language: str) -> Agreement:
    """Group responses by their final answers.

    The order of responses does not change the groups, but where "the same" is not transitive (rounded numbers).
    """
    answers = tuple(answer_span(response, language, conclude=True) for response in responses)
    groups: list[list[int]] = []
    sure = True
    for place, answer in enumerate(answers):
        if answer is None:
            continue
        verdicts = [same_answer(answers[group[0]] or "", answer, language) for group in groups]
        if True in verdicts:
            groups[verdicts.index(True)].append(place)
        else:
            sure = sure and None not in verdicts
            groups.append([place])
    told = sum(len(group) for group in groups)
    ranked = sorted(groups, key=lambda group: (-len(group), group[0]))
    return Agreement(
        groups=tuple(tuple(group) for group in ranked),
        share=len(ranked[0]) / told if ranked else 0.0,
        answers=answers,
        comparable=sure and told >= 2 and 2 * told >= len(responses),
    )


def agreement_finding(found: Agreement, least: float = 0.5) -> Finding | None:
    """`no-agreement`: all answers differ, or the largest group has less than this share of them.

    None where the answers cannot be compared: free texts say nothing about a task by differing.
    """
    if not found.comparable or (found.share >= least and len(found.groups[0]) > 1):
        return None
    shown = " / ".join(quote(found.answers[group[0]] or "")[:40] for group in found.groups[:5])
    told = sum(len(group) for group in found.groups)
    return Finding("no-agreement", quote(f"{told} answers, {len(found.groups[0])} at most agree: {shown}"), "agreement")


def gold_correct(response: str, gold: str, language: str) -> bool | None:
    """Whether a response comes to the known answer.

    Args:
        gold: the known answer, or a whole known response with a final answer in it (`… #### 72`).

    Returns:
        None where no final answer can be told in one of them, but False where the known answer is a number that the
        response does not even hold.
    """
    known = answer_span(gold, language)
    if known is None and len(tokens(gold)) <= _LONGEST_GOLD:
        known = clean(gold)
    if not known:
        return None
    found = answer_span(response, language, conclude=True)
    if found is not None:
        return same_answer(found, known, language)
    amount = quantity_of(known, language)
    if amount is None or not clean(response):
        return None
    held = numbers_of(response, language)
    return None if abs(amount.value) in held.stated | held.loose else False
