"""What difference a run can prove with its seeds, and what would halve it: said before anything is spent."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..record.estimate import Sizes, estimate
from ..record.settings import Settings
from ..scoring.power import POWER, Provable, smallest_difference

__all__ = ["DISCORDANCES", "HEADLINE", "Half", "Proof", "proof"]

DISCORDANCES = (0.2, 0.4, 0.6)
"""Shares of items on which two methods score differently that are looked at; nobody knows it before the run."""

HEADLINE = 1  # the one that a single figure is given for


@dataclass(frozen=True, slots=True)
class Half:
    """What would prove half the difference, at the same assumptions.

    Args:
        dev, test: items; None where that part is not in question.
        seeds: rows of seeds that such a split needs.
        calls: calls at most, of the whole run with such a split.
    """

    dev: int | None
    test: int | None
    seeds: int
    calls: int


@dataclass(frozen=True, slots=True)
class Proof:
    """What the items of dev and test can prove, for each of `DISCORDANCES`; a part is empty where it decides nothing.

    Args:
        power: probability that such a difference is proved, for each comparison by itself.
        comparisons: how many the run's level is shared by on dev.
        dev, test: one for each discordance.
        single: on dev, if the run made a single comparison.
        half: what would halve the headline's figures; None where nothing would.
        why_not: why nothing can be decided on dev, or empty.
    """

    power: float
    comparisons: int
    dev: tuple[Provable, ...]
    test: tuple[Provable, ...]
    single: Provable | None
    half: Half | None
    why_not: str

    @property
    def smallest(self) -> float | None:
        """The headline: what has to be there to be chosen on dev and confirmed on test; None where nothing is."""
        parts = [part[HEADLINE].difference for part in (self.dev, self.test) if part]
        known = [part for part in parts if part is not None]
        return max(known) if known and len(known) == len(parts) and not self.why_not else None


def proof(settings: Settings, sizes: Sizes) -> Proof | None:
    """What the decision rules of these settings can prove on so many seeds; None where nothing is searched.

    The rules are those of `decision.PairedEvidence` (dev, the level shared by every comparison that the run may make)
    and `confirm` (test, the whole level).
    """
    search = settings.search
    if settings.recipe != "auto-evol" or not search.steps:
        return None
    comparisons = max(1, search.steps * search.candidates)
    by_evidence = settings.profile == "recommended"
    dev = _each(sizes.dev, search.alpha / comparisons, search.margin) if by_evidence else ()
    test = _each(sizes.test, search.alpha, search.margin) if sizes.test else ()
    why_not = ""
    if by_evidence and sizes.dev < search.least_dev:
        why_not = f"{sizes.dev} dev items are too few to decide: the settings ask for at least {search.least_dev}."
    elif not dev and not test:
        why_not = "There are no test seeds, so nothing is confirmed."
    single = None
    if dev and comparisons > 1:
        single = smallest_difference(sizes.dev, search.alpha, DISCORDANCES[HEADLINE], search.margin)
    found = Proof(POWER, comparisons, dev, test, single, None, why_not)
    return replace(found, half=_half(settings, sizes, found))


def _each(items: int, alpha: float, margin: float) -> tuple[Provable, ...]:
    return tuple(smallest_difference(items, alpha, discordance, margin) for discordance in DISCORDANCES)


def _half(settings: Settings, sizes: Sizes, found: Proof) -> Half | None:
    wanted = [part[HEADLINE].items_for_half if part else None for part in (found.dev, found.test)]
    if found.smallest is None or any(
        part and not items for part, items in zip((found.dev, found.test), wanted, strict=True)
    ):
        return None
    dev, test = wanted[0] or sizes.dev, wanted[1] or sizes.test
    # The shares of dataset/split.py: at most 40 % of the rows go to dev, and 20 % to test.
    seeds = max(sizes.total, -(-dev * 5 // 2), test * 5)
    larger = settings.model_copy(update={"search": settings.search.model_copy(update={"dev": dev, "test": test})})
    then = Sizes(max(sizes.train, 1), dev, test, seeds, sizes.seed_tokens)
    # Applying is left as it is: that a split needs more seeds does not mean that they must be evolved.
    applied = sizes.total if settings.apply_limit is None else settings.apply_limit
    calls = estimate(larger.model_copy(update={"apply_limit": applied}), then).calls
    return Half(wanted[0], wanted[1], seeds, calls)
