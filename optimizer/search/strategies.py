"""A profile is a choice of small strategies; this page is the whole choice. The loop is the same for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from ..dataset.draws import generator
from ..dataset.seed import Seed
from ..dataset.split import Split
from ..record.settings import Settings
from ..scoring.detectors import GATES
from ..scoring.examine.menu import menu_of
from ..scoring.item import DEAR_GATES, ItemScore, score_item
from .archive import LookBack, look_back, never_back
from .course import Plan
from .decision import CodeAcceptance, Decide, Evidence, LowestFailureRate, PairedEvidence
from .evaluate import Score
from .proposers.auto_evol import AutoEvol
from .proposers.best_of_n import BestOfN
from .proposers.evolutionary import Evolutionary
from .proposers.proposer import Proposer
from .race import FullRace, Race, RungRace
from .referee import Rules
from .stopping import AfterSteps, BelowRegret, Stop, WithoutChange
from .trajectory import Trajectory

__all__ = ["Strategies", "strategies_of"]

DevOf = Callable[[Split, int], Sequence[Seed]]
"""The dev items of a step."""

# What no profile keeps as a row of data: there is no evolved text at all.
_NO_TEXT = frozenset({"unreadable", "failed"})


@dataclass(frozen=True, slots=True)
class Strategies:
    """How this profile makes each of its decisions.

    Args:
        batch: what is done with the seeds that are evolved for analysis.
        dev: what is done with dev and test items.
        apply: what is done with every seed in the end.
        drops: finding kinds that keep a row out of the data set.
        score: the score of one trajectory of dev, test and the data set.
        batch_score: the score of one trajectory of a batch.
        dev_of: which dev items a step decides on.
        fixed_dev: whether the incumbent keeps what it has shown on earlier items, so that only new ones are asked.
        narrowing: by how much a candidate's evolutions may be less diverse; None where nothing is asked.
        look_back: whether an earlier method is better than the incumbent after all.
        race, decide, stop, propose: see their files.
    """

    batch: Plan
    dev: Plan
    apply: Plan
    drops: frozenset[str]
    score: Score
    batch_score: Score
    dev_of: DevOf
    fixed_dev: bool
    race: Race
    decide: Decide
    look_back: LookBack
    narrowing: float | None
    stop: Stop
    propose: Proposer


def strategies_of(settings: Settings, dev_size: int) -> Strategies:
    """The strategies of a run's profile, with its own dials."""
    search = settings.search
    menu = menu_of(settings)
    published = settings.profile != "recommended"
    gates = frozenset[str]() if published else GATES | DEAR_GATES
    dev = Plan(search.rounds, True, menu.free, gates, menu.exams, settings.checks.on_error == "stop")
    # Diversity is measured where methods are compared.
    unembedded = tuple(exam for exam in menu.exams if exam.name != "embedding")
    score = _no_failure if published else _graded(judged=settings.judge)
    evidence = _evidence(settings)
    return Strategies(
        # The published loop analyses the texts alone; answers and findings tell the analyst more.
        batch=replace(dev, answer=not published, exams=unembedded),
        dev=dev,
        apply=replace(dev, exams=unembedded),
        drops=gates | _NO_TEXT,
        score=score,
        batch_score=score,
        dev_of=_dev_of(settings, dev_size),
        fixed_dev=settings.profile != "official-code",
        race=FullRace(dev, score) if published else RungRace(dev, score, evidence),
        decide=_decision_rule(settings),
        look_back=never_back if published else partial(look_back, evidence),
        narrowing=None if published else search.diversity_margin,
        stop=_stop_rule(settings),
        propose=_proposer(settings),
    )


def _proposer(settings: Settings) -> Proposer:
    search = settings.search
    match search.strategy:
        case "auto-evol":
            # Merging is ours; the published loop refines the incumbent only.
            return AutoEvol(search.candidates, merging=settings.profile == "recommended")
        case "best-of-n":
            return BestOfN(search.candidates)
        case "evolutionary":
            return Evolutionary(search.candidates, search.population, settings.run_seed)


def _decision_rule(settings: Settings) -> Decide:
    match settings.profile:
        case "paper":
            return LowestFailureRate()
        case "official-code":
            return CodeAcceptance()
        case "recommended":
            return PairedEvidence(_evidence(settings))


def _evidence(settings: Settings) -> Evidence:
    search = settings.search
    return Evidence(Rules(search.rungs, search.margin, search.choosing), search.alpha, search.steps, search.least_dev)


def _stop_rule(settings: Settings) -> Stop:
    search = settings.search
    stop: Stop = AfterSteps(search.steps)
    if search.patience is not None:
        stop = stop | WithoutChange(search.patience)
    if search.regret is not None and settings.profile == "recommended":
        stop = stop | BelowRegret(search.regret)
    return stop


def _graded(*, judged: bool) -> Score:
    """The recommended score: nothing where a gate fired, else what the judge sees."""

    def score(trajectory: Trajectory) -> ItemScore:
        return score_item(trajectory.findings, trajectory.measures, judged=judged)

    return score


def _no_failure(trajectory: Trajectory) -> ItemScore:
    """The published score: 0 where a rule fired or where there is no evolution or no answer, else 1."""
    bad = bool(trajectory.findings) or trajectory.evolved is None or trajectory.response is None
    return ItemScore(0.0 if bad else 1.0)


def _dev_of(settings: Settings, size: int) -> DevOf:
    match settings.profile:
        case "paper":
            return _fixed_dev(size)
        case "official-code":
            return _rotating_dev(settings, size)
        case "recommended":
            return _sliding_dev(size)


def _fixed_dev(size: int) -> DevOf:
    return lambda split, step: split.dev[:size]


def _sliding_dev(size: int) -> DevOf:
    """Slices of the held-out items, each a quarter of the pool further on: another quarter chooses the leader.

    So ten steps do not fit their choice to the same few items, and the incumbent has met most of a slice before.
    """

    def dev_of(split: Split, step: int) -> Sequence[Seed]:
        pool = split.dev
        start = step * max(1, len(pool) // 4)
        return [pool[(start + offset) % len(pool)] for offset in range(min(size, len(pool)))]

    return dev_of


def _rotating_dev(settings: Settings, size: int) -> DevOf:
    """The authors' code: dev is a shuffled copy of the training pool, and each step takes the next slice of it.

    The pool here is train and dev together; the test split stays out of it (design, section 7).
    """

    def dev_of(split: Split, step: int) -> Sequence[Seed]:
        pool = [*split.train, *split.dev]
        generator(settings.run_seed, "dev-slices").shuffle(pool)
        start = step * size
        return [pool[(start + offset) % len(pool)] for offset in range(min(size, len(pool)))]

    return dev_of
