"""Facility location: the rows that together stand best for all of them (Superfiltering.D).

Superfiltering, arXiv 2402.00530, section 3.3: first the rows of the highest IFD, then of these the set that maximises
the sum over all rows of the similarity with the nearest chosen one. The function is submodular, so that the greedy
choice is within 1 - 1/e of the best one and its gains never grow; a gain that was worked out earlier bounds the one of
now (lazy greedy: Minoux, 1978), and most rows need not be looked at again.

The matrix of all similarities is never there: similarities are made in blocks of columns when they are needed.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
from anyio import to_thread
from pydantic import JsonValue

from ...agents.gateway.errors import UsageError
from ..record.curating.facility import FacilitySettings
from ..record.run import Run
from .choice import Choice, Why, first_of
from .rows import Rows
from .vectors import vectors_of

__all__ = ["Facilities", "Likeness", "facility", "facility_location", "first_stage"]

Floats = npt.NDArray[np.float32]
Likeness = Literal["cosine", "euclidean"]
"""`cosine`, of which what is below 0 counts as 0; `euclidean`: exp(-distance / d), as the authors' library makes a
similarity of a distance between vectors of d numbers (worked with as that less 1, which loses no digits)."""
_BLOCK = 2048
_AGAIN = 32


@dataclass(frozen=True, slots=True)
class Facilities:
    """A choice.

    Args:
        order: rows in the order of choosing.
        gains: by chosen row, what it added to the sum over all rows; never more than the one before it.
        evaluations: how many gains were worked out; without the lazy bound they would be n a chosen row.
    """

    order: tuple[int, ...]
    gains: tuple[float, ...]
    evaluations: int


async def facility(run: Run, part: FacilitySettings, place: str, rows: Rows) -> Choice:
    """Keep the rows that stand best for all. The same for any order of the rows; a larger budget keeps all of a smaller
    one.

    Raises:
        SessionStopped: budget, key, quota or outage.
        UsageError: no row has the figure of the first stage or meets its bound, or none has a vector.
    """
    why = first_stage(part, rows)
    found = await vectors_of(run, part, place, rows, set(range(len(rows))) - why.keys())
    why |= found.missing
    count = part.budget(len(rows))
    chosen = await to_thread.run_sync(partial(facility_location, found.matrix, count, part.likeness))
    order = found.rows(chosen.order)
    taken = set(order)
    rest = [int(index) for index in found.index if int(index) not in taken]
    why |= {index: Why("not-selected", "others stand for it") for index in rest}
    order, why = first_of(order, count, why)
    figures: dict[str, JsonValue] = {
        **found.figures, "first_stage": len(found.index), "gains": [round(gain, 6) for gain in chosen.gains],
        "evaluations": chosen.evaluations,
    }  # fmt: skip
    line = f"{len(order):,} of {len(found.index):,} rows stand for them all, by {found.label}"
    return Choice(order, why, {}, figures, (*found.lines, line), vectors=found)


def first_stage(part: FacilitySettings, rows: Rows) -> dict[int, Why]:
    """Why rows do not come into the second stage.

    Raises:
        UsageError: no row has the figure, or none meets its bound.
    """
    if not part.score:
        return {}
    scores = [(row.number(part.score), row.seed.id, row.index) for row in rows]
    why = {index: Why("no-score", f"it has no {part.score}") for score, _, index in scores if score is None}
    if len(why) == len(scores):
        raise UsageError(
            f"No row has the figure {part.score}, by which facility begins.",
            fix='Let the recipe ifd come before it, name another with `score`, or leave the stage out with score = "".',
        )
    known = [(score, name, index) for score, name, index in scores if score is not None and np.isfinite(score)]
    why |= {
        index: Why("no-score", "its figure is none") for s, _, index in scores if s is not None and not np.isfinite(s)
    }
    if part.below is not None:
        why |= {
            index: Why("above-bound", f"{part.score} is {score:.4g}, not below {part.below:g}")
            for score, _, index in known if score >= part.below
        }  # fmt: skip
    left = sorted((-score, name, index) for score, name, index in known if index not in why)
    most = max(1, int(part.first * len(scores)))
    why |= {
        index: Why("low-score", f"{part.score} is {-score:.4g}", {"rank": rank})
        for rank, (score, _, index) in enumerate(left[most:], most + 1)
    }
    return why


def facility_location(vectors: Floats, count: int, likeness: Likeness = "cosine") -> Facilities:
    """Choose greedily, exactly as if every gain were worked out at every step; of equal gains the first row's.

    A larger count keeps all that a smaller one chooses. O(n² d) once and O(n d) a gain that is worked out again;
    memory O(n) beside the vectors, times a block.

    Args:
        vectors: (n, d), of length 1; may be a memory map.
        count: rows to choose; n at most.
        likeness: what a row's similarity with another is.
    """
    covered = np.full(len(vectors), 0 if likeness == "cosine" else -1, np.float32)
    bounds: list[tuple[float, int, int]] = []
    for begin in range(0, len(vectors), _BLOCK):
        gains = _gains(vectors, np.arange(begin, min(begin + _BLOCK, len(vectors))), covered, likeness)
        bounds += [(-float(gain), begin + place, 0) for place, gain in enumerate(gains)]
    heapq.heapify(bounds)
    order: list[int] = []
    found: list[float] = []
    evaluations = len(bounds)
    while bounds and len(order) < count:
        if bounds[0][2] == len(order):
            gain, row, _ = heapq.heappop(bounds)
            order.append(row)
            found.append(-gain)
            np.maximum(covered, _similar(vectors, np.array([row]), likeness)[:, 0], out=covered)
            continue
        # Bounds of an earlier step, the highest first: several at once cost little more than one.
        stale = [heapq.heappop(bounds) for _ in range(min(_AGAIN, len(bounds))) if bounds[0][2] != len(order)]
        rows = np.array([row for _, row, _ in stale])
        evaluations += len(rows)
        for row, gain in zip(rows, _gains(vectors, rows, covered, likeness), strict=True):
            heapq.heappush(bounds, (-float(gain), int(row), len(order)))
    return Facilities(tuple(order), tuple(found), evaluations)


def _gains(
    vectors: Floats, rows: npt.NDArray[np.int64], covered: Floats, likeness: Likeness
) -> npt.NDArray[np.float64]:
    """What each of these rows would add, (rows,)."""
    gains = np.zeros(len(rows), np.float64)
    for begin in range(0, len(vectors), _BLOCK):
        part = slice(begin, begin + _BLOCK)
        more = _similar(vectors[part], rows, likeness, vectors)
        more -= covered[part, None]
        gains += np.maximum(more, 0, out=more).sum(axis=0, dtype=np.float64)
    return gains


def _similar(
    some: Floats, rows: npt.NDArray[np.int64], likeness: Likeness, vectors: Floats | None = None
) -> Floats:  # fmt: skip
    """Similarities of some vectors with these rows of all vectors, (some, rows)."""
    near: Floats = some @ (some if vectors is None else vectors)[rows].T
    if likeness == "cosine":
        np.maximum(near, 0, out=near)
        return near
    np.sqrt(np.maximum(2 - 2 * near, 0, out=near), out=near)
    near /= -np.float32(some.shape[1])
    np.expm1(near, out=near)
    return near
