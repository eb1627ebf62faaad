"""The test split, once: is the chosen method better than the start, than doing nothing, than just being longer?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from ...agents.method import Method
from ...agents.method_file import load_method
from ..dataset.draws import generator
from ..dataset.seed import Seed
from ..record.run import Run
from ..scoring.statistics import Comparison, compare_paired
from .evaluate import Contestant, Standing, Work, evaluate
from .profile import profile_row
from .served import mixed_note, mixed_servers
from .strategies import Strategies
from .trail import standing_row

__all__ = ["Confirmation", "confirm"]

HUMAN = "evol-instruct"
"""The method designed by people, at the same cost: one of its operations for each seed, drawn at random."""
CONTROLS = ("identity", "just-longer")

Verdict = Literal["confirmed", "not confirmed", "unchanged", "no test split", "a control wins"]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What the test split said.

    Args:
        verdict: the outcome in a word.
        reason: one sentence for people.
        method: the method to apply, or None where a control was better.
    """

    verdict: Verdict
    reason: str
    method: Method | None


async def confirm(run: Run, strategies: Strategies, start: Method, best: Method) -> Confirmation:
    """Score start, best and both controls once on test, with answers that nothing was chosen by (design, law 6).

    A published profile has no such test in its paper; the separate split binds it all the same (design, section 7).
    """
    test = run.split.test
    if not test:
        outcome = Confirmation("no test split", "There was no test split to confirm the method on.", best)
        _write(run, outcome, [], {})
        return outcome
    standings = _contestants(start, best)
    await evaluate(run, strategies.dev, strategies.score, standings, Work("test", "test", None, test))
    by_label = {standing.contestant.label: standing for standing in standings}
    chosen = by_label.get("best", by_label["start"])
    against = {
        label: _compare(run, standing, chosen, test) for label, standing in by_label.items() if standing is not chosen
    }
    outcome = _outcome(run, start, best, chosen, by_label, against)
    outcome = replace(outcome, reason=f"{outcome.reason} {_human_note(against[HUMAN])}")
    _write(run, outcome, standings, against)
    for standing in standings:
        rows = (t.as_row(standing.scores[seed], standing.parts.get(seed)) for seed, t in standing.trajectories.items())
        run.folder.write_rows(f"test/{standing.contestant.label}.jsonl", rows)
    return outcome


def _contestants(start: Method, best: Method) -> list[Standing]:
    language = start.language
    field = [Contestant("start", start)]
    if best.id != start.id:
        field.append(Contestant("best", best))
    field += [Contestant(label, load_method(label, language)) for label in (HUMAN, *CONTROLS)]
    return [Standing(contestant, {}, {}) for contestant in field]


def _compare(run: Run, old: Standing, new: Standing, test: Sequence[Seed]) -> Comparison:
    search = run.settings.search
    rng = generator(run.settings.run_seed, f"bootstrap/test/{old.contestant.label}")
    return compare_paired(old.values(test), new.values(test), alpha=search.confirm_alpha, margin=search.margin, rng=rng)


def _outcome(
    run: Run, start: Method, best: Method, chosen: Standing, by_label: dict[str, Standing],
    against: dict[str, Comparison],
) -> Confirmation:  # fmt: skip
    for control in CONTROLS:
        back = compare_paired(
            chosen.values(run.split.test), by_label[control].values(run.split.test),
            alpha=run.settings.search.confirm_alpha, margin=0.0,
            rng=generator(run.settings.run_seed, f"bootstrap/{control}"),
        )  # fmt: skip
        if back.better:
            reason = f"The control '{control}' is better than the method by {back.difference:.3f} on test."
            return Confirmation("a control wins", reason, None)
    if best.id == start.id:
        return Confirmation(
            "unchanged", "The search kept the starting method; on test it was only held against the controls.", start
        )
    result = against["start"]
    interval = f"95 % interval {result.low:+.3f} to {result.high:+.3f}"
    figures = f"difference {result.difference:+.3f}, {interval}, p = {result.p:.2g}"
    if result.better:
        return Confirmation("confirmed", f"Better than the start on test ({figures}).", best)
    reason = f"No better than the start on test ({figures})."
    done = "applied" if run.settings.apply else "kept"
    if run.settings.search.apply_unconfirmed:
        return Confirmation("not confirmed", f"{reason} It is {done} all the same, as the settings say.", best)
    return Confirmation("not confirmed", f"{reason} The starting method is {done}.", start)


def _human_note(found: Comparison) -> str:
    """How the method stands against the one that people designed; nothing is decided by it."""
    said = "better" if found.better else "worse" if found.high < 0 else "neither is proven better"
    if found.low > 0 and not found.better:
        said = f"but too few items differ ({found.wins + found.losses} of {found.n}) to prove it better"
    return (
        f"Against Evol-Instruct as people designed it, at the same cost: {found.difference:+.3f} "
        f"({found.low:+.3f} to {found.high:+.3f}, p = {found.p:.2g}), {said}."
    )


def _write(run: Run, outcome: Confirmation, standings: Sequence[Standing], against: dict[str, Comparison]) -> None:
    mixed = mixed_servers(standings)
    row: dict[str, Any] = {
        "verdict": outcome.verdict,
        "reason": f"{outcome.reason} {mixed_note(mixed)}".strip(),
        **({"served": mixed} if mixed else {}),
        "method_id": outcome.method.id if outcome.method else None,
        "standings": [{**standing_row(standing), **profile_row(standing)} for standing in standings],
        "against": {label: asdict(comparison) for label, comparison in against.items()},
    }
    run.folder.write_json("test/confirmation.json", row)
    run.write_judge()
    run.update(confirmation=outcome.verdict)
