"""The recipe `arithmetic`: problems and exact answers, without a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from anyio.to_thread import run_sync
from pydantic import JsonValue

from ...agents.gateway.errors import UsageError
from ..curate.forms.arithmetic import ArithmeticForm, answer, question
from ..curate.forms.problems import Problem, carries_of, draw_problems, kinds_of
from ..dataset.rows import DataRow, Provenance
from ..dataset.seed import Seed
from ..record.making.arithmetic import ArithmeticSettings
from ..record.run import Run
from .book import Book, Made

__all__ = ["arithmetic"]


async def arithmetic(run: Run, part: ArithmeticSettings, place: str, rows: Iterable[Seed]) -> Made:
    """Make the problems and write them with their answers.

    Raises:
        UsageError: there are rows already.
    """
    if next(iter(rows), None) is not None:
        raise UsageError("arithmetic makes rows from nothing, and here are some.", fix="Put it first, without SEEDS.")
    kinds = kinds_of(part.operations, part.shares, part.times_digits, part.balance)
    problems, counts = await run_sync(  # millions of problems take seconds, and the run must hear a stop meanwhile
        lambda: draw_problems(kinds, part.count, run.settings.run_seed, place, negative=part.negative)
    )
    tick = run.phase(None, place, len(problems))
    with Book(run, place) as book:
        used: Counter[str] = Counter()
        for number, problem in enumerate(problems):
            form = part.forms[number % len(part.forms)]
            used[form] += 1
            book.keep(_row(number + 1, problem, form, part))
            tick()
        for operation in part.operations:
            own = {label.partition(" ")[2]: count for label, count in counts.items() if label.startswith(operation)}
            book.lines.append(f"  {operation} " + "; ".join(f"{label}: {count:,}" for label, count in own.items()))
        book.lines.append("  forms: " + ", ".join(f"{form} {count:,}" for form, count in used.items()))
        if len(problems) < part.count:
            book.lines.append(f"  There are no more different problems of these kinds: {part.count:,} were wanted.")
        return book.made


def _row(number: int, problem: Problem, form: ArithmeticForm, part: ArithmeticSettings) -> DataRow:
    name = f"arithmetic-{number:06d}"
    notes: dict[str, JsonValue] = {
        "operation": problem.operation, "a": problem.a, "b": problem.b, "result": problem.result, "form": form,
        "wording": part.wording, "digits": problem.digits, "carries": carries_of(problem),
    }  # fmt: skip
    came = Provenance(name, cost=0.0, recipe=part.recipe, notes=notes)
    return DataRow(name, question(problem, form, part.wording), answer(problem, form, part.wording), came)
