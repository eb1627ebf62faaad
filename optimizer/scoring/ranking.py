"""Many contestants on the same items: who is shown to be better than whom, and who cannot be told apart.

Every pair is held against each other on the items that both have, by the bound that decides a search
(`statistics.Paired`), here two-sided: one rule of "better" for all. All pairs that claims are made about share the
level by Holm's method (Scand. J. Statist. 6, 1979), which holds whatever the pairs have in common. Beside it stand the
BCa interval of the mean difference and the exact sign test, which knows nothing of sizes and assumes nothing. Where an
item was drawn several times its score is the mean over the draws, so items, not draws, are what is counted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from ..dataset.draws import generator
from .power import POWER, power
from .rates import sign_p
from .statistics import compare_paired, paired

__all__ = ["Duel", "Place", "Scores", "common_items", "duel_of", "duels", "holm", "mean_interval", "places", "settled"]

Scores = Mapping[str, float]
"""Scores in [0, 1] by item."""

_PRECISION = 1e-4  # of a difference
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Duel:
    """Two contestants on the items that both have.

    Args:
        first, second: their names.
        n: items.
        wins, losses, ties: items on which the second scores higher, lower, the same.
        difference: mean of second - first.
        low, high: 95 % interval of it.
        p: two-sided chance that two of equal mean look as different as this.
        p_adjusted: the same after Holm over all pairs of the family.
        p_sign: two-sided, of the exact sign test, by itself.
        better: the name of the one that is shown to be better, or empty.
        provable: the difference in mean score that would be shown four times out of five, where the differences
            spread as widely as here; None where even a full point would not.
        spread: variance of the differences, as the bound takes it: with one item more won, and one lost.
    """

    first: str
    second: str
    n: int
    wins: int
    losses: int
    ties: int
    difference: float
    low: float
    high: float
    p: float
    p_adjusted: float = 1.0
    p_sign: float = 1.0
    better: str = ""
    provable: float | None = None
    spread: float = 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contestant stands.

    Args:
        label: its name.
        best, worst: the places, from 1, that the evidence leaves it.
        group: letters; two contestants that share one cannot be told apart.
    """

    label: str
    best: int
    worst: int
    group: str


def duels(
    scores: Mapping[str, Scores], *, alpha: float, run_seed: int, against: str | None = None, purpose: str = "all"
) -> list[Duel]:
    """Every pair, in the order of the contestants.

    Args:
        scores: by contestant, by item.
        alpha: chance of any false claim in the whole family.
        run_seed: names the generators of the intervals.
        against: only pairs with this contestant, which is then always the first.
        purpose: what the comparison is about; part of the generators' names.
    """
    labels = list(scores)
    pairs = (
        list(combinations(labels, 2)) if against is None else [(against, each) for each in labels if each != against]
    )
    found: list[Duel] = []
    for first, second in pairs:
        items = common_items(scores[first], scores[second])
        old, new = ([scores[label][item] for item in items] for label in (first, second))
        found.append(duel_of((first, second), old, new, run_seed=run_seed, purpose=purpose))
    return settled(found, alpha)


def settled(found: Sequence[Duel], alpha: float) -> list[Duel]:
    """A family of duels with the claims that may be made, so that any false one has at most the chance `alpha`."""
    adjusted = holm([duel.p for duel in found])
    share = alpha / max(1, len(found))
    return [_judged(duel, p, alpha, share) for duel, p in zip(found, adjusted, strict=True)]


def duel_of(names: tuple[str, str], old: Sequence[float], new: Sequence[float], *, run_seed: int, purpose: str) -> Duel:
    """Two contestants by their values on the same items, as if they were the only two.

    Args:
        names: first and second.
        old, new: values of the first and of the second, item by item in the same order.
        run_seed, purpose: see `duels`.
    """
    rng = generator(run_seed, f"bootstrap/compare/{purpose}/{names[0]}/{names[1]}")
    found = compare_paired(old, new, alpha=0.05, margin=0.0, rng=rng)
    summed = paired(old, new)
    return Duel(
        *names, found.n, found.wins, found.losses, found.ties, found.difference, found.low, found.high,
        p=min(1.0, 2 * min(found.p, paired(new, old).chance())), p_sign=sign_p(found.wins, found.losses),
        spread=summed.spread**2,
    )  # fmt: skip


