"""From what the contestants showed to scores by item, and from those to the figures of the record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import median
from typing import Any

from ....agents.messages import Call
from ...scoring.diversity import diversity_of, spread_of
from ...scoring.ranking import Duel, duels, holm, mean_interval
from ...scoring.texts import units
from ...search.evaluate import Standing
from ...search.trajectory import Trajectory
from .lineup import Lineup
from .players import Player

__all__ = ["Heat", "by_item", "finding_rows", "player_row", "score_of", "transfer_rows"]

Value = Callable[[Trajectory, float], float]


@dataclass(frozen=True, slots=True)
class Heat:
    """Everybody once on the items of one set.

    Args:
        number: of the set, from 0.
        evolver: number of the evolver's model, from 0.
        draw: which draw, from 0.
        standings: what each contestant showed, by its name. A contestant whose texts do not depend on the evolver has
            the same standing with all of them.
    """

    number: int
    evolver: int
    draw: int
    standings: Mapping[str, Standing]


def by_item(heats: Sequence[Heat], labels: Sequence[str], value: Value) -> dict[str, dict[str, float]]:
    """By contestant and item the mean of a value over evolvers and draws; an item it has nothing for is not there.

    So that what is counted are items: several draws of one item are no further evidence on other items.
    """
    sums: dict[str, dict[str, list[float]]] = {label: {} for label in labels}
    for heat in heats:
        for label in labels:
            standing = heat.standings[label]
            for seed_id, trajectory in standing.trajectories.items():
                found = value(trajectory, standing.scores[seed_id])
                sums[label].setdefault(f"{heat.number}/{seed_id}", []).append(found)
    return {label: {item: sum(values) / len(values) for item, values in items.items()} for label, items in sums.items()}


def score_of(_: Trajectory, score: float) -> float:
    """The score itself."""
    return score


def player_row(lineup: Lineup, player: Player, heats: Sequence[Heat], run_seed: int) -> dict[str, Any]:
    """A contestant's own figures."""
    label, entrant = player.label, player.entrant
    scores = list(by_item(heats, [label], score_of)[label].values())
    items = sum(len(each.items) for each in lineup.sets)
    mean = sum(scores) / len(scores) if scores else None
    low, high = mean_interval(scores, run_seed, label) if scores else (None, None)
    shown = [standing for heat in _own(player, heats) for standing in [heat.standings[label]]]
    return {
        "label": label,
        "kind": entrant.kind,
        "source": entrant.source,
        "method_id": None if player.given is not None else entrant.method.id,
        "clauses": [] if player.given is not None else list(entrant.method.clauses),
        "items": len(scores),
        "missing": items - len(scores),
        "mean": mean,
        "low": low,
        "high": high,
        "mean_if_missing_failed": sum(scores) / items if items else None,
        "rows": None if player.report is None else asdict(player.report),
        **_texts([heat.standings[label] for heat in heats if (heat.evolver, heat.draw) == (0, 0)]),
        "cost": _costs(call for standing in shown for each in standing.trajectories.values() for call in each.calls),
    }


def finding_rows(heats: Sequence[Heat], labels: Sequence[str], baseline: str, alpha: float, run_seed: int) -> list[Any]:
    """For each class of finding the share of items that have it, and against the baseline whether that is chance.

    All classes and contestants share the level.
    """
    kinds: Counter[str] = Counter()
    for heat in heats:
        for standing in heat.standings.values():
            kinds.update(kind for each in standing.trajectories.values() for kind in {f.kind for f in each.findings})
    rows: list[Any] = []
    tests: list[tuple[int, Duel]] = []
    for kind, _ in sorted(kinds.items(), key=lambda each: (-each[1], each[0])):
        shares = by_item(heats, labels, _has(kind))
        means = {label: sum(each.values()) / len(each) if each else None for label, each in shares.items()}
        found = duels(shares, alpha=alpha, run_seed=run_seed, against=baseline, purpose=f"finding/{kind}")
        tests += [(len(rows), duel) for duel in found]
        rows.append({"kind": kind, "shares": means, "changes": {}})
    for (place, duel), p in zip(tests, holm([duel.p for _, duel in tests]), strict=True):
        rows[place]["changes"][duel.second] = {
            "difference": duel.difference, "low": duel.low, "high": duel.high, "p_adjusted": p, "shown": p <= alpha,
        }  # fmt: skip
    return rows


def transfer_rows(
    lineup: Lineup, evolvers: Sequence[str], heats: Sequence[Heat], alpha: float, run_seed: int
) -> list[dict[str, Any]]:
    """Each set with each evolver by itself: means, and differences to the baseline. All cells share the level."""
    labels = [player.label for player in lineup.players]
    rows: list[dict[str, Any]] = []
    tests: list[tuple[dict[str, Any], Duel]] = []
    for number, each in enumerate(lineup.sets):
        for evolver, model in enumerate(evolvers):
            here = [heat for heat in heats if (heat.number, heat.evolver) == (number, evolver)]
            scores = by_item(here, labels, score_of)
            purpose = f"transfer/{number}/{evolver}"
            found = duels(scores, alpha=alpha, run_seed=run_seed, against=lineup.baseline, purpose=purpose)
            for label in labels:
                values = list(scores[label].values())
                mean = sum(values) / len(values) if values else None
                row = {"set": each.name, "evolver": model, "label": label, "items": len(values), "mean": mean}
                rows.append(row)
                tests += [(row, duel) for duel in found if duel.second == label and duel.n]
    for (row, duel), p in zip(tests, holm([duel.p for _, duel in tests]), strict=True):
        shown = p <= alpha and duel.difference != 0
        row |= {"difference": duel.difference, "low": duel.low, "high": duel.high, "p_adjusted": p, "shown": shown}
    return rows


# ---------------------------------------------------------------- parts


def _own(player: Player, heats: Sequence[Heat]) -> Iterator[Heat]:
    """The heats in which it was really asked: one whose texts are fixed is asked with the first evolver alone."""
    return (heat for heat in heats if not player.fixed or heat.evolver == 0)


def _has(kind: str) -> Value:
    return lambda trajectory, _: float(any(finding.kind == kind for finding in trajectory.findings))


def _texts(shown: Sequence[Standing]) -> dict[str, Any]:
    """Diversity and median growth in words of its evolved texts, with the first evolver in the first draw."""
    evolved = [(each.stages[0], each.evolved) for standing in shown for each in standing.trajectories.values()]
    texts = [(seed, text) for seed, text in evolved if text is not None]
    growth = [units(text) / max(1, units(seed)) for seed, text in texts]
    vectors = [each.vector for standing in shown for each in standing.trajectories.values() if each.vector]
    spread = spread_of(vectors)
    return {
        "growth": median(growth) if growth else None,
        "diversity": replace(diversity_of([text for _, text in texts]), spread=spread).as_row(),
    }


def _costs(calls: Iterator[Call]) -> dict[str, Any]:
    """By role: calls, tokens in and out, USD (None where a price is unknown)."""
    roles: dict[str, list[Call]] = {}
    for call in calls:
        roles.setdefault(call.role, []).append(call)
    return {
        role: {
            "calls": len(found),
            "input_tokens": sum(call.input_tokens for call in found),
            "output_tokens": sum(call.output_tokens for call in found),
            "usd": None if None in [call.cost for call in found] else sum(call.cost or 0.0 for call in found),
        }
        for role, found in sorted(roles.items())
    }
