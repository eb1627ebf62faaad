"""How much a comparison asks of whom, for its estimate."""

from __future__ import annotations

from itertools import combinations

from ...record.estimate import Bout
from ...record.seats import evolver_seats
from ...record.settings import Settings
from .lineup import Lineup
from .players import Player

__all__ = ["bouts_of"]


def bouts_of(settings: Settings, lineup: Lineup) -> tuple[Bout, ...]:
    """One for each evolver. Contestants whose texts are fixed are met with the first one alone."""
    draws = settings.compare.run_seeds
    found: list[Bout] = []
    for number, seat in enumerate(evolver_seats(settings)):
        playing = [player for player in lineup.players if number == 0 or not player.fixed]
        evolved = sum(_items(player, lineup) for player in playing if not player.fixed)
        least = sum(_items(player, lineup) for player in lineup.players if not player.fixed)
        found.append(
            Bout(
                seat,
                evolved=draws * evolved,
                answered=draws * sum(_items(player, lineup, unanswered=True) for player in playing),
                judged=draws * sum(_items(player, lineup) for player in playing),
                least=draws * least,
                duels=draws * _duels(lineup) if settings.compare.pairwise else 0,
            )
        )
    return tuple(found)


def _items(player: Player, lineup: Lineup, *, unanswered: bool = False) -> int:
    """Items that a contestant meets; only those that it brings no answer to."""
    if player.given is None:
        return sum(len(each.items) for each in lineup.sets)
    texts = [each for given in player.given for each in given.values()]
    return sum(each.response is None for each in texts) if unanswered else len(texts)


def _duels(lineup: Lineup) -> int:
    """Pairs of contestants times the items that both have."""
    total = 0
    for one, other in combinations(lineup.players, 2):
        for number, each in enumerate(lineup.sets):
            total += sum(
                one.contestant(number).meets(seed) and other.contestant(number).meets(seed) for seed in each.items
            )
    return total
