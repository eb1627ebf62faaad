"""A choice by several figures at once: a weighted sum of them, or fronts of rows that none other beats in all.

The sum is over figures made comparable: by rank (0 the worst, 1 the best, ties in the middle of their ranks), or by
distance from the mean in standard deviations. Fronts are those of non-dominated sorting (Deb et al., NSGA-II, 2002,
section III), within a front by the sum. Diversity, where it counts, is that of maximal marginal relevance (Carbonell
and Goldstein, 1998): the similarity with the nearest chosen row is taken off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
from anyio import to_thread
from pydantic import JsonValue

from ...agents.gateway.errors import UsageError
from ..record.curating.hybrid import HybridSettings
from ..record.run import Run
from .choice import Choice, Why, first_of
from .lengths import inverse_lengths
from .paths import refuse_unsaid, unsaid
from .rows import Rows
from .vectors import vectors_of

__all__ = ["Scale", "fronts", "hybrid", "relevant", "scaled", "weighted"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Scale = Literal["rank", "z"]


async def hybrid(run: Run, part: HybridSettings, place: str, rows: Rows) -> Choice:
    """Keep the rows that are best in all figures together. The same for any order of the rows; a larger budget keeps
    all of a smaller one.

    Raises:
        SessionStopped: budget, key, quota or outage.
        UsageError: no row has a figure, or has them all, or none that has them a vector.
    """
    refuse_unsaid(rows, "hybrid", figures=part.by)
    indices, figures, why = _table(part, rows)
    scores, front = await to_thread.run_sync(_weighed, part, figures)
    more: dict[str, JsonValue] = {"fronts": int(front.max()) + 1} if part.choose == "pareto" else {}
    lines: tuple[str, ...] = ()
    order: list[int]
    if part.diversity > 0:
        found = await vectors_of(run, part, place, rows, set(indices))
        why |= found.missing
        at = {int(index): at for at, index in enumerate(found.index)}
        here: list[int] = [number for number, index in enumerate(indices) if index in at]
        value = _as_one(scores[here], front[here])
        matrix = found.matrix[[at[indices[number]] for number in here]]
        chosen = await to_thread.run_sync(partial(relevant, value, matrix, len(here), part.diversity))
        order = [indices[here[place]] for place in chosen]
        more, lines = {**found.figures, **more}, (*found.lines, f"Diversity by {found.label}")
    else:
        order = [indices[number] for number in np.lexsort((-scores, front))]
    kept, dropped = first_of(order, part.budget(len(rows)), why)
    said = {index: (float(scores[n]), int(front[n])) for n, index in enumerate(indices)}
    notes = {index: _notes(part, *said[index]) for index in kept}
    means: dict[str, JsonValue] = {
        path: _means(figures[:, column], indices, set(kept)) for column, path in enumerate(part.by)
    }
    return Choice(kept, dropped, notes, {**more, "means": means}, lines)


def _table(part: HybridSettings, rows: Rows) -> tuple[list[int], Doubles, dict[int, Why]]:
    """Rows that take part, in the order of their ids; their figures, (rows, figures); why others do not."""
    paths = list(part.by)
    read = sorted((row.seed.id, row.index, tuple(row.number(path) for path in paths)) for row in rows)
    table = np.array([[np.nan if value is None else value for value in values] for _, _, values in read], np.float64)
    table = table.reshape(len(read), len(paths))
    table[~np.isfinite(table)] = np.nan
    for column, path in enumerate(paths):
        known = table[np.isfinite(table[:, column]), column]
        if not len(known):  # numbers stand there, and none is finite
            raise unsaid(path, "hybrid", "figure")
        worst = known.min() if part.by[path] >= 0 else known.max()
        filled = {"drop": np.nan, "worst": worst, "middle": np.median(known)}[part.missing]
        table[np.isnan(table[:, column]), column] = filled
    whole = [not np.isnan(values).any() for values in table]
    if not any(whole):
        raise UsageError(
            f"No row has all of the figures {', '.join(paths)}, by which hybrid chooses.",
            fix="Name fewer, or say what a row without one counts as: --with missing=middle.",
        )
    why = {
        index: Why("no-score", "it lacks a figure") for (_, index, _), has in zip(read, whole, strict=True) if not has
    }
    return [index for (_, index, _), has in zip(read, whole, strict=True) if has], table[whole], why


def _weighed(part: HybridSettings, figures: Doubles) -> tuple[Doubles, npt.NDArray[np.int64]]:
    """The sum of each row, and its front: 0 for all where no fronts are asked for."""
    weights = list(part.by.values())
    scores = weighted(figures, weights, part.scale)
    return scores, fronts(figures, weights) if part.choose == "pareto" else np.zeros(len(scores), np.int64)


def _as_one(scores: Doubles, front: npt.NDArray[np.int64]) -> Doubles:
    """Fronts first and scores within them, as one figure from 0 to 1."""
    place = np.empty(len(scores), np.float64)
    place[np.lexsort((-scores, front))] = np.arange(len(scores))
    return scaled(-place, "rank") if front.any() else scores


def _notes(part: HybridSettings, score: float, front: int) -> Mapping[str, JsonValue]:
    return {"score": round(score, 6), **({"front": front + 1} if part.choose == "pareto" else {})}


def _means(values: Doubles, indices: Sequence[int], kept: set[int]) -> dict[str, JsonValue]:
    inside = values[[index in kept for index in indices]]
    return {"all": round(float(values.mean()), 6), "kept": round(float(inside.mean()), 6) if len(inside) else None}


def scaled(values: Doubles, scale: Scale) -> Doubles:
    """A figure of all rows, made comparable with others: higher stays higher, equal stays equal.

    Args:
        values: (n,), finite.
        scale: `rank` gives 0 to 1, `z` standard deviations from the mean; both 0.5 or 0 where all are equal.
    """
    if scale == "z":
        spread = values.std()
        return (values - values.mean()) / spread if spread > 0 else np.zeros_like(values)
    if len(values) < 2:
        return np.full(len(values), 0.5)
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    # The middle of the ranks that equal values share.
    middle = np.cumsum(counts) - (counts + 1) / 2
    return np.asarray(middle[place] / (len(values) - 1), np.float64)


def weighted(figures: Doubles, weights: Sequence[float], scale: Scale) -> Doubles:
    """Mean of the scaled figures by the size of their weights, (n,); a negative weight asks for low values.

    Args:
        figures: (n, figures), finite.
        weights: of the figures, not all 0.
        scale: how they are made comparable.
    """
    total = np.zeros(len(figures), np.float64)
    for column, weight in enumerate(weights):
        total += abs(weight) * scaled(np.sign(weight) * figures[:, column], scale)
    return total / sum(abs(weight) for weight in weights)


def fronts(figures: Doubles, weights: Sequence[float]) -> npt.NDArray[np.int64]:
    """The front of each row, (n,): 0 where no row is at least as good in every figure and better in one, and so on.

    Each front is what none beats once those before it are taken away. Alike rows share a front. O(n) memory; rows are
    met from the highest first figure down, among equals by the second, and so on: none is beaten by one met later.

    Args:
        figures: (n, figures), finite.
        weights: their signs say what is better: positive high, negative low; figures of weight 0 do not count.
    """
    used = [column for column, weight in enumerate(weights) if weight]
    better = np.stack([np.sign(weights[column]) * figures[:, column] for column in used], axis=1)
    different, place = np.unique(better, axis=0, return_inverse=True)
    # They are sorted by their figures, the first before the second: from the last one down.
    found = np.zeros(len(different), np.int64)
    met: list[_Front] = []
    for row in range(len(different) - 1, -1, -1):
        front = _front_of(different[row], met)
        if front == len(met):
            met.append(_Front(different.shape[1]))
        met[front].add(different[row])
        found[row] = front
    return np.asarray(found[place.reshape(-1)], np.int64)


class _Front:
    """The figures of the rows of a front, in room that doubles."""

    def __init__(self, width: int) -> None:
        self._room: Doubles = np.empty((4, width), np.float64)
        self._count = 0

    def add(self, figures: Doubles) -> None:
        if self._count == len(self._room):
            self._room = np.concatenate((self._room, np.empty_like(self._room)))
        self._room[self._count] = figures
        self._count += 1

    def beats(self, figures: Doubles) -> bool:
        """Whether one of its rows is as good in every figure."""
        return bool((self._room[: self._count] >= figures).all(axis=1).any())


def _front_of(figures: Doubles, met: Sequence[_Front]) -> int:
    """The first front none of whose rows is better; being better passes on, so that they can be halved."""
    low, high = 0, len(met)
    while low < high:
        middle = (low + high) // 2
        if met[middle].beats(figures):
            low = middle + 1
        else:
            high = middle
    return low


def relevant(scores: Doubles, vectors: Floats, count: int, diversity: float) -> tuple[int, ...]:
    """Choose greedily by (1 - diversity) x score - diversity x cosine with the nearest chosen row; ties to the first.

    A larger count keeps all that a smaller one chooses. O(n d) a chosen row, O(n) memory beside the vectors.

    Args:
        scores: (n,), comparable with a cosine: about 0 to 1.
        vectors: (n, d), of about length 1; may be a memory map.
        count: rows to choose.
        diversity: 0 to 1.
    """
    worth = (1 - diversity) * scores
    inverse = inverse_lengths(vectors)
    nearest: Doubles | None = None
    order: list[int] = []
    for _ in range(min(count, len(scores))):
        row = int((worth if nearest is None else worth - diversity * nearest).argmax())
        order.append(row)
        near = (vectors @ vectors[row]) * (inverse * inverse[row])
        nearest = near if nearest is None else np.maximum(nearest, near, out=nearest)
        worth[row] = -np.inf
    return tuple(order)
