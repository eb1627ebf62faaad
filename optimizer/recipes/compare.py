"""Compare: methods, prompts and finished rows on the same items, and what that shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...agents.method_file import dump_method
from ..record.folder import ABLATION, COMPARISON
from ..record.run import Run
from ..record.seats import evolver_seats, seat_name
from ..record.settings import RoleSettings
from ..search.evaluate import Standing, Work, evaluate
from ..search.served import mixed_note, mixed_servers
from ..search.strategies import Strategies
from .contest.lineup import Lineup, load_lineup
from .contest.notes import kinship_notes
from .contest.outcome import comparison_object
from .contest.pairwise import SideBySide, show_side_by_side
from .contest.tally import Heat

__all__ = ["compare"]

_APART = 64  # samples of one draw (further looks of the judge, further answers) must not be those of the next


async def compare(run: Run, strategies: Strategies) -> str:
    """Everybody on every item, with every evolver, as often as asked; the value is the result in a few lines.

    Raises:
        SessionStopped: budget, key, quota or outage; `autoevol resume` goes on.
        UsageError: the seeds have changed since the run began.
        StorageError: the frozen rows of a contestant are missing or damaged.
    """
    settings = run.settings
    lineup = load_lineup(settings, run.folder)
    run.update(phase="compare", contestants=[player.label for player in lineup.players])
    if settings.compare.ablate:
        run.folder.write_text("method.md", dump_method(lineup.players[0].entrant.method))
    seats = evolver_seats(settings)
    sides = SideBySide() if settings.compare.pairwise else None
    heats = await _heats(run, strategies, lineup, seats, sides)
    _write_rows(run, lineup, seats, heats)
    run.write_judge()
    notes = [*lineup.notes, *kinship_notes(settings, seats), *_mixed(heats, seats), *_still(run, seats)]
    names = [seat_name(seat, settings) for seat in seats]
    record = comparison_object(settings, lineup, names, heats, notes, sides)
    run.folder.write_json(ABLATION if settings.compare.ablate else COMPARISON, record)
    run.update(items=sum(len(each.items) for each in lineup.sets))
    return "\n".join([*record["words"], *notes])


async def _heats(
    run: Run, strategies: Strategies, lineup: Lineup, seats: Sequence[RoleSettings], sides: SideBySide | None
) -> list[Heat]:
    """Set by set, evolver by evolver, draw by draw."""
    heats: list[Heat] = []
    total = len(lineup.sets) * len(seats) * run.settings.compare.run_seeds
    for number in range(len(lineup.sets)):
        for evolver, seat in enumerate(seats):
            bench = run if evolver == 0 and not run.settings.compare.evolvers else _with_evolver(run, seat)
            for draw in range(run.settings.compare.run_seeds):
                name = "compare" if total == 1 else f"compare, part {len(heats) + 1} of {total}"
                before = next((heat for heat in heats if (heat.number, heat.draw) == (number, draw)), None)
                standings = _standings(lineup, number, before)
                todo = [each for each in standings.values() if not each.scores]
                work = Work(f"compare/s{number + 1}/e{evolver + 1}/d{draw + 1}", name, None,
                            lineup.sets[number].items, draw * _APART)  # fmt: skip
                await evaluate(bench, strategies.dev, strategies.score, todo, work)
                heats.append(Heat(number, evolver, draw, standings))
                if sides is not None:
                    await show_side_by_side(bench, strategies.dev, lineup, heats[-1], draw * _APART, sides)
    return heats


def _standings(lineup: Lineup, number: int, before: Heat | None) -> dict[str, Standing]:
    """Empty ones; of those whose texts do not depend on the evolver what they showed with the first."""
    return {
        player.label: before.standings[player.label]
        if before is not None and player.fixed
        else Standing(player.contestant(number), {}, {})
        for player in lineup.players
    }


def _with_evolver(run: Run, seat: RoleSettings) -> Run:
    if run.recast is None:
        raise ValueError("this run cannot seat another evolver")
    return replace(run, team=run.recast(seat))


def _write_rows(run: Run, lineup: Lineup, seats: Sequence[RoleSettings], heats: Sequence[Heat]) -> None:
    """Every item of every contestant: `compare/NAME.jsonl`."""
    for player in lineup.players:
        run.folder.write_rows(
            f"compare/{player.label}.jsonl",
            (
                {
                    "set": lineup.sets[heat.number].name,
                    "evolver": None if player.fixed else seat_name(seats[heat.evolver], run.settings),
                    "draw": heat.draw,
                    **trajectory.as_row(standing.scores[seed_id], standing.parts.get(seed_id)),
                }
                for heat in heats
                if heat.evolver == 0 or not player.fixed
                for standing in [heat.standings[player.label]]
                for seed_id, trajectory in standing.trajectories.items()
            ),
        )


def _mixed(heats: Sequence[Heat], seats: Sequence[RoleSettings]) -> list[str]:
    """That not one model served a role, evolver by evolver."""
    found: list[str] = []
    for evolver in range(len(seats)):
        standings = [each for heat in heats if heat.evolver == evolver for each in heat.standings.values()]
        found.append(mixed_note(mixed_servers(standings)))
    return [note for note in dict.fromkeys(found) if note]


def _still(run: Run, seats: Sequence[RoleSettings]) -> list[str]:
    if run.settings.compare.run_seeds == 1 or any(seat.temperature for seat in seats):
        return []
    return ["The evolver draws at temperature 0: further draws show little but the noise of the endpoint."]
