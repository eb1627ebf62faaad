"""Deita's choice: the best rows first, without those that are too much like one that is already chosen.

Deita, arXiv 2312.15685, section 2.4; the rule as the authors' code has it: a row is refused where its cosine
*similarity* to any accepted row is above 0.9. (Another library's filter of that name asks for a distance of 0.9 to the
nearest of all rows, which hardly any row has.)
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import numpy as np
import numpy.typing as npt
from anyio import to_thread
from pydantic import JsonValue

from ...agents.gateway.errors import UsageError
from ..recipes.book import prices_of
from ..record.curating.deita import DeitaSettings
from ..record.run import Run
from .alike import met_in_order
from .choice import Choice, Why
from .grading.course import Grades, grade
from .paths import refuse_unsaid
from .rows import CurateRow, Rows, number_of
from .vectors import RowVectors, vectors_of

__all__ = ["ScoreFirst", "deita", "refuse_unscored", "score_first", "score_of"]

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ScoreFirst:
    """A choice.

    Args:
        order: accepted rows, the best first.
        twins: refused rows, each with the accepted row that is most like it and their similarity.
        looked_at: how many rows were looked at before there were enough; those behind them are in neither.
    """

    order: tuple[int, ...]
    twins: Mapping[int, tuple[int, float]]
    looked_at: int


async def deita(run: Run, part: DeitaSettings, place: str, rows: Rows) -> Choice:
    """Keep the best rows that are not too much alike. The same for any order of the rows; a larger budget keeps all of
    a smaller one.

    Where no figures are named the judge marks the rows first (sections 2.2 and 2.3; `grading`).

    Raises:
        SessionStopped: budget, key, quota or outage.
        UsageError: no row has the scores, or none that has them a vector.
    """
    paths = part.scores or tuple(f"provenance.curated.deita.{measure}" for measure in part.measures)
    scores = {row.index: score for row in rows if (score := score_of(row, paths)) is not None}
    grades = Grades({})
    if not part.scores:
        grades = await grade(run, part, place, rows, set(range(len(rows))) - scores.keys())
        scores |= {index: score for index, graded in grades.rows.items() if (score := graded.score) is not None}
    if not scores:
        raise _no_scores(part, grades)
    found = await vectors_of(run, part, place, rows, scores)
    ranking = list(range(len(found.index)))
    # Places are in the order of the ids, and sorting keeps it among equals.
    ranking.sort(key=lambda at: -scores[int(found.index[at])])
    count = part.budget(len(rows))
    chosen = await to_thread.run_sync(partial(score_first, found.matrix, ranking, count, part.threshold))
    return _with_marks(_choice(part, rows, found, scores, ranking, chosen), grades)


def refuse_unscored(paths: Sequence[str], rows: Rows) -> None:
    """Refuse figures that no row has, as a number or as one a turn.

    Raises:
        UsageError: no row has one of them.
    """
    wanted = dict.fromkeys(paths)
    for row in rows:
        wanted = {path: None for path in wanted if score_of(row, [path]) is None}
        if not wanted:
            return
    refuse_unsaid(rows, "deita", figures=wanted)


def _no_scores(part: DeitaSettings, grades: Grades) -> UsageError:
    if part.scores:
        return UsageError(
            f"No row has the figures {' and '.join(part.scores)}, by which deita chooses.",
            fix="Name others with `scores`, or let the judge mark the rows (docs/asking.md#deita).",
        )
    faults = Counter(fault for graded in grades.rows.values() for fault in graded.faults)
    often = ", ".join(f"{fault} ({count:,} times)" for fault, count in faults.most_common(3)) or "there are none"
    return UsageError(f"No row could be marked: {often}.", fix="Name a more able model for the role judge.")


def _with_marks(choice: Choice, grades: Grades) -> Choice:
    """The choice with the marks of each row, also of those that are dropped, and what they cost."""
    if not grades.rows:
        return choice
    why: dict[int, Why] = {}
    for index, reason in choice.why.items():
        graded = grades.rows.get(index)
        if graded is None:
            why[index] = reason
            continue
        notes = {name: value for name, value in graded.notes().items() if name != "models"}
        detail = "; ".join(graded.faults) if reason.reason == "no-score" and graded.faults else reason.detail
        why[index] = Why(reason.reason, detail, {**reason.notes, **notes})
    notes_of_rows = {
        index: {**notes, **(grades.rows[index].notes() if index in grades.rows else {})}
        for index, notes in choice.notes.items()
    }
    figures = {**choice.figures, "grading": grades.figures}
    prices = prices_of(call for graded in grades.rows.values() for call in graded.calls)
    lines = (*grades.lines, *choice.lines)
    return replace(choice, why=why, notes=notes_of_rows, figures=figures, lines=lines, prices=prices)


def score_of(row: CurateRow, paths: Sequence[str]) -> float | None:
    """The figures of a row multiplied turn by turn, the turns added; None where one is missing or they do not fit."""
    turns: list[float] | None = None
    for path in paths:
        said = row.value(path)
        values = cast("list[object]", said) if isinstance(said, list) else [said]
        numbers = [number for value in values if (number := number_of(value)) is not None]
        if len(numbers) != len(values) or not numbers or (turns is not None and len(turns) != len(numbers)):
            return None
        turns = numbers if turns is None else [a * b for a, b in zip(turns, numbers, strict=True)]
    total = sum(turns or ())
    return total if np.isfinite(total) else None


def _choice(
    part: DeitaSettings, rows: Rows, found: RowVectors, scores: Mapping[int, float], ranking: Sequence[int],
    chosen: ScoreFirst,
) -> Choice:  # fmt: skip
    ids = {row.index: row.seed.id for row in rows}
    order = found.rows(chosen.order)
    why: dict[int, Why] = {index: Why("no-score", "it lacks a figure") for index in ids if index not in scores}
    why |= found.missing
    for at, (twin, similarity) in chosen.twins.items():
        name = ids[int(found.index[twin])]
        notes: dict[str, JsonValue] = {"twin": name, "similarity": round(similarity, 4)}
        why[int(found.index[at])] = Why("too-similar", f"too much like {name}, which is chosen", notes)
    for rank, at in enumerate(ranking[chosen.looked_at :], chosen.looked_at + 1):
        why[int(found.index[at])] = Why("not-selected", "there were enough better ones", {"rank": rank})
    kept = [scores[index] for index in order]
    similar = np.array([similarity for _, similarity in chosen.twins.values()] or [0.0])
    figures: dict[str, JsonValue] = {
        **found.figures, "looked_at": chosen.looked_at, "too_similar": len(chosen.twins),
        "score_mean": round(float(np.mean(list(scores.values()))), 4),
        "score_mean_kept": round(float(np.mean(kept)), 4), "score_least_kept": round(min(kept), 4),
        "similarities": [round(float(value), 4) for value in np.quantile(similar, (0, 0.25, 0.5, 0.75, 1))],
    }  # fmt: skip
    lines = (
        *found.lines,
        f"Looked at {chosen.looked_at:,} rows from the best one on, by {found.label}; {len(chosen.twins):,} were too"
        f" much like a better one (cosine above {part.threshold:g})",
    )
    marks = {index: {"score": round(scores[index], 6)} for index in order}
    return Choice(order, why, marks, figures, lines, vectors=found)


def score_first(vectors: Floats, ranking: Sequence[int], count: int, threshold: float = 0.9) -> ScoreFirst:
    """Go through rows from the best one and accept what is not too much like an accepted one.

    A larger count keeps all that a smaller one accepts. Memory is that of the accepted vectors.

    Args:
        vectors: (n, d), of about length 1; may be a memory map.
        ranking: rows, the best first, no row twice.
        count: accept at most so many.
        threshold: cosine similarity above which two rows are too much alike.
    """
    order: list[int] = []
    twins: dict[int, tuple[int, float]] = {}
    if count < 1:
        return ScoreFirst((), twins, 0)
    for looked_at, met in enumerate(met_in_order(vectors, ranking, math.nextafter(threshold, math.inf)), 1):
        if met.twin >= 0:
            twins[met.row] = (met.twin, met.cosine)
            continue
        order.append(met.row)
        if len(order) == count:
            return ScoreFirst(tuple(order), twins, looked_at)
    return ScoreFirst(tuple(order), twins, len(ranking))
