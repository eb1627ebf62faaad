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
# "3-5 sentences", "1939-1945": a dash between numbers is mostly no minus, unless something asks for a result.
_ASKS = re.compile(
    r"(?:\bwhat(?:['’]s| is| does)|\bhow much is|\b(?:compute|calculate|evaluate|solve|simplify|work out|find)"
    r"|\b(?:result|value|difference|answer) (?:of|to)|\binput:|计算|求)\s*:?\s*[$(]?\s*\Z",
    re.IGNORECASE,
)
_ASKED = re.compile(r"\s*\)?\s*(?:=|equals?\b|等于|是多少)")
# "Compute 3-5 statistics" asks for no difference.
_COUNTED = re.compile(
    r"[ \t]+(?!(?:and|by|equals?|for|in|mentally|please|showing|step|then|to|using|with(?:out)?)\b)[^\W\d_]"
)
_SIGNS = " \t\n.,;:?!$()=。？："
_NUMBER = re.compile(r"[-−]?\d[\d,]*(?:\.\d+)?")
_SAID = re.compile(r"=[\s$*]*([-−]?\d[\d,]*(?:\.\d+)?)(?![\d,.]*\s*[+*×/÷−-]\s*\d)")
_ENDS = re.compile(r"\d\W*\Z")
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
    """The one problem of two whole numbers that a text asks; None where there is none, or more than one.

    A dash without spaces is a minus only where something asks for a result: "what is", "compute", "=" and the like, or
    where the problem is the whole text.
    """
    found = {
        None if text[: each.start()].rstrip().endswith(tuple(_BEFORE))
        else Problem(_OPERATIONS[each[2]], int(each[1]), int(each[3]))
        for each in _PROBLEM.finditer(text) if _is_asked(each)
    }  # fmt: skip
    return found.pop() if len(found) == 1 else None


def _is_asked(found: re.Match[str]) -> bool:
    if found[2] != "-" or " - " in found[0]:
        return True
    before, after = found.string[: found.start()], found.string[found.end() :]
    alone = not before.strip(_SIGNS) and not after.strip(_SIGNS)
    asks = _ASKS.search(before) is not None and _COUNTED.match(after) is None
    return alone or asks or _ASKED.match(after) is not None


def result_in(text: str, form: ArithmeticForm | None = None) -> int | None:
    """The number that an answer comes to, as the form writes it; None where there is none, or a fraction.

    Without a form: what stands behind the last `=` of the last line, or the number that the line ends with. Where it
    does neither, it may speak of something else ("tell me if you want 2 more"): then the last `= number` before it
    counts, then the last line that ends with a number, and only then any number in the last line.
    """
    lines = text.strip().splitlines() or [""]
    last = lines[-1]
    if form == "reverse":
        last = last.strip("$ .")[::-1]
    elif form == "detailed":
        last = last.replace(" ", "")
    elif form is None:
        last = _said_in(lines)
    numbers = _NUMBER.findall(last)
    said = re.sub(r"[\s,]", "", numbers[-1]).replace("−", "-") if numbers else ""
    return int(said.partition(".")[0]) if re.fullmatch(r"-?\d+(?:\.0+)?", said) else None


def _said_in(lines: list[str]) -> str:
    """The part of an answer in words that ends with its result."""
    last, ends = lines[-1], [line for line in lines if _ENDS.search(line)]
    equal = _SAID.findall(last) or (
        [] if _ENDS.search(last) else [each for line in lines for each in _SAID.findall(line)]
    )
    if equal:
        return str(equal[-1])
    return ends[-1] if ends else last


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
