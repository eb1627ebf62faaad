"""What is known of a comparison before anything is spent: who meets on what, and what could be shown."""

from __future__ import annotations

from collections.abc import Iterator

from ...record.seats import evolver_seats, seat_name
from ...record.settings import Settings
from ...scoring.power import smallest_difference
from .lineup import Lineup

__all__ = ["preview_lines"]

_KINDS = {"method": "method", "prompt": "prompt of your own", "rows": "finished rows"}
_DISCORDANCE = 0.4


def preview_lines(settings: Settings, lineup: Lineup, *, proving: bool) -> Iterator[str]:
    """For a person.

    Args:
        settings: of the run.
        lineup: who meets.
        proving: whether to work out what could be shown.
    """
    sets = ", ".join(f"{len(each.items):,} of {each.total:,} seeds of {each.name}" for each in lineup.sets)
    draws = settings.compare.run_seeds
    yield f"Items: {sets}{f', each drawn {draws} times' if draws > 1 else ''}."
    names = ", ".join(seat_name(seat, settings) for seat in evolver_seats(settings))
    yield f"Evolver: {names}."
    yield f"Contestants, held against '{lineup.baseline}':"
    for player in lineup.players:
        words = _KINDS[player.entrant.kind]
        if player.report is not None:
            words += f", {player.report.paired:,} of {player.report.read:,} rows paired"
        yield f"  {player.label}: {words}"
    yield from lineup.notes
    if proving:
        yield _provable(settings, lineup)


def _provable(settings: Settings, lineup: Lineup) -> str:
    players, items = len(lineup.players), sum(len(each.items) for each in lineup.sets)
    family = players - 1 if settings.compare.ablate else players * (players - 1) // 2
    found = smallest_difference(items, settings.search.alpha / max(1, family) / 2, _DISCORDANCE).difference
    start = f"Where two differ on {_DISCORDANCE:.0%} of the {items:,} items "
    if found is None:
        return f"{start}by a full point each, no difference between them can be shown: there are too few items."
    return f"{start}by a full point each, a difference of {found:.2f} in mean score is shown four times out of five."
