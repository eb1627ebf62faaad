"""A population of methods: parents by tournament, children by mutation and by merging two.

After EvoPrompt (arXiv 2309.08532, genetic algorithm) and the survivor selection of (mu + lambda) evolution strategies;
fitness is the shrunken gain, because few items make extreme means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from ....agents.messages import Case
from ....agents.method import Method
from ...dataset.draws import generator
from ...record.run import Run
from ..candidates import Order, Proposed, propose
from .field import Field

__all__ = ["Evolutionary", "levels", "population"]

_SHRINK = 10.0  # items of "no difference" that every measurement is averaged with
_TOURNAMENT = 2
_MERGES = 1 / 3  # of the children


@dataclass(frozen=True, slots=True)
class Evolutionary:
    """Children of a population that lives on what the races measured; the incumbent changes by the decision alone.

    Findings come from the incumbent's batch, as in the other strategies: its relatives are rewritten in their light.

    Args:
        candidates: children of a step.
        size: of the population.
        run_seed: names the generators that draw parents and operators.
    """

    candidates: int
    size: int
    run_seed: int
    reads_cases: bool = True

    def orders(self, step: int, field: Field) -> list[Order]:
        """Parents and operators of the children of a step."""
        living, fitness = population(field, self.size), levels(field)
        orders: list[Order] = []
        for number in range(1, self.candidates + 1):
            rng = generator(self.run_seed, f"evolutionary/{step}", number)
            parent = _winner(living, fitness, rng)
            mates = [method for method in living if method.id != parent.id]
            if mates and rng.random() < _MERGES:
                orders.append(Order(number, "merge", parent, _winner(mates, fitness, rng)))
            else:
                orders.append(Order(number, rng.choice(("small", "bold")), parent))
        return orders

    async def __call__(self, run: Run, step: int, field: Field, cases: Sequence[Case]) -> list[Proposed]:
        """The children of a step."""
        return await propose(run, step, field, cases, self.orders(step, field))


def levels(field: Field) -> dict[str, float]:
    """How good each method is, in score units above the start, shrunken towards the incumbent that it met.

    A race gives a paired gain over its incumbent on the same items; the gain counts as if `_SHRINK` more items had
    shown none, and is added to the incumbent's own level. So races on different slices of dev can be compared. What
    was measured twice has the mean of both, by items.
    """
    sums: dict[str, tuple[float, float]] = {field.start.id: (0.0, 1.0)}
    for row in field.archive:
        if row.edit is None or row.edit.gain is None:
            continue
        total, weight = sums.get(row.against, (0.0, 1.0))
        items = row.edit.items
        level = total / weight + row.edit.gain * items / (items + _SHRINK)
        before, known = sums.get(row.method.id, (0.0, 0.0))
        sums[row.method.id] = (before + level * items, known + items)
    return {method: total / weight for method, (total, weight) in sums.items()}


def population(field: Field, size: int) -> tuple[Method, ...]:
    """The methods that may have children: the incumbent, then the best of all that were measured; earlier ones first.

    Whoever was proven worse or is banned has none, so a population can be smaller than its size.
    """
    fitness = levels(field)
    barren = field.barren()
    known = {row.method.id: row.method for row in field.archive}
    ranked = sorted(
        (method for method in known if method in fitness and method not in barren), key=lambda m: -fitness[m]
    )
    first = {field.incumbent.id: field.incumbent}
    return tuple({**first, **{method: known[method] for method in ranked}}.values())[:size]


def _winner(living: Sequence[Method], fitness: dict[str, float], rng: Random) -> Method:
    """The fitter of two drawn ones; of equals the one that was drawn first."""
    drawn = [rng.choice(living) for _ in range(_TOURNAMENT)]
    return max(drawn, key=lambda method: fitness.get(method.id, 0.0))
