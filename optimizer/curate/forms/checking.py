"""Whether an answer to a problem of arithmetic is right: its result, and where the form is known every step."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .arithmetic import ArithmeticForm, Wording, answer
from .problems import Operation, Problem

__all__ = ["Checked", "check_answer", "problem_in", "result_in"]

_PROBLEM = re.compile(r"(?<![\w.,+\-*/])(\d{1,40})\s*([+\-*×−])\s*(\d{1,40})(?![\w*]|[.,]\d|\s*[+\-*×−/÷]\s*\d)")
_BEFORE = "+-*×−/÷"  # the problem is then a part of a longer one
_NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?")
_OPERATIONS: dict[str, Operation] = {
    "+": "add", "-": "subtract", "−": "subtract", "*": "multiply", "×": "multiply"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found.

    Args:
        verdict: `right`, `wrong-step` (the result is right, a line before it is not), `wrong-result` or `no-result`.
        result: that was read; None where there is none.
        line: the first line that is not as it must be, from 1; 0 where nothing is wrong or only the result was read.
    """

    verdict: Literal["right", "wrong-step", "wrong-result", "no-result"]
    result: int | None = None
    line: int = 0


def problem_in(text: str) -> Problem | None:
    """The one problem of two whole numbers that a text asks; None where there is none, or more than one."""
    found = {
        None if text[: each.start()].rstrip().endswith(tuple(_BEFORE))
        else Problem(_OPERATIONS[each[2]], int(each[1]), int(each[3]))
        for each in _PROBLEM.finditer(text)
    }  # fmt: skip
    return found.pop() if len(found) == 1 else None


def result_in(text: str, form: ArithmeticForm | None = None) -> int | None:
    """The number that an answer ends with, as the form writes it; None where there is none, or a fraction."""
    last = text.strip().splitlines()[-1] if text.strip() else ""
    if form == "reverse":
        last = last.strip("$ .")[::-1]
    elif form == "detailed":
        last = last.replace(" ", "")
    numbers = _NUMBER.findall(last)
    said = re.sub(r"[\s,]", "", numbers[-1]).replace("−", "-") if numbers else ""
    return int(said) if re.fullmatch(r"-?\d+", said) else None


def check_answer(
    problem: Problem, text: str, form: ArithmeticForm | None = None, wording: Wording = "words"
) -> Checked:
    """Hold an answer against the problem.

    Args:
        problem: what was asked.
        text: the answer.
        form: in which it must be written; None reads the last number of any text.
        wording: of the form.
    """
    result = result_in(text, form)
    right = answer(problem, form, wording).splitlines() if form else []
    line = next((number for number, pair in enumerate(_pairs(text, right), 1) if pair[0] != pair[1]), 0) if form else 0
    if result is None:
        return Checked("no-result", None, line)
    if result != problem.result:
        return Checked("wrong-result", result, line)
    return Checked("wrong-step" if line else "right", result, line)


def _pairs(text: str, right: list[str]) -> list[tuple[str | None, str | None]]:
    said = [line.rstrip() for line in text.strip().splitlines()]
    size = max(len(said), len(right))
    return [
        (said[place] if place < len(said) else None, right[place] if place < len(right) else None)
        for place in range(size)
    ]
