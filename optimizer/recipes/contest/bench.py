"""What runs of several strategies found at equal budget, and how sure that is: paired by their run seeds.

A run's quality is the mean score, on the test split, of the method that its search ended with; nothing was chosen
there. In a world of known truth it is the true one. Runs of one run seed have the same split, so strategies are
compared run seed by run seed. With one run seed the only interval is that of the test items; with several it is
Student's, over the run seeds, and says what another run seed may bring, too.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from ....agents.method import Method
from ....agents.method_file import load_method
from ...scoring.statistics import quantile

__all__ = ["Outcome", "Spread", "bench_object", "outcome_of", "spread_of"]

_SIDE = 0.025  # of 95 %


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run came to.

    Args:
        strategy, run_seed, run: which, and its folder's name.
        state: `finished` or `stopped`.
        quality, start: mean score on test of the method that the search ended with, and of the one it began with; in
            a world the true quality of both. None where the run did not come so far.
        gain, low, high: of the one over the other, with the 95 % interval over test items; in a world none is needed.
        items: test items.
        verdict: of the run's own confirmation.
        calls, usd, steps: what it took; USD is None where a price is unknown.
    """

    strategy: str
    run_seed: int
    run: str
    state: str
    quality: float | None
    start: float | None
    gain: float | None
    low: float | None
    high: float | None
    items: int
    verdict: str
    calls: int
    usd: float | None
    steps: int


@dataclass(frozen=True, slots=True)
class Spread:
    """A mean over run seeds, with its 95 % interval; without one where there are fewer than two."""

    mean: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0


def spread_of(values: Sequence[float]) -> Spread:
    """Student's interval of a mean: what such values come to over run seeds like these."""
    if not values:
        return Spread(None)
    mean = fmean(values)
    if len(values) < 2:
        return Spread(mean, n=1)
    half = quantile(_SIDE, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Spread(mean, mean - half, mean + half, len(values))


def outcome_of(
    folder: Path, strategy: str, run_seed: int, truth: Callable[[Method], float] | None = None
) -> Outcome:  # fmt: skip
    """Read a run that has ended.

    Args:
        folder: of the run.
        strategy, run_seed: which one it is.
        truth: the true quality of a method, in a world where it is known.
    """
    status = _json(folder / "status.json")
    test = _json(folder / "test/confirmation.json")
    means: dict[str, float | None] = {row["label"]: row["mean"] for row in test.get("standings", [])}
    found, start = means.get("best", means.get("start")), means.get("start")
    against: dict[str, float] = test.get("against", {}).get("start", {}) if "best" in means else {}
    same = 0.0 if means else None  # a method is no better than itself
    gain, low, high = (against.get(name, same) for name in ("difference", "low", "high"))
    items = max((row["items"] for row in test.get("standings", [])), default=0)
    if truth is not None and (folder / "method.md").is_file():
        found = truth(load_method(str(folder / "method.md")))
        start = _true_start(folder, truth)
        gain, low, high = found - start, None, None
    return Outcome(
        strategy, run_seed, folder.name, str(status.get("state", "")), found, start, gain, low, high, items,
        str(test.get("verdict", "")), int(status.get("calls", 0)), status.get("cost_usd"),
        int(status.get("steps_done", 0)),
    )  # fmt: skip


def _true_start(folder: Path, truth: Callable[[Method], float]) -> float:
    first = folder / "steps/000/method.md"
    return truth(load_method(str(first if first.is_file() else folder / "method.md")))


def bench_object(outcomes: Sequence[Outcome], about: Mapping[str, Any]) -> dict[str, Any]:
    """The record: strategies in the order in which they were named, each against the first.

    Args:
        outcomes: of all runs.
        about: what the runs had in common.

    Returns:
        Of each strategy `runs` that were begun and `n` whose quality is known; all means, of costs too, are over these
        n. `gain.over` says what its interval is over: `runs`, or `items` of the one run there is.
    """
    names = list(dict.fromkeys(one.strategy for one in outcomes))
    return {
        **about,
        "strategies": [_strategy(name, names[0], outcomes) for name in names],
        "runs": [asdict(one) for one in outcomes],
        "notes": list(_notes(outcomes)),
    }


def _strategy(name: str, first: str, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    every = [one for one in outcomes if one.strategy == name]
    mine = [one for one in every if one.quality is not None]  # costs of these, too: they paid for the quality
    gains = spread_of([one.gain for one in mine if one.gain is not None])
    if gains.n == 1:  # then the items are all that there is to go by
        (only,) = [one for one in mine if one.gain is not None]
        gains = Spread(only.gain, only.low, only.high, 1)
    over = "" if gains.low is None else "items" if gains.n == 1 else "runs"
    theirs = {one.run_seed: one.quality for one in outcomes if one.strategy == first}
    differences = [
        one.quality - other
        for one in mine
        if one.quality is not None and (other := theirs.get(one.run_seed)) is not None
    ]
    costs = [one.usd for one in mine]
    return {
        "strategy": name,
        "runs": len(every),
        "finished": sum(one.state == "finished" for one in every),
        "n": len(mine),
        "quality": asdict(spread_of([one.quality for one in mine if one.quality is not None])),
        "gain": {**asdict(gains), "over": over},
        "less_first": None if name == first else asdict(spread_of(differences)),
        "confirmed": sum(one.verdict == "confirmed" for one in mine),
        "calls": fmean(one.calls for one in mine) if mine else None,
        "usd": None if not mine or None in costs else fmean(cost for cost in costs if cost is not None),
    }


def _notes(outcomes: Sequence[Outcome]) -> list[str]:
    notes: list[str] = []
    seeds = {one.run_seed for one in outcomes}
    if len(seeds) < 2:
        notes.append("One run seed: another one may turn the order round. --run-seeds 5 says more.")
    elif len(seeds) < 5:
        notes.append(f"{len(seeds)} run seeds: the intervals are wide, and rest on gains being spread evenly.")
    known = Counter(one.strategy for one in outcomes if one.quality is not None)
    if len(seeds) > 1 and (lonely := [name for name, count in known.items() if count == 1]):
        words = "of one run only; an interval there is that of its test items, not of run seeds."
        notes.append(f"{', '.join(lonely)}: {words}")
    if missing := [one.run for one in outcomes if one.quality is None]:
        notes.append(f"Without a test, and left out: {', '.join(missing)}.")
    return notes


def _json(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return {}
    return found
