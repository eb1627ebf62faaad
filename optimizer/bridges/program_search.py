"""The search for better instructions of a program: batch → analysis → candidates → race → decision; then once test.

The loop is that of `optimizer/search/loop.py`, and so are its judges: the referee's rungs, evidence on items that did
not choose the leader, the level of a run shared by its steps, stop rules, and one confirmation on held-out examples.
What differs is what is raced: a wording of a program instead of an evolving method, scored by the user's metric.
Everything is a function of settings, examples and answers, so to go on is to run again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ...agents.gateway.errors import UsageError
from ...agents.messages import Edit, MethodFinding
from ..dataset.draws import generator
from ..dataset.seed import Seed
from ..record.rungs import most_scores
from ..record.settings import Settings
from ..scoring.statistics import Comparison, compare_paired
from ..search.decision import Decision, Evidence, PairedEvidence, replay
from ..search.evaluate import Contestant, Standing
from ..search.proposers.field import Field
from ..search.published import batches_of, dev_slices
from ..search.referee import Rules
from ..search.stopping import AfterSteps, BelowRegret, Stop, TooFew, WithoutChange
from .one_use import Rollout
from .program_examples import Examples
from .program_offers import Memory, Offer, Proposers, as_method
from .program_parts import Wording, with_wording
from .rollouts import TEST, Bench, Entrant

__all__ = ["Candidate", "Confirmed", "Found", "ProgramSearch", "Round", "Verdict"]

Verdict = Literal["confirmed", "not confirmed", "unchanged", "no test examples"]


@dataclass(slots=True)
class Candidate:
    """A wording that raced.

    Args:
        index: its place among all of them, 0 for the start.
        wording: its instructions.
        parent: index of the one that it was made from; None for the start.
        found_at: uses of programs before it was there.
        standing: what it showed on the examples that decide.
        rollouts: of these, by the example's id.
    """

    index: int
    wording: Wording
    parent: int | None
    found_at: int
    standing: Standing
    rollouts: dict[str, Rollout] = field(default_factory=dict[str, Rollout])


@dataclass(frozen=True, slots=True)
class Round:
    """A step: what it learned from, what was proposed, who met whom, what was decided."""

    step: int
    batch: Mapping[str, Rollout]
    offers: tuple[Offer, ...]
    raced: tuple[int, ...]
    decision: Decision


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What the held-out examples said. `scores` are those of the start and of the chosen wording."""

    verdict: Verdict
    reason: str
    comparison: Comparison | None = None
    scores: tuple[Mapping[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """What the search ended with.

    Args:
        candidates: all that raced, the start first.
        rounds: the steps.
        stopped: why there was no further one.
        leader: index of the last incumbent.
        best: index of what is to be used: the leader, or the start where the test did not confirm it.
        confirmed: what the test said.
    """

    candidates: tuple[Candidate, ...]
    rounds: tuple[Round, ...]
    stopped: str
    leader: int
    best: int
    confirmed: Confirmed


@dataclass(slots=True)
class ProgramSearch:
    """The search, ready to run.

    Args:
        settings: `search` and `run_seed` count.
        bench: where programs are tried.
        proposers: who makes candidates.
        program: whose instructions are searched.
        start: the instructions that it has.
        examples: split.
        most_uses: at most so many uses of programs; None for any number.
        notice: takes single lines for the person.
        keep: is told of every step when it is over.
    """

    settings: Settings
    bench: Bench
    proposers: Proposers
    program: Any
    start: Wording
    examples: Examples
    most_uses: int | None
    notice: Callable[[str], None]
    keep: Callable[[Round, Sequence[Candidate]], None]
    candidates: list[Candidate] = field(default_factory=list[Candidate])
    rounds: list[Round] = field(default_factory=list[Round])

    async def __call__(self) -> Found:
        """Search, and confirm.

        Raises:
            SessionStopped: budget, key, quota or outage; the course so far is in the journal.
            UsageError: the program fails on everything, the metric gives no scores, or `most_uses` is too small.
        """
        incumbent = self._candidate(self.start, None, "incumbent")
        stop = _stop_rule(self.settings)
        while not (stopped := stop([one.decision for one in self.rounds]) or self._used_up(incumbent)):
            incumbent = await self._step(len(self.rounds), incumbent)
        confirmed = await self._confirm(incumbent)
        kept = confirmed.verdict == "confirmed" or self.settings.search.apply_unconfirmed
        best = incumbent.index if kept else 0
        self.notice(confirmed.reason)
        return Found(tuple(self.candidates), tuple(self.rounds), stopped, incumbent.index, best, confirmed)

    # ---------------------------------------------------------------- a step

    async def _step(self, step: int, incumbent: Candidate) -> Candidate:
        search, split = self.settings.search, self.examples.split
        seeds = batches_of(self.settings.run_seed, search.batch, in_turn=False, overlapping=False)(split, step)
        batch = await self._batch(step, incumbent, seeds)
        seen = [(self.examples.items[name], rollout) for name, rollout in batch.items()]
        offers = await self.proposers(step, incumbent.wording, seen, self._memory(incumbent, step))
        new = [
            self._candidate(offer.wording, incumbent.index, f"c{offer.number}")
            for offer in offers if offer.wording is not None and not offer.problems
        ]  # fmt: skip
        self.notice(_begun(step, batch, offers, len(new)))
        scored, failed = self.bench.scored, self.bench.failed
        dev = dev_slices(self.settings.run_seed, search.dev, "quarter", overlapping=False)(split, step)
        decision = await self._race(step, [incumbent, *new], dev)
        raced = tuple(one.index for one in (incumbent, *new))
        self.rounds.append(Round(step, batch, tuple(offers), raced, decision))
        self.keep(self.rounds[-1], self.candidates)
        failures = _failures(self.bench.failed - failed, self.bench.scored - scored)
        self.notice(f"Step {step + 1}: {decision.reason}{failures}")
        if decision.accepted is None:
            return incumbent
        chosen = new[decision.accepted - 1]
        chosen.standing = replace(chosen.standing, contestant=Contestant("incumbent", as_method(chosen.wording)))
        return chosen

    async def _batch(self, step: int, incumbent: Candidate, seeds: Sequence[Seed]) -> Mapping[str, Rollout]:
        program = with_wording(self.program, incumbent.wording)
        stage, items = f"steps/{step:03d}/batch", self.examples.of(seeds)
        (batch,) = await self.bench.roll(stage, [Entrant("incumbent", program, items)], parts=True)
        failures = [one.failure for one in batch.values() if one.failure]
        if not step and len(failures) == len(batch):
            # That a program fails on everything is no score but a mistake, such as a field of a wrong name.
            raise UsageError(
                f"The program failed on all {len(batch)} examples of the first batch, first with: {failures[0]}",
                fix="See that it runs on one example: program(**example.inputs()).",
            )
        return batch

    async def _race(self, step: int, field_: Sequence[Candidate], dev: Sequence[Seed]) -> Decision:
        """The rungs of the referee; of the incumbent only items that it has not met are asked."""
        past = [one.decision for one in self.rounds]
        if len(field_) == 1:
            return Decision(None, "Kept the incumbent: no proposal passed the checks.", ())
        evidence = _evidence(self.settings)
        standings = [one.standing for one in field_]
        referee = evidence.referee(len(field_) - 1, len(dev), evidence.level(past))
        programs = [with_wording(self.program, one.wording) for one in field_]
        while heat := referee.heat:
            items = self.examples.of(dev[heat.start : heat.stop])
            entrants = [
                Entrant(standings[at].contestant.label, programs[at],
                        [item for item in items if item.id not in standings[at].scores])
                for at in heat.contestants
            ]  # fmt: skip
            rolled = await self.bench.roll(f"steps/{step:03d}/dev", entrants)
            for at, rollouts in zip(heat.contestants, rolled, strict=True):
                field_[at].rollouts.update(rollouts)
                standings[at].scores.update({name: one.score for name, one in rollouts.items()})
            replay(referee, standings, dev)
        for leave in referee.left:
            if leave.at < len(dev):
                standings[leave.candidate].dropped_at = leave.at
        return PairedEvidence(evidence)(step, standings, dev, past)

    # ---------------------------------------------------------------- what earlier steps tell

    def _memory(self, incumbent: Candidate, step: int) -> Memory:
        edits: dict[str, list[Edit]] = {}
        found: dict[str, list[tuple[int, MethodFinding]]] = {}
        for one in self.rounds:
            for offer in one.offers:
                found.setdefault(offer.part, []).extend((one.step, finding) for finding in offer.findings)
            old = self.candidates[one.raced[0]]
            for place, index in enumerate(one.raced[1:], 1):
                new = self.candidates[index]
                accepted = one.decision.accepted == place
                edits.setdefault(new.wording.part, []).append(self._effect(old, new, accepted=accepted))
        any_method = as_method(incumbent.wording)
        earlier = {
            part: Field(any_method, any_method, found=tuple(rows)).recurring(step) for part, rows in found.items()
        }
        tried = frozenset(candidate.wording.id for candidate in self.candidates)
        return Memory({part: tuple(rows) for part, rows in edits.items()}, earlier, tried)

    def _effect(self, old: Candidate, new: Candidate, *, accepted: bool) -> Edit:
        lines = tuple(new.wording.of(new.wording.part).splitlines())
        shared = [name for name in new.standing.scores if name in old.standing.scores]
        if not shared:
            return Edit(new.wording.why, lines, None, accepted)
        compared = compare_paired(
            [old.standing.scores[name] for name in shared], [new.standing.scores[name] for name in shared],
            alpha=0.05, margin=0.0, rng=generator(self.settings.run_seed, "bootstrap/edit", new.index),
        )  # fmt: skip
        return Edit(new.wording.why, lines, compared.difference, accepted, len(shared), compared.low, compared.high)

    # ---------------------------------------------------------------- the end

    async def _confirm(self, leader: Candidate) -> Confirmed:
        if leader.index == 0:
            return Confirmed("unchanged", "No better instructions were found; those of the program are kept.")
        test, search = self.examples.split.test, self.settings.search
        kept = "They are used all the same." if search.apply_unconfirmed else "The program's own are kept."
        if not test:
            return Confirmed("no test examples", f"There are no examples to confirm the new instructions on. {kept}")
        chosen = (self.candidates[0], leader)
        entrants = [
            Entrant(label, with_wording(self.program, one.wording), self.examples.of(test))
            for label, one in zip(("start", "best"), chosen, strict=True)
        ]
        before, after = await self.bench.roll(TEST, entrants)
        scores = [{name: one.score for name, one in rolled.items()} for rolled in (before, after)]
        result = compare_paired(
            list(scores[0].values()), list(scores[1].values()), alpha=search.confirm_alpha,
            margin=search.margin, rng=generator(self.settings.run_seed, "bootstrap/test/start"),
        )  # fmt: skip
        figures = (
            f"{result.difference:+.3f}, 95 % interval {result.low:+.3f} to {result.high:+.3f}, p = {result.p:.2g}, "
            f"{result.n} held-out examples"
        )
        if result.better:
            return Confirmed(
                "confirmed", f"Better than the program's own instructions ({figures}).", result, (*scores,)
            )
        reason = f"Not confirmed as better than the program's own instructions ({figures}). {kept}"
        return Confirmed("not confirmed", reason, result, (*scores,))

    @property
    def most(self) -> int:
        """How often the program is used at most, if nobody leaves a race early and the test is made."""
        search, split = self.settings.search, self.examples.split
        race = most_scores(search.rungs, search.choosing, search.candidates, len(split.dev))
        return len(split.dev) + search.steps * (search.batch + race) + 2 * len(split.test)

    def _used_up(self, incumbent: Candidate) -> str:
        """Why another step does not fit into the uses that are granted, at its worst and with the test to come."""
        if self.most_uses is None:
            return ""
        search, dev = self.settings.search, len(self.examples.split.dev)
        unmet = dev - len(incumbent.standing.scores)
        step = search.batch + unmet + most_scores(search.rungs, search.choosing, search.candidates, dev)
        needed = step + 2 * len(self.examples.split.test)
        left = self.most_uses - self.bench.scored
        if needed > left and not self.rounds:
            raise UsageError(
                f"max_metric_calls is {self.most_uses}; one step and the confirmation may take {needed}.",
                fix="Allow more, or fewer search.candidates, search.dev or search.test.",
            )
        return f"{left} uses of the program are left, and another step may take {step}" if needed > left else ""

    def _candidate(self, wording: Wording, parent: int | None, label: str) -> Candidate:
        standing = Standing(Contestant(label, as_method(wording)), {}, {})
        candidate = Candidate(len(self.candidates), wording, parent, self.bench.scored, standing)
        self.candidates.append(candidate)
        return candidate


def _begun(step: int, batch: Mapping[str, Rollout], offers: Sequence[Offer], racing: int) -> str:
    """How a step begins, in a line: the batch, and who races."""
    mean = sum(one.score for one in batch.values()) / len(batch)
    why = "; ".join(dict.fromkeys(offer.problems[0] for offer in offers if offer.problems))
    said = f"Step {step + 1}: {mean:.2f} on a batch of {len(batch)}"
    said += f"{_failures(sum(bool(one.failure) for one in batch.values()), len(batch))}; "
    said += f"{racing} of {len(offers)} candidates race"
    return f"{said} (others: {why})." if why else f"{said}."


def _failures(failed: int, uses: int) -> str:
    """The share of uses that failed and so score 0, where there are any: it may not be the instructions' fault."""
    return f" ({failed} of {uses} uses failed, {failed / uses:.0%})" if failed else ""


def _evidence(settings: Settings) -> Evidence:
    search = settings.search
    return Evidence(Rules(search.rungs, search.margin, search.choosing), search.alpha, search.steps, search.least_dev)


def _stop_rule(settings: Settings) -> Stop:
    search = settings.search
    stop: Stop = AfterSteps(search.steps) | TooFew()
    if search.patience is not None:
        stop = stop | WithoutChange(search.patience)
    return stop if search.regret is None else stop | BelowRegret(search.regret)
