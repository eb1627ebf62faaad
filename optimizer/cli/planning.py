"""What is known of a run before it is made: seeds measured, prices filled in, calls and money estimated."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ..dataset.report import ReadReport
from ..dataset.split import split_seeds
from ..dataset.whole import source_of
from ..pages.numbers import count
from ..pages.outlook import Plan, money_words
from ..recipes.contest.lineup import Lineup, load_lineup, read_lineup
from ..recipes.contest.load import bouts_of
from ..recipes.contest.preview import preview_lines
from ..record.estimate import Estimate, Sizes, estimate, seed_tokens
from ..record.folder import RunFolder
from ..record.rivals import check_calls, turns_of
from ..record.settings import Settings
from ..record.timing import bounds, slowest
from ..search.caps import Fit, fits
from ..search.proof import proof

__all__ = ["Outlook", "measure", "outlook", "plan_of"]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of a run before it starts: how many steps it makes at most, a line for the person, and one on a cap
    under which it will not come to its end."""

    steps: int | None = None
    line: str = ""
    short: str = ""


def plan_of(settings: Settings, *, proving: bool = True, folder: Path | None = None) -> Plan:
    """All that can be said of a run before it is made; reads the seeds.

    Args:
        settings: complete settings, with the prices that are or would be frozen.
        proving: whether to work out what the seeds can prove, which takes a second or two.
        folder: of the run, where there is one: a comparison takes its contestants as they are frozen there.

    Raises:
        UsageError: the seeds cannot be read; or a contestant; or a strategy may not make as many calls as it must.
    """
    lineup = _lineup(settings, folder)
    sizes, read = measure(settings, lineup)
    check_calls(settings, sizes.train, sizes.dev)
    forecast = estimate(settings, sizes)
    found = tuple(bounds(settings, forecast.lines))
    binding = slowest(found)
    caps = fits(settings, forecast, binding.seconds / 60 if binding else None)
    proven = proof(settings, sizes) if proving else None
    said = tuple(preview_lines(settings, lineup, proving=proving)) if lineup else ()
    return Plan(settings, sizes, read, forecast, _unchanged(settings, sizes), found, tuple(caps), proven, said)


def _lineup(settings: Settings, folder: Path | None) -> Lineup | None:
    if settings.recipe != "compare":
        return None
    return read_lineup(settings) if folder is None else load_lineup(settings, RunFolder(folder))


def _unchanged(settings: Settings, sizes: Sizes) -> Estimate | None:
    """The estimate of a search that no step of which changes the method; None where that is no shorter."""
    search = settings.search
    if settings.recipe != "auto-evol" or search.patience is None or search.patience >= turns_of(search):
        return None
    fewer = search.model_copy(update={"steps": search.patience})
    return estimate(settings.model_copy(update={"search": fewer}), sizes)


def outlook(plan: Plan) -> Outlook:
    """The plan as the session's start needs it."""
    forecast, settings = plan.forecast, plan.settings
    calls = f"At most {count(forecast.calls, 'call')}, about {count(forecast.expected_tokens, 'token')}"
    items = f"{plan.said[0]} " if plan.said else ""  # of a comparison: every set, where `read` is of the first
    read = f"{plan.read}. " if plan.read.read else ""  # a recipe may need no rows
    line = f"{read}{items}{calls} ({money_words(forecast, settings)})."
    steps = turns_of(settings.search) if settings.recipe == "auto-evol" else None
    return Outlook(steps, line, next(filter(None, (_short(fit, plan) for fit in plan.fits)), ""))


def _short(fit: Fit, plan: Plan) -> str:
    """What a cap will not pay for; a search spends what it has, so of one only what is sure is said."""
    forecast = plan.forecast
    least = {"calls": forecast.least_calls, "usd": forecast.least_usd}.get(fit.cap) or 0
    sure = fit.value < least
    whole = least if sure else fit.expected
    if whole is None or fit.value >= whole or not (sure or (fit.cap == "calls" and plan.settings.recipe == "make")):
        return ""
    cap, all_of_it = (f"${each:,.10g}" if fit.cap == "usd" else f"{each:,.0f}" for each in (fit.value, whole))
    unit = "" if fit.cap == "usd" else f" {fit.cap}"
    takes = f"takes at least {all_of_it}" if sure else f"may take {all_of_it}"
    return (
        f"The cap of {cap}{unit} is below what the whole {takes}: that much is {fit.value / whole:.0%} of it. Then the "
        "run stops, and `autoevol resume` with a higher --budget goes on."
    )


def measure(settings: Settings, lineup: Lineup | None = None) -> tuple[Sizes, ReadReport]:
    """Read the seeds once: how many there are for each part, how long they are, and what became of the rows.

    Raises:
        UsageError: they cannot be read, or there are none.
    """
    if settings.recipe == "make" and not settings.seeds.source and not settings.make[0].NEEDS_ROWS:
        return Sizes(0, 0, 0, 0), ReadReport()
    source = source_of(settings)
    mean = seed_tokens(seed.instruction.text for seed in islice(source, 500))
    search = settings.search
    searching = settings.recipe == "auto-evol"
    split = split_seeds(
        source, run_seed=settings.run_seed, dev=search.held_out * searching, test=search.test * searching,
        train=search.train * searching,
    )  # fmt: skip
    bouts = bouts_of(settings, lineup) if lineup else ()
    return Sizes(len(split.train), len(split.dev), len(split.test), split.total, mean, bouts), split.report
