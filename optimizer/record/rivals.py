"""What the search strategies of others may spend: they search in one step of ours, by a budget of metric calls.

A *metric call* is one item scored by one method. Our own strategies spend them step by step; GEPA and MIPRO plan all of
theirs themselves. So that the same dials mean the same cost, such a search may make as many as all steps of ours would
at most, unless `search.metric_calls` says how many. Part of dev chooses; what was chosen is proven on the rest.
"""

from __future__ import annotations

import importlib
from importlib import metadata
from typing import TYPE_CHECKING

from ...agents.gateway.errors import UsageError
from .rungs import most_scores

if TYPE_CHECKING:
    from .settings import SearchSettings, Settings

__all__ = ["MOST_ARMS", "RIVALS", "arms_of", "check_calls", "check_package", "choosing_of", "least_proving_of",
           "metric_calls_of", "minibatch_of", "proposals_of", "turns_of"]  # fmt: skip

RIVALS = frozenset({"gepa", "mipro"})
"""Strategies that make their whole search in one step."""

MOST_ARMS = 18
"""Instructions that MIPRO proposes up front, at most: as many as in its largest preset."""

_MINIBATCH = {"gepa": 3, "mipro": 35}  # as published
_GEPA = "0.1."  # versions whose protocol we speak


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


def check_calls(settings: Settings, train: int, dev: int) -> None:
    """A rival scores all items that choose before it looks at its limit, so that a lower one would be no maximum.

    Args:
        settings: of the run.
        train, dev: seeds that there are for both.

    Raises:
        UsageError: `search.metric_calls` suffices for no more than the start.
    """
    search = settings.search
    chooses = choosing_of(search, min(search.dev, dev))
    limit = search.metric_calls
    if settings.recipe != "auto-evol" or search.strategy not in RIVALS or limit is None or not turns_of(search):
        return
    tried = minibatch_of(search, train or chooses) if search.strategy == "gepa" else minibatch_of(search, chooses)
    if chooses and limit < chooses + tried:
        raise UsageError(
            f"search.metric_calls is {limit}, but {search.strategy} scores {chooses} items that choose and a minibatch "
            f"of {tried} before it looks at it.",
            fix=f"Give at least {chooses + tried}, or a smaller search.dev, search.choosing or search.minibatch.",
        )


def check_package(settings: Settings) -> None:
    """GEPA is a package of others: it must be there, in a version whose protocol we speak.

    Raises:
        UsageError: it is not.
    """
    if settings.recipe != "auto-evol" or settings.search.strategy != "gepa":
        return
    try:
        importlib.import_module("gepa")
        version = metadata.version("gepa")
    except ImportError as error:
        raise UsageError(
            f"The strategy gepa needs the package gepa, which cannot be imported: {error}.",
            fix=f"Install gepa {_GEPA}x, or choose another --strategy.",
        ) from error
    if not version.startswith(_GEPA):
        raise UsageError(
            f"The package gepa has version {version}, which we do not know.",
            fix=f"Install gepa {_GEPA}x, or choose another --strategy.",
        )


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
