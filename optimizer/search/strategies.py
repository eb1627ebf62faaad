"""A profile is a choice of small strategies; this page is the whole choice. The loop is the same for all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

from ..bridges.gepa_search import Gepa
from ..record.quirks import RULES, quirks_of
from ..record.rivals import RIVALS, least_proving_of, turns_of
from ..record.settings import Settings
from ..scoring.detectors import GATES
from ..scoring.examine.menu import menu_of
from ..scoring.item import DEAR_GATES, ItemScore, score_item
from .archive import LookBack, look_back, never_back
from .course import Plan
from .decision import Decide, Evidence, PairedEvidence
from .evaluate import Score
from .proposers.auto_evol import AutoEvol
from .proposers.best_of_n import BestOfN
from .proposers.evolutionary import Evolutionary
from .proposers.mipro import Mipro
from .proposers.pool import proving_seeds
from .proposers.proposer import Proposer
from .proposers.published import PROPOSING, PublishedLoop
from .published import Forward, ItemsOf, ObservedRate, batches_of, dev_slices, no_failure
from .race import FullRace, Race, RungRace
from .referee import Rules
from .stopping import AfterSteps, BelowRegret, Stop, TooFew, WithoutChange
from .trajectory import Trajectory

__all__ = ["Strategies", "strategies_of"]

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
        batch_of: which seeds a step evolves for analysis.
        dev_of: which dev items a step decides on.
        keeps_scores: whether the incumbent keeps what it has shown on earlier items, so that only new ones are asked.
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
    batch_of: ItemsOf
    dev_of: ItemsOf
    keeps_scores: bool
    race: Race
    decide: Decide
    look_back: LookBack
    narrowing: float | None
    stop: Stop
    propose: Proposer


def strategies_of(settings: Settings) -> Strategies:
    """The strategies of a run's profile, as its quirks change them, with its own dials."""
    search, quirks = settings.search, quirks_of(settings)
    menu = menu_of(settings)
    ruled, observed = not quirks.isdisjoint(RULES), "observed-rate" in quirks
    gates = frozenset[str]() if ruled else GATES | DEAR_GATES
    dev = Plan(search.rounds, True, menu.free, gates, menu.exams, settings.checks.on_error == "stop")
    # Diversity is measured where methods are compared.
    unembedded = tuple(exam for exam in menu.exams if exam.name != "embedding")
    score = no_failure if ruled else _graded(judged=settings.judge)
    evidence = _evidence(settings)
    return Strategies(
        # The published loop analyses the texts alone; answers and findings tell the analyst more.
        batch=replace(dev, answer="texts-only" not in quirks, exams=unembedded),
        dev=dev,
        apply=replace(dev, exams=unembedded),
        drops=gates | _NO_TEXT,
        score=score,
        batch_score=score,
        batch_of=_batch_of(settings, quirks),
        dev_of=_dev_of(settings, quirks),
        keeps_scores="rolling-dev" not in quirks,
        race=FullRace(dev, score) if observed else RungRace(dev, score, evidence),
        decide=_decision_rule(settings, quirks),
        look_back=never_back if observed else partial(look_back, evidence),
        narrowing=None if observed else search.diversity_margin,
        stop=_stop_rule(settings, observed=observed),
        propose=_proposer(settings, quirks, dev, score),
    )


def _proposer(settings: Settings, quirks: frozenset[str], dev: Plan, score: Score) -> Proposer:
    search = settings.search
    match search.strategy:
        case "auto-evol":
            # To merge methods is to remember them.
            own = AutoEvol(search.candidates, merging="no-history" not in quirks)
            return own if quirks.isdisjoint(PROPOSING) else PublishedLoop(own, quirks)
        case "best-of-n":
            return BestOfN(search.candidates)
        case "gepa":
            return Gepa(dev, score)
        case "mipro":
            return Mipro(dev, score)
        case "evolutionary":
            return Evolutionary(search.candidates, search.population, settings.run_seed)


def _batch_of(settings: Settings, quirks: frozenset[str]) -> ItemsOf:
    return batches_of(
        settings.run_seed, settings.search.batch, in_turn="batches-in-turn" in quirks,
        overlapping="dev-overlaps-train" in quirks,
    )  # fmt: skip


def _dev_of(settings: Settings, quirks: frozenset[str]) -> ItemsOf:
    forward: Forward = "slice" if "rolling-dev" in quirks else "none" if "fixed-dev" in quirks else "quarter"
    if settings.search.strategy in RIVALS:
        return lambda split, _: proving_seeds(split.dev, settings.search)
    return dev_slices(settings.run_seed, settings.search.dev, forward, overlapping="dev-overlaps-train" in quirks)


def _decision_rule(settings: Settings, quirks: frozenset[str]) -> Decide:
    if "observed-rate" not in quirks:
        return PairedEvidence(_evidence(settings))
    return ObservedRate(
        length_ratio="length-ratio" in quirks, ties="ties-accepted" in quirks, survivors="survivors" in quirks,
        candidates_only="candidates-only" in quirks,
    )  # fmt: skip


def _evidence(settings: Settings) -> Evidence:
    search = settings.search
    return Evidence(
        Rules(search.rungs, search.margin, search.choosing), search.alpha, turns_of(search), least_proving_of(search)
    )


def _stop_rule(settings: Settings, *, observed: bool) -> Stop:
    search = settings.search
    stop: Stop = AfterSteps(turns_of(search)) | TooFew()
    if search.patience is not None:
        stop = stop | WithoutChange(search.patience)
    if search.regret is not None and not observed:
        stop = stop | BelowRegret(search.regret)
    return stop


def _graded(*, judged: bool) -> Score:
    """The recommended score: nothing where a gate fired, else what the judge sees."""

    def score(trajectory: Trajectory) -> ItemScore:
        return score_item(trajectory.findings, trajectory.measures, judged=judged)

    return score
