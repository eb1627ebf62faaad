"""Budgets by topic, difficulty, language or whatever a row says of itself.

Rows stand in cells, one for each combination of what is budgeted. The next row is always taken from the cell that is
furthest behind its share: the method of highest averages with odd divisors (Webster and Sainte-Laguë), which, unlike
the method of largest remainders, never takes a row back when there is room for one more. A cell that has no more rows
is passed over, so that its share goes to the others as theirs are to each other.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import JsonValue

from ...agents.gateway.errors import UsageError
from ..dataset.draws import draw_key
from ..record.curating.quotas import QuotasSettings
from ..record.run import Run
from .choice import Choice, Why
from .naming import purpose
from .paths import refuse_unsaid
from .rows import CurateRow, Rows, word_of

__all__ = ["REST", "bounds_of", "cell_weights", "quotas", "rows_in_turn", "tempered"]

REST = "*"
"""Stands for every value that has no share of its own; they divide it as they are frequent."""

NONE = "none"
"""Stands for rows that say nothing of it."""
_SHOWN = 10
Cell = tuple[str, ...]
CellT = TypeVar("CellT", bound=Cell)


async def quotas(run: Run, part: QuotasSettings, place: str, rows: Rows) -> Choice:
    """Keep to budgets. The same for any order of the rows; a larger budget keeps all of a smaller one, as long as the
    rows are the same.

    Raises:
        UsageError: no row has a path that is budgeted, or the figure that is preferred, or a value with a share.
    """
    refuse_unsaid(rows, "quotas", [path for path in part.by if path not in part.levels], [*part.levels, part.prefer])
    bounds = {path: bounds_of([n for row in rows if (n := row.number(path)) is not None], how)
              for path, how in part.levels.items()}  # fmt: skip
    cells: dict[Cell, list[tuple[float, int, str, int]]] = {}
    for row in rows:
        cell = tuple(_value(row, path, bounds.get(path)) for path in part.by)
        drawn = draw_key(run.settings.run_seed, purpose(part, place, "drawn"), row.seed.id)
        prefer = row.number(part.prefer) if part.prefer else None
        best = math.inf if prefer is None or math.isnan(prefer) else -prefer
        cells.setdefault(cell, []).append((best, drawn, row.seed.id, row.index))
    ready = {cell: [index for *_, index in sorted(members)] for cell, members in cells.items()}
    counts = {cell: len(members) for cell, members in ready.items()}
    shares = [_shares(part, dimension, path, counts) for dimension, path in enumerate(part.by)]
    order = rows_in_turn(
        ready, cell_weights(counts, shares), part.budget(len(rows)), [part.at_most.get(path, {}) for path in part.by]
    )  # fmt: skip
    strange = _strangers(part, counts)
    if strange and not order:
        raise UsageError(strange[0], fix='Write values as rows have them, or give the others a share with "*".')
    taken = set(order)
    cell_of = {index: cell for cell, members in ready.items() for index in members}
    why = {index: Why("over-budget", "there was no room left for " + ", ".join(cell))
           for index, cell in cell_of.items() if index not in taken}  # fmt: skip
    figures = _figures(part, bounds, shares, [cell_of[i] for i in order], counts)
    return Choice(order, why, {}, figures, [*strange, *_told(part, figures)])


def bounds_of(numbers: Sequence[float], how: int | Sequence[float]) -> list[float]:
    """Bounds between levels: those that are said, or those that part the numbers into so many levels of one size."""
    if not isinstance(how, int):
        return sorted(how)
    ranked = sorted(number for number in numbers if not math.isnan(number))
    return [ranked[len(ranked) * level // how] for level in range(1, how)] if ranked else []


def _value(row: CurateRow, path: str, bounds: Sequence[float] | None) -> str:
    """What a row stands under."""
    if bounds is not None:
        number = row.number(path)
        return NONE if number is None or math.isnan(number) else str(1 + sum(number >= bound for bound in bounds))
    said: Any = row.value(path)
    if said is None and path == "language":
        said = row.seed.instruction.language
    word = word_of(said)
    return NONE if word is None else word


def _shares(part: QuotasSettings, dimension: int, path: str, counts: Mapping[Cell, int]) -> Mapping[str, float]:
    said = part.by[path]
    if said or part.temperature == 1:
        return said
    frequent: Counter[str] = Counter()
    for cell, count in counts.items():
        frequent[cell[dimension]] += count
    return tempered(frequent, part.temperature)


def _strangers(part: QuotasSettings, counts: Mapping[Cell, int]) -> list[str]:
    """Values that the settings name and no row has, a line for each path."""
    lines: list[str] = []
    for dimension, path in enumerate(part.by):
        there = {cell[dimension] for cell in counts}
        named = [value for value in (*part.by[path], *part.at_most.get(path, ())) if value != REST]
        strange = [value for value in dict.fromkeys(named) if value not in there]
        if strange:
            known = ", ".join(sorted(there)[:_SHOWN]) + (", …" if len(there) > _SHOWN else "")
            lines.append(f"No row has {', '.join(strange)} as its {path}; there are: {known}.")
    return lines


def _figures(
    part: QuotasSettings, bounds: Mapping[str, Sequence[float]], shares: Sequence[Mapping[str, float]],
    kept: Sequence[Cell], counts: Mapping[Cell, int],
) -> dict[str, JsonValue]:  # fmt: skip
    """By dimension and value: rows that there were, rows that are kept, and the share that was wanted."""
    figures: dict[str, JsonValue] = {}
    for dimension, path in enumerate(part.by):
        had: Counter[str] = Counter()
        for cell, count in counts.items():
            had[cell[dimension]] += count
        chosen = Counter(cell[dimension] for cell in kept)
        wanted = shares[dimension]
        total = sum(wanted.values())
        figures[path] = {
            value: {"in": had[value], "out": chosen[value],
                    **({"wanted": round(wanted[value] / total, 4)} if value in wanted and value != REST else {})}
            for value in sorted(had)
        }  # fmt: skip
    levels: dict[str, JsonValue] = {path: list(each) for path, each in bounds.items()}
    return {**figures, **({"bounds": levels} if levels else {})}


def _told(part: QuotasSettings, figures: Mapping[str, Any]) -> Iterator[str]:
    """What each value got, a line for each path: those with most rows, the others as one."""
    for path in part.by:
        values = sorted(figures[path].items(), key=lambda each: (-each[1]["in"], each[0]))
        told = [
            f"{value} {each['in']:,} → {each['out']:,}"
            + (f" (wanted {each['wanted']:.0%})" if "wanted" in each else "")
            for value, each in values[:_SHOWN]
        ]
        if rest := [each for _, each in values[_SHOWN:]]:
            told.append(f"others {sum(each['in'] for each in rest):,} → {sum(each['out'] for each in rest):,}")
        yield f"Rows by {path}: {', '.join(told)}."


def rows_in_turn(
    cells: Mapping[CellT, Sequence[int]], weights: Mapping[CellT, float], count: int,
    at_most: Sequence[Mapping[str, int]] = (),
) -> list[int]:  # fmt: skip
    """Rows in the order in which they are taken; a larger count keeps all that a smaller one takes.

    Args:
        cells: rows of each cell, in the order in which they may be taken.
        weights: share of each cell, by any unit; of one with 0, or none, no row is taken.
        count: rows in all.
        at_most: by dimension, rows of a value at most.
    """
    left = [dict(bounds) for bounds in at_most]
    waiting = [(1 / weights[cell], cell, 0) for cell in sorted(cells) if weights.get(cell, 0) > 0 and cells[cell]]
    heapq.heapify(waiting)
    taken: list[int] = []
    while waiting and len(taken) < count:
        _, cell, had = heapq.heappop(waiting)
        bound = [(bounds, value) for bounds, value in zip(left, cell, strict=False) if value in bounds]
        if any(bounds[value] <= 0 for bounds, value in bound):
            continue
        for bounds, value in bound:
            bounds[value] -= 1
        taken.append(cells[cell][had])
        if had + 1 < len(cells[cell]):
            heapq.heappush(waiting, ((2 * had + 3) / weights[cell], cell, had + 1))
    return taken


def cell_weights(counts: Mapping[CellT, int], shares: Sequence[Mapping[str, float]]) -> dict[CellT, float]:
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
        rest = sum(count for value, count in frequent.items() if value == REST or value not in said)
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
