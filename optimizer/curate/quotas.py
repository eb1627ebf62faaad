"""Budgets by topic, difficulty, language or whatever a row says of itself.

Rows stand in cells, one for each combination of what is budgeted. The next row is always taken from the cell that is
furthest behind its share: the method of highest averages with odd divisors (Webster and Sainte-Laguë), which, unlike
the method of largest remainders, never takes a row back when there is room for one more. A cell that has no more rows
is passed over, so that its share goes to the others as theirs are to each other.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping, Sequence

__all__ = ["REST", "apportioned", "cell_weights", "tempered"]

REST = "*"
"""Stands for every value that has no share of its own; they divide it as they are frequent."""

Cell = tuple[str, ...]


def apportioned(
    cells: Mapping[Cell, Sequence[int]], weights: Mapping[Cell, float], count: int, most: Mapping[Cell, int] | None = None
) -> list[int]:  # fmt: skip
    """Rows in the order in which they are taken; a larger count keeps all that a smaller one takes.

    Args:
        cells: rows of each cell, in the order in which they may be taken.
        weights: share of each cell, by any unit; of one with 0, or none, no row is taken.
        count: rows in all.
        most: of a cell, at most so many.
    """
    bounds = {cell: min(len(rows), (most or {}).get(cell, len(rows))) for cell, rows in cells.items()}
    waiting = [(1 / weights[cell], cell, 0) for cell in sorted(cells) if weights.get(cell, 0) > 0 and bounds[cell]]
    heapq.heapify(waiting)
    taken: list[int] = []
    while waiting and len(taken) < count:
        _, cell, had = heapq.heappop(waiting)
        taken.append(cells[cell][had])
        if had + 1 < bounds[cell]:
            heapq.heappush(waiting, ((2 * had + 3) / weights[cell], cell, had + 1))
    return taken


def cell_weights(counts: Mapping[Cell, int], shares: Sequence[Mapping[str, float]]) -> dict[Cell, float]:
    """The weight of each cell: the product of the shares of its values.

    Args:
        counts: rows of each cell.
        shares: by dimension, shares of values; empty where the rows are to stay as they are. `*` is for all others
            together; without it they get nothing.
    """
    weights = dict.fromkeys(counts, 1.0)
    for dimension, said in enumerate(shares):
        frequent: dict[str, int] = {}
        for cell, count in counts.items():
            frequent[cell[dimension]] = frequent.get(cell[dimension], 0) + count
        rest = sum(count for value, count in frequent.items() if value not in said)
        for cell in weights:
            value = cell[dimension]
            if not said:
                weights[cell] *= frequent[value]
            elif value in said and value != REST:
                weights[cell] *= said[value]
            else:
                weights[cell] *= said.get(REST, 0.0) * frequent[value] / rest
    return weights


def tempered(counts: Mapping[str, int], temperature: float) -> dict[str, float]:
    """Shares of values that are as frequent as this, in proportion to n^(1/temperature): 1 keeps them, the higher the
    more alike they become (LIMA, arXiv 2305.11206, section 2.1, has 3); infinite makes them equal."""
    power = 0.0 if math.isinf(temperature) else 1 / temperature
    weights = {value: count**power for value, count in counts.items() if count}
    total = sum(weights.values())
    return {value: weight / total for value, weight in weights.items()}
