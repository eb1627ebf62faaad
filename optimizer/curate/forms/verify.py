"""The selector `arithmetic-check`: every answer to a problem of two whole numbers is worked out again."""

from __future__ import annotations

from collections import Counter
from typing import get_args

from ...record.curating.arithmetic_check import ArithmeticCheckSettings
from ...record.run import Run
from ..choice import Choice, Why
from ..rows import CurateRow, Rows
from .arithmetic import ArithmeticForm, Wording
from .checking import Checked, check_answer, problem_in
from .problems import Operation, Problem

__all__ = ["arithmetic_check"]


async def arithmetic_check(run: Run, part: ArithmeticCheckSettings, place: str, rows: Rows) -> Choice:
    """Keep right answers, in the order of the rows; each row is judged by itself, so their order does not matter.

    The problem is the one in the instruction. In the form that the recipe `arithmetic` has noted an answer may be
    backwards or have spaces between its digits; an answer to a changed instruction is read as any text.
    """
    del run, place
    kept: list[int] = []
    why: dict[int, Why] = {}
    counts: Counter[str] = Counter()
    for row in rows:
        problem = problem_in(row.seed.instruction.text)
        if problem is None:
            counts["no-problem"] += 1
            if part.others == "keep":
                kept.append(row.index)
            else:
                why[row.index] = Why("no-problem", "there is no problem of two whole numbers, or more than one")
            continue
        found = _checked(row, problem, part)
        counts[found.verdict] += 1
        if found.verdict == "right":
            kept.append(row.index)
        else:
            why[row.index] = Why(found.verdict, _detail(found, problem), {"line": found.line, "said": found.result})
    told = ", ".join(f"{verdict} {count:,}" for verdict, count in sorted(counts.items())) or "no row"
    return Choice(kept, why, figures={"verdicts": dict(counts)}, lines=[f"Worked out again: {told}."])


def _checked(row: CurateRow, problem: Problem, part: ArithmeticCheckSettings) -> Checked:
    form, wording = row.value("provenance.form"), row.value("provenance.wording")
    noted = (row.value("provenance.operation"), row.value("provenance.a"), row.value("provenance.b"))
    text = row.seed.response or ""
    own = noted == (problem.operation, problem.a, problem.b) and form in get_args(ArithmeticForm)
    if not own or noted[0] not in get_args(Operation) or wording not in get_args(Wording):
        return check_answer(problem, text)
    found = check_answer(problem, text, form, wording)
    return Checked("right", found.result) if part.check == "result" and found.verdict == "wrong-step" else found


def _detail(found: Checked, problem: Problem) -> str:
    if found.verdict == "wrong-step":
        return f"line {found.line} is not as it must be"
    said = "has no result" if found.result is None else f"says {found.result}"
    return f"{said}; {problem.a} {problem.sign} {problem.b} is {problem.result}"
