"""Where contestants differ: what one breaks that the baseline solves, what it mends, and which items show it most."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...search.trajectory import Trajectory
from .lineup import Lineup
from .tally import Heat, by_item, score_of

__all__ = ["example_rows", "regressions"]

_EACH_WAY = 2  # examples of a contestant, better and worse than the baseline
_MOST = 16


def regressions(lineup: Lineup, heats: Sequence[Heat]) -> dict[str, Any]:
    """For each contestant but the baseline the items it breaks and those it mends.

    An item counts as solved where most of its draws score above 0: no gate fired and the judge did not refuse it.
    """
    labels = [player.label for player in lineup.players]
    solved = by_item(heats, labels, lambda _, score: float(score > 0))
    base = solved[lineup.baseline]
    found: dict[str, Any] = {}
    for label in labels:
        if label != lineup.baseline:
            both = [item for item in base if item in solved[label]]
            broken = [item for item in both if base[item] > 0.5 >= solved[label][item]]
            mended = [item for item in both if base[item] <= 0.5 < solved[label][item]]
            found[label] = {
                "broken": [_named(lineup, item, _why(heats, label, item)) for item in broken],
                "mended": [_named(lineup, item, _why(heats, lineup.baseline, item)) for item in mended],
            }
    return found


def example_rows(lineup: Lineup, heats: Sequence[Heat]) -> list[dict[str, Any]]:
    """The items on which a contestant differs most from the baseline, both ways, with everybody's texts.

    Of several draws that is shown in which the two differ most.
    """
    labels = [player.label for player in lineup.players]
    scores = by_item(heats, labels, score_of)
    base = scores[lineup.baseline]
    chosen: dict[str, tuple[str, str]] = {}
    for label in labels:
        gaps = {item: scores[label][item] - base[item] for item in base if item in scores[label]}
        ranked = sorted((item for item in gaps if gaps[item]), key=lambda item: (-gaps[item], item))
        best = [item for item in ranked[:_EACH_WAY] if gaps[item] > 0]
        worst = [item for item in ranked[::-1][:_EACH_WAY] if gaps[item] < 0]
        for item, what in [*((each, "better") for each in best), *((each, "worse") for each in worst)]:
            chosen.setdefault(item, (label, what))
    return [_example(lineup, heats, item, label, what) for item, (label, what) in list(chosen.items())[:_MOST]]


def _example(lineup: Lineup, heats: Sequence[Heat], item: str, label: str, what: str) -> dict[str, Any]:
    number, seed_id = _parts(item)
    here = [heat for heat in heats if heat.number == number and all(
        seed_id in heat.standings[each].scores for each in (label, lineup.baseline))]  # fmt: skip
    heat = max(here, key=lambda each: _gap(each, seed_id, label, lineup.baseline, what))
    shown: dict[str, Any] = {}
    for player in lineup.players:
        standing = heat.standings[player.label]
        if seed_id in standing.scores:
            trajectory = standing.trajectories[seed_id]
            row = trajectory.as_row(standing.scores[seed_id], standing.parts.get(seed_id))
            shown[player.label] = row | {"calls": len(trajectory.calls)}
    return {
        **_named(lineup, item, ()), "because": {"label": label, "what": what}, "evolver": heat.evolver,
        "draw": heat.draw, "seed": _seed_text(lineup, number, seed_id), "texts": shown,
    }  # fmt: skip


def _gap(heat: Heat, seed_id: str, label: str, baseline: str, what: str) -> float:
    gap = heat.standings[label].scores[seed_id] - heat.standings[baseline].scores[seed_id]
    return gap if what == "better" else -gap


def _why(heats: Sequence[Heat], label: str, item: str) -> tuple[str, ...]:
    """What was found in the draws that failed."""
    number, seed_id = _parts(item)
    kinds: dict[str, None] = {}
    for heat in heats:
        standing = heat.standings[label]
        if heat.number == number and standing.scores.get(seed_id) == 0:
            kinds |= dict.fromkeys(_faults(standing.trajectories[seed_id]))
    return tuple(kinds)


def _faults(trajectory: Trajectory) -> list[str]:
    found = [finding.kind for finding in trajectory.findings]
    return found or [f"{name} is 0" for name, value in trajectory.measures.items() if not value]


def _named(lineup: Lineup, item: str, why: Sequence[str]) -> dict[str, Any]:
    number, seed_id = _parts(item)
    return {"set": lineup.sets[number].name, "seed_id": seed_id, **({"why": list(why)} if why else {})}


def _seed_text(lineup: Lineup, number: int, seed_id: str) -> str:
    return next(seed.instruction.text for seed in lineup.sets[number].items if seed.id == seed_id)


def _parts(item: str) -> tuple[int, str]:
    number, _, seed_id = item.partition("/")
    return int(number), seed_id
