"""What the search strategies of others may spend: they search in one step of ours, by a budget of metric calls.

A *metric call* is one item scored by one method. Our own strategies spend them step by step; GEPA and MIPRO plan all of
theirs themselves. So that the same dials mean the same cost, such a search may make as many as all steps of ours would
at most, unless `search.metric_calls` says how many. Part of dev chooses; what was chosen is proven on the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .rungs import most_scores

if TYPE_CHECKING:
    from .settings import SearchSettings

__all__ = ["MOST_ARMS", "RIVALS", "arms_of", "choosing_of", "least_proving_of", "metric_calls_of", "minibatch_of",
           "proposals_of", "turns_of"]  # fmt: skip

RIVALS = frozenset({"gepa", "mipro"})
"""Strategies that make their whole search in one step."""

MOST_ARMS = 18
"""Instructions that MIPRO proposes up front, at most: as many as in its largest preset."""

_MINIBATCH = {"gepa": 3, "mipro": 35}  # as published


def turns_of(search: SearchSettings) -> int:
    """Steps of the loop, at most; the search of a rival is one."""
    return min(1, search.steps) if search.strategy in RIVALS else search.steps


def choosing_of(search: SearchSettings, dev: int) -> int:
    """Items of dev that a rival chooses by; the others prove its choice. 0 where there are too few for both."""
    return 0 if dev < 2 else min(dev - 1, max(1, round(dev * search.choosing)))


def least_proving_of(search: SearchSettings) -> int:
    """Under so many items nothing is decided: of a rival's dev a part has chosen already, as in a race of ours."""
    least = search.least_dev
    return least - choosing_of(search, least) if search.strategy in RIVALS else least


def metric_calls_of(search: SearchSettings, dev: int) -> int:
    """Metric calls that a rival may make at most.

    Args:
        search: the dials.
        dev: items that a step decides on.
    """
    if search.metric_calls is not None:
        return search.metric_calls
    return search.steps * most_scores(search.rungs, search.choosing, search.candidates, dev)


def minibatch_of(search: SearchSettings, items: int) -> int:
    """Items that a proposal is tried on first: as published, unless `search.minibatch` says how many.

    Args:
        search: the dials.
        items: how many there are to draw from.
    """
    return max(1, min(search.minibatch or _MINIBATCH.get(search.strategy, search.batch), items))


def arms_of(search: SearchSettings) -> int:
    """Instructions that MIPRO proposes: as many as all steps would ask for, up to its largest preset."""
    return min(MOST_ARMS, search.steps * search.candidates)


def proposals_of(search: SearchSettings, train: int, dev: int) -> int:
    """How often a rival asks the refiner at most."""
    if search.strategy == "mipro":
        return arms_of(search) + 2  # and for a description of the data, and of the method
    left = metric_calls_of(search, dev) - choosing_of(search, dev)
    return max(0, left // minibatch_of(search, train or choosing_of(search, dev)))
