"""What difference a run can prove with its seeds, and what would halve it: said before anything is spent."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..record.estimate import Sizes, estimate
from ..record.quirks import quirks_of
from ..record.rivals import RIVALS, choosing_of, least_proving_of, turns_of
from ..record.rungs import choosing_items, rungs_of
from ..record.settings import Settings
from ..scoring.power import POWER, Provable, smallest_difference
from .decision import Evidence
from .referee import SPENDING, Rules

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
        steps: how many the run's level is shared by on dev.
        dev, test: one for each discordance.
        single: on dev, if the run made a single step.
        half: what would halve the headline's figures; None where nothing would.
        why_not: why nothing can be decided on dev, or empty.
    """

    power: float
    steps: int
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

    On dev that is the last look of a step's test, at the level of the first step, for a candidate that was chosen to
    be tested: the best of several is not always the one (see `referee`). On test it is the one look of `confirm`.
    """
    search = settings.search
    if settings.recipe != "auto-evol" or not search.steps:
        return None
    by_evidence = "observed-rate" not in quirks_of(settings)
    items, steps = min(sizes.dev, search.dev), turns_of(search)
    if search.strategy in RIVALS:  # what chose does not prove
        items -= choosing_of(search, items)
    dev = _each(*_last_look(settings, items, steps), search.margin) if by_evidence else ()
    test = _each(sizes.test, search.confirm_alpha, search.margin) if sizes.test else ()
    why_not = ""
    if by_evidence and items < (least := least_proving_of(search)):
        why_not = f"{items} dev items are too few to decide: the settings ask for at least {least}."
    elif not dev and not test:
        why_not = "There are no test seeds, so nothing is confirmed."
    single = None
    if dev and steps > 1:
        single = smallest_difference(*_last_look(settings, items, 1), DISCORDANCES[HEADLINE], search.margin)
    found = Proof(POWER, steps, dev, test, single, None, why_not)
    return replace(found, half=_half(settings, sizes, found))


def _last_look(settings: Settings, items: int, steps: int) -> tuple[int, float]:
    """The items that a leader is tested on, and the level of the last look at them."""
    search = settings.search
    evidence = Evidence(Rules(search.rungs, search.margin, search.choosing), search.alpha, steps, search.least_dev)
    candidates = 1 if search.strategy in RIVALS else search.candidates
    cut = choosing_items(search.rungs, search.choosing, items) if candidates > 1 else 0
    tested, level = max(0, items - cut), evidence.level(())
    rungs = rungs_of(search.rungs, search.choosing, candidates, items) if items else []
    before = max((rung for rung in rungs if cut < rung < items), default=cut)
    return tested, level * (1 - ((before - cut) / tested) ** SPENDING) if tested else level


def _each(items: int, alpha: float, margin: float) -> tuple[Provable, ...]:
    return tuple(smallest_difference(items, alpha, discordance, margin) for discordance in DISCORDANCES)


def _half(settings: Settings, sizes: Sizes, found: Proof) -> Half | None:
    wanted = [part[HEADLINE].items_for_half if part else None for part in (found.dev, found.test)]
    if found.smallest is None or any(
        part and not items for part, items in zip((found.dev, found.test), wanted, strict=True)
    ):
        return None
    # Of the items of a step a part chooses who is tested on the rest.
    dev = math.ceil(wanted[0] / (1 - settings.search.choosing)) if wanted[0] else sizes.dev
    test = wanted[1] or sizes.test
    # The shares of dataset/split.py: at most 40 % of the rows go to dev, and 20 % to test.
    seeds = max(sizes.total, -(-dev * 5 // 2), test * 5)
    larger = settings.model_copy(
        update={"search": settings.search.model_copy(update={"dev": dev, "dev_pool": None, "test": test})}
    )
    then = Sizes(max(sizes.train, 1), dev, test, seeds, sizes.seed_tokens)
    # Applying is left as it is: that a split needs more seeds does not mean that they must be evolved.
    applied = sizes.total if settings.apply_limit is None else settings.apply_limit
    calls = estimate(larger.model_copy(update={"apply_limit": applied}), then).calls
    return Half(dev if wanted[0] else None, wanted[1], seeds, calls)
