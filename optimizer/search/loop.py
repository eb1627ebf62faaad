"""The whole optimization on one page: batch → trajectories → findings → candidates → race → decision, until a stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...agents.messages import Case
from ...agents.method import Method
from ..dataset.seed import Seed
from ..record.run import Run
from .archive import retire
from .candidates import Proposed
from .decision import Decision
from .evaluate import Contestant, Standing, Work, evaluate
from .profile import wide_enough
from .proposers.field import Field
from .race import entrants
from .reserve import reason_to_save
from .steered import with_wishes, without_banned
from .strategies import Strategies
from .trail import Turn, write_turn

__all__ = ["Search", "search"]


@dataclass(frozen=True, slots=True)
class Search:
    """What the loop ended with: the method that goes on, its decisions, and why it stopped."""

    best: Method
    decisions: tuple[Decision, ...]
    stopped: str


async def search(run: Run, strategies: Strategies, start: Method) -> Search:
    """Look for a better method than `start` (Auto Evol-Instruct, section 3; profiles in docs/profiles.md).

    Raises:
        SessionStopped: budget, key, quota or outage; the course so far is in journal and events.
    """
    incumbent = Standing(Contestant("incumbent", start), {}, {})
    decisions: list[Decision] = []
    archive: list[Standing] = []
    field = Field(start, start)
    while not (stopped := _stop(run, strategies, decisions, incumbent.contestant.method)):
        step = len(decisions)
        place = f"steps/{step:03d}"
        run.update(step=step, phase="batch")
        batch, cases = await _batch(run, strategies, incumbent.contestant.method, step)
        field = field.led_by(incumbent.contestant.method)
        run.at(f"{place}/analysis", step, field.incumbent)
        field = field.barring(run.banned)
        proposed = await strategies.propose(run, step, field, cases)
        run.at(f"{place}/race", step, field.incumbent)
        proposed = with_wishes(run, step, field, cases, proposed)
        if not strategies.keeps_scores:
            incumbent = Standing(incumbent.contestant, {}, {})
        standings = entrants(incumbent, proposed)
        dev = strategies.dev_of(run.split, step)
        met = frozenset(incumbent.scores)
        await strategies.race(run, step, standings, dev, decisions)
        run.at(f"{place}/decision", step, field.incumbent)
        raced = bool(standings[1:])
        decision = strategies.decide(step, standings, dev, decisions) if raced else _unraced(proposed)
        decision = wide_enough(decision, standings, strategies.narrowing)
        decision = _spent(without_banned(run, decision, standings), standings, met)
        findings = [finding for one in proposed if one.analysis for finding in one.analysis.findings]
        field = field.after(run.settings.run_seed, step, standings, decision, findings)
        decisions.append(decision)
        if decision.accepted is not None:
            archive = retire(archive, incumbent)
            incumbent = _leading(standings[decision.accepted])
        archive = [earlier for earlier in archive if not run.bans(earlier.contestant.method)]
        back = strategies.look_back(incumbent, archive)
        if back is not None and back.accepted is not None:
            earlier = archive[back.accepted]
            archive = retire(archive, incumbent)
            field = field.without(incumbent.contestant.method.id)
            incumbent = _leading(earlier)
        write_turn(run, Turn(step, batch, proposed, standings, decision, incumbent, back))
        for one in filter(None, (decision, back)):
            run.watcher.note(f"Step {step + 1}: {one.reason}")
    return Search(incumbent.contestant.method, tuple(decisions), stopped)


def _stop(run: Run, strategies: Strategies, decisions: Sequence[Decision], incumbent: Method) -> str:
    """Why there is no further step; what looks at the spending is put on record, so it comes last."""
    step = len(decisions)
    run.at(f"steps/{step:03d}/begin", step, incumbent)
    nothing = "" if strategies.dev_of(run.split, len(decisions)) else "there are no dev seeds to decide on"
    return strategies.stop(decisions) or nothing or reason_to_save(run, len(decisions))


async def _batch(run: Run, strategies: Strategies, method: Method, step: int) -> tuple[Standing, list[Case]]:
    """Evolve a mini-batch of training seeds with the incumbent, where somebody reads it."""
    seeds: Sequence[Seed] = strategies.batch_of(run.split, step) if strategies.propose.reads_cases else ()
    standing = Standing(Contestant("incumbent", method), {}, {})
    work = Work(f"steps/{step:03d}/batch", "batch", step, seeds)
    await evaluate(run, strategies.batch, strategies.batch_score, [standing], work)
    # Scores of a batch that was not answered say nothing.
    scores = standing.scores if strategies.batch.answer else {}
    return standing, [standing.trajectories[seed.id].case(scores.get(seed.id)) for seed in seeds]


def _leading(standing: Standing) -> Standing:
    """A standing as that of the incumbent, with all it has shown."""
    contestant = Contestant("incumbent", standing.contestant.method)
    return Standing(contestant, standing.trajectories, standing.scores, parts=standing.parts)


def _spent(decision: Decision, standings: Sequence[Standing], met: frozenset[str]) -> Decision:
    """The decision with what its race took: the incumbent's items that it had not met, and all of the candidates'."""
    incumbent, *candidates = standings
    raced = [t for seed, t in incumbent.trajectories.items() if seed not in met]
    raced += [t for one in candidates for t in one.trajectories.values()]
    costs = [trajectory.cost for trajectory in raced]
    usd = None if None in costs else sum(cost for cost in costs if cost is not None)
    return replace(decision, calls=sum(len(trajectory.calls) for trajectory in raced), usd=usd)


def _unraced(proposed: Sequence[Proposed]) -> Decision:
    """What is decided where nobody came to race the incumbent."""
    why = "the search itself preferred it" if any(one.shown for one in proposed) else "no proposal passed the checks"
    return Decision(None, f"Kept the incumbent: {why}.", ())
