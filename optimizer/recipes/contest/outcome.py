"""The record of a comparison, as `compare.json` holds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast

from ...record.settings import Settings
from ...scoring.examine.menu import price_of_item
from ...scoring.ranking import Duel, duels, places
from ...scoring.strengths import bradley_terry, by_scores
from .differences import example_rows, regressions
from .lineup import Lineup
from .pairwise import SideBySide, pairwise_object
from .rounding import rounded
from .tally import Heat, by_item, finding_rows, player_row, score_of, transfer_rows
from .verdicts import sentences

__all__ = ["comparison_object"]


def comparison_object(
    settings: Settings, lineup: Lineup, evolvers: Sequence[str], heats: Sequence[Heat], notes: Sequence[str],
    sides: SideBySide | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Everything that a comparison found, as plain JSON values; figures are rounded to six digits.

    Args:
        settings: of the run.
        lineup: who met.
        evolvers: names of the evolver's models.
        heats: what they showed.
        notes: what a reader has to know before any figure.
        sides: what the judge said of texts side by side, where it was asked.
    """
    labels = [player.label for player in lineup.players]
    alpha, seed = settings.search.alpha, settings.run_seed
    scores = by_item(heats, labels, score_of)
    # Taken apart, a method is held against each part alone; else everybody is held against everybody.
    against = lineup.baseline if settings.compare.ablate else None
    found = duels(scores, alpha=alpha, run_seed=seed, against=against)
    cells = len(lineup.sets) * len(evolvers)
    record: dict[str, Any] = {
        "baseline": lineup.baseline,
        "profile": settings.profile,
        "alpha": alpha,
        "sets": [
            {"name": each.name, "source": each.source, "seeds": each.total, "items": len(each.items)}
            for each in lineup.sets
        ],
        "evolvers": list(evolvers),
        "judge": settings.roles.judge.model if "judge" in price_of_item(settings) else None,
        "run_seeds": settings.compare.run_seeds,
        "contestants": [player_row(lineup, player, heats, seed) for player in lineup.players],
        "pairs": [asdict(duel) for duel in found],
        "ranking": _ranking(lineup, scores, found, seed),
        "findings": finding_rows(heats, labels, lineup.baseline, alpha, seed),
        "transfer": transfer_rows(lineup, evolvers, heats, alpha, seed) if cells > 1 else [],
        "regressions": regressions(lineup, heats),
        "examples": example_rows(lineup, heats),
        "clauses": _clauses(lineup, found) if settings.compare.ablate else [],
        "side_by_side": None if sides is None else pairwise_object(sides, lineup, alpha, seed),
        "notes": list(notes),
    }
    record["words"] = sentences(record)
    return cast("dict[str, Any]", rounded(record))


def _ranking(
    lineup: Lineup, scores: Mapping[str, Mapping[str, float]], found: Sequence[Duel], seed: int
) -> list[dict[str, Any]]:
    """Best mean first; places and groups are what the evidence leaves, strengths describe."""
    strengths = bradley_terry(list(scores), by_scores(scores), lineup.baseline, seed)
    means = {label: sum(each.values()) / len(each) if each else -1.0 for label, each in scores.items()}
    rows: list[dict[str, Any]] = []
    order = sorted(scores, key=lambda label: (-means[label], list(scores).index(label)))
    for place in places(order, found):
        strength = strengths.get(place.label)
        bradley = strength and {**asdict(strength), "chance": strength.chance}
        rows.append({**asdict(place), "bradley_terry": bradley})
    return rows


def _clauses(lineup: Lineup, found: Sequence[Duel]) -> list[dict[str, Any]]:
    """What each clause is worth: the whole method less the method without it, most first."""
    whole = lineup.players[0].entrant.method
    rows: list[dict[str, Any]] = []
    by_label = {duel.second: duel for duel in found}
    for player in lineup.players[1:]:
        number = _missing_clause(whole.clauses, player.entrant.method.clauses)
        duel = by_label[player.label]
        origin = asdict(whole.origins[number - 1]) if len(whole.origins) == len(whole.clauses) else None
        shown = {"": "", duel.first: "helps", duel.second: "hurts"}[duel.better]
        rows.append(
            {
                "clause": number, "text": whole.clauses[number - 1], "worth": -duel.difference, "low": -duel.high,
                "high": -duel.low, "helped": duel.losses, "hurt": duel.wins, "ties": duel.ties,
                "p_adjusted": duel.p_adjusted, "p_sign": duel.p_sign, "shown": shown, "provable": duel.provable,
                "origin": origin,
            }
        )  # fmt: skip
    return sorted(rows, key=lambda row: (-row["worth"], row["clause"]))


def _missing_clause(whole: Sequence[str], rest: Sequence[str]) -> int:
    """The number of the clause that was taken out, from 1."""
    return next(n for n in range(1, len(whole) + 1) if (*whole[: n - 1], *whole[n:]) == tuple(rest))