def places(labels: Sequence[str], found: Sequence[Duel]) -> list[Place]:
    """Ranges of places and groups, in the order of the labels.

    Args:
        labels: the contestants.
        found: every pair of them; a pair that is missing counts as not told apart.
    """
    beaten_by = dict.fromkeys(labels, 0)
    beats = dict.fromkeys(labels, 0)
    apart: set[frozenset[str]] = set()
    for duel in found:
        if duel.better:
            loser = duel.first if duel.better == duel.second else duel.second
            beats[duel.better] += 1
            beaten_by[loser] += 1
            apart.add(frozenset((duel.first, duel.second)))
    groups = _groups(labels, apart)
    names = {label: "".join(_letter(n) for n, group in enumerate(groups) if label in group) for label in labels}
    return [Place(label, 1 + beaten_by[label], len(labels) - beats[label], names[label]) for label in labels]


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given (Holm 1979): claims at level alpha are those of at most alpha."""
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda each: p_values[each])):
        highest = max(highest, min(1.0, p_values[index] * (len(p_values) - rank)))
        adjusted[index] = highest
    return adjusted


def mean_interval(values: Sequence[float], run_seed: int, purpose: str) -> tuple[float, float]:
    """95 % interval of a mean of scores, kept within [0, 1]."""
    rng = generator(run_seed, f"bootstrap/mean/{purpose}")
    found = compare_paired([0.0] * len(values), values, alpha=0.05, margin=0.0, rng=rng)
    return max(0.0, found.low), min(1.0, found.high)


def common_items(first: Scores, second: Scores) -> list[str]:
    """The items that both have, in the order of the first."""
    return [item for item in first if item in second]


# ---------------------------------------------------------------- parts


def _judged(duel: Duel, p: float, alpha: float, share: float) -> Duel:
    """With the claim that may be made."""
    better = "" if p > alpha or not duel.difference else duel.second if duel.difference > 0 else duel.first
    # The claim is two-sided: each side has half of the share that a pair has in the worst case.
    return replace(duel, p_adjusted=p, better=better, provable=_provable(duel.n, share / 2, duel.spread))


def _provable(items: int, level: float, spread: float) -> float | None:
    """The smallest mean difference that is shown with probability `POWER`, where differences have this variance."""

    def chance(difference: float) -> float:
        return power(items, level, min(1.0, spread + difference**2), difference)

    low, high = 0.0, 1.0
    if chance(high) < POWER:
        return None
    while high - low > _PRECISION:
        middle = (low + high) / 2
        low, high = (low, middle) if chance(middle) >= POWER else (middle, high)
    return high


def _groups(labels: Sequence[str], apart: set[frozenset[str]]) -> list[tuple[str, ...]]:
    """The largest sets in which nobody is told apart from another (Bron and Kerbosch 1973), in the labels' order."""
    order = {label: index for index, label in enumerate(labels)}
    together = {
        label: {each for each in labels if each != label and frozenset((label, each)) not in apart} for label in labels
    }
    found: list[tuple[str, ...]] = []

    def grow(group: set[str], may: set[str], done: set[str]) -> None:
        if not may and not done:
            found.append(tuple(sorted(group, key=order.__getitem__)))
            return
        pivot = max(sorted(may | done, key=order.__getitem__), key=lambda each: len(together[each] & may))
        for label in sorted(may - together[pivot], key=order.__getitem__):
            grow(group | {label}, may & together[label], done & together[label])
            may = may - {label}
            done = done | {label}

    grow(set(), set(labels), set())
    return sorted(found, key=lambda group: [order[label] for label in group])


def _letter(number: int) -> str:
    """a to z, then a2 to z2 and so on."""
    turn, place = divmod(number, len(_LETTERS))
    return _LETTERS[place] + (str(turn + 1) if turn else "")
