"""From options to a running session: settings, forecast, consent, folder, watcher, ending."""

from __future__ import annotations

import difflib
import os
import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import anyio
import click

from ...agents.gateway.endpoints import Budget
from ...agents.gateway.engine.local_engine import check_installed
from ...agents.gateway.engine.model_files import locate
from ...agents.gateway.errors import AutoEvolError, StorageError, UsageError
from ...agents.gateway.keys import find_key
from ...agents.gateway.simulated.scripted import read_script
from ...agents.method_file import load_method
from ..dataset.report import ReadReport
from ..dataset.source import open_seeds
from ..dataset.split import split_seeds
from ..pages.progress import duration, make_watcher
from ..record.config import resolve
from ..record.estimate import Estimate, Sizes, estimate, roles_in_use, seed_tokens
from ..record.settings import Settings
from ..record.tree import Tree, merge
from ..scoring.detectors import DETECTORS
from .boundary import Interrupted, resume_line
from .options import flags_of

if TYPE_CHECKING:
    from ..session import Ending

__all__ = ["Outlook", "check_out", "follow", "launch", "measure", "outlook"]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of a run before it starts: for the line at the start and for the time left."""

    calls: int | None = None
    steps: int | None = None
    line: str = ""


def launch(options: Mapping[str, Any], said: Tree) -> None:
    """Make a run and follow it to its end.

    Args:
        options: the values of the shared options.
        said: what the command itself says, as a tree of settings; it wins.

    Raises:
        UsageError: settings, seeds, keys or consent are missing.
    """
    settings = resolve(options["config"], merge(flags_of(options), said))
    _check_choices(settings)
    out = check_out(options.get("out"), settings)
    sizes, read = measure(settings)
    forecast = estimate(settings, sizes)
    if options["dry_run"]:
        click.echo("\n".join(_dry_run(settings, sizes, read, forecast)))
        return
    _check_endpoints(settings)
    _refuse_unknown_prices(settings)
    _ask_consent(settings, forecast, yes=options["yes"])
    from ..session import create_run  # noqa: PLC0415  brings the whole loop; a dry run need not wait for it

    folder = create_run(settings, options["runs"] or Path("runs"))
    follow(folder, _outlook(settings, read, forecast), quiet=options["quiet"], out=out)


def outlook(settings: Settings) -> Outlook:
    """What to expect of a run with these settings; reads the seeds.

    Raises:
        UsageError: the seeds cannot be read.
    """
    sizes, read = measure(settings)
    return _outlook(settings, read, estimate(settings, sizes))


def _outlook(settings: Settings, read: ReadReport, forecast: Estimate) -> Outlook:
    calls = f"At most {forecast.calls:,} calls, about {forecast.expected_tokens:,} tokens"
    line = f"{read}. {calls} ({_money(forecast, settings)})."
    return Outlook(forecast.calls, settings.search.steps if settings.recipe == "auto-evol" else None, line)


def follow(
    folder: Path, outlook: Outlook, *, quiet: bool = False, out: Path | None = None, budget: Budget | None = None,
    replay: bool = False,
) -> None:  # fmt: skip
    """Run a folder to its end, show how it goes, and print how it ended.

    Args:
        folder: the run.
        outlook: what is expected of it.
        quiet: show no progress.
        out: put the data set there too.
        budget, replay: see `session.run`.

    Raises:
        Interrupted: Ctrl-C or SIGTERM; what is finished is kept.
        AutoEvolError: the run cannot go on; the error has a note with the command that continues it.
    """
    from ..session import run  # noqa: PLC0415  brings the whole loop, and a dry run need not wait for it

    command = resume_line(folder, out)
    previous = signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        with make_watcher(quiet=quiet, calls=outlook.calls, steps=outlook.steps) as watcher:
            watcher.begin(folder, outlook.line)
            ending = anyio.run(partial(run, folder, watcher, replay=replay, budget=budget))
            watcher.end(ending.summary)
    except KeyboardInterrupt:
        raise Interrupted(command) from None
    except (AutoEvolError, OSError) as error:
        error.add_note(f"What is finished is kept in {folder}. Continue with: {command}")
        raise
    finally:
        signal.signal(signal.SIGTERM, previous)
    _report(ending, command, out)


def _check_choices(settings: Settings) -> None:
    """Names that the run would only stumble over later, when something is spent already."""
    for name in settings.detectors:
        if name not in DETECTORS:
            close = difflib.get_close_matches(name, DETECTORS, n=1)
            hint = f"Did you mean '{close[0]}'? " if close else ""
            raise UsageError(f"There is no detector '{name}'.", fix=f"{hint}Detectors are: {', '.join(DETECTORS)}.")
    if settings.responder_form == "own" and not settings.responder_prompt.strip():
        raise UsageError(
            "The responder form 'own' needs words of your own.", fix="Give --responder-prompt TEXT, or another form."
        )
    load_method(settings.search.method)


def _check_endpoints(settings: Settings) -> None:
    """Keys, model files and scripts must be there before a folder is made for the run."""
    for name, endpoint in settings.endpoints.items():
        find_key(name, endpoint)
        if endpoint.local is not None:
            check_installed()
            locate(endpoint.local)
        if endpoint.script is not None:
            read_script(Path(endpoint.script))


def measure(settings: Settings) -> tuple[Sizes, ReadReport]:
    """Read the seeds once: how many there are for each part, how long they are, and what became of the rows.

    Raises:
        UsageError: they cannot be read, or there are none.
    """
    source = open_seeds(settings.seeds)
    mean = seed_tokens(seed.instruction.text for seed in islice(source, 500))
    search = settings.search
    searching = settings.recipe == "auto-evol"
    split = split_seeds(
        source, run_seed=settings.run_seed, dev=search.dev * searching, test=search.test * searching,
        train=search.train * searching,
    )  # fmt: skip
    return Sizes(len(split.train), len(split.dev), len(split.test), split.total, mean), split.report


def check_out(out: Path | None, settings: Settings | None = None) -> Path | None:
    """Refuse a place for the data set before anything is spent on it.

    Raises:
        UsageError: the file exists, or its folder does not, or it is where the seeds are.
    """
    if out is None:
        return None
    if settings is not None and settings.seeds.source and out.resolve() == Path(settings.seeds.source).resolve():
        raise UsageError("--out is the file of the seeds.", fix="Choose another name.")
    if out.exists():
        raise UsageError(f"{out} exists already.", fix="Choose another name with --out, or move the file away.")
    if not out.resolve().parent.is_dir() or not os.access(out.resolve().parent, os.W_OK):
        raise UsageError(f"{out} cannot be written: its folder is missing or read-only.", fix="Choose another folder.")
    return out.resolve()


def _as_interrupt(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM stops a run as cleanly as Ctrl-C does."""
    signal.raise_signal(signal.SIGINT)


def _report(ending: Ending, command: str, out: Path | None) -> None:
    """Print the summary, put the data set where it was wanted, leave with the ending's exit code."""
    click.echo(ending.summary, err=ending.state == "stopped")
    if ending.state == "stopped":
        click.echo(f"Everything finished is kept. Continue with: {command}", err=True)
        raise click.exceptions.Exit(ending.exit_code or 1)
    data = ending.folder / "dataset.jsonl"
    if out is not None and data.exists():
        _copy(data, out)
    if data.exists():
        click.echo(f"Data set: {out or data}")


def _copy(source: Path, target: Path) -> None:
    """Copy so that the target is whole or not there."""
    part = target.with_name(target.name + ".part")
    try:
        shutil.copyfile(source, part)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise StorageError(
            f"{target} cannot be written: {error.strerror}.", fix=f"The data set is complete in {source}; copy it."
        ) from error


def _unpriced(settings: Settings) -> list[str]:
    """Models in use whose price nobody said."""
    seats = [getattr(settings.roles, role) for role in roles_in_use(settings)]
    missing = [
        str(seat.model)
        for seat in seats
        if not settings.endpoints[seat.endpoint].free and seat.model not in settings.endpoints[seat.endpoint].prices
    ]
    return list(dict.fromkeys(missing))


def _refuse_unknown_prices(settings: Settings) -> None:
    """A cap in money means nothing where a price is unknown (design, law 7)."""
    unpriced = _unpriced(settings)
    if settings.budget.usd is not None and unpriced:
        raise UsageError(
            f"A budget in USD needs the price of {', '.join(unpriced)}.",
            fix="Add --price MODEL=IN,OUT (USD per million tokens), or cap calls or tokens instead.",
        )


def _ask_consent(settings: Settings, forecast: Estimate, *, yes: bool) -> None:
    """Paid calls without a cap need a word from the person.

    Raises:
        UsageError: nobody is there to ask, or the answer was no.
    """
    budget = settings.budget
    if yes or forecast.worst_usd == 0 or any(cap is not None for cap in (budget.usd, budget.calls, budget.tokens)):
        return
    text = f"This run may make {forecast.calls:,} calls ({_money(forecast, settings)}) and has no cap."
    if not sys.stdin.isatty():
        raise UsageError(text, fix="Give a cap, such as --budget 5usd or --budget 2000calls, or agree with --yes.")
    if not click.confirm(f"{text} Go on?", default=False, err=True):
        raise UsageError("Nothing was done.", fix="Give a cap, such as --budget 5usd, and start again.")


def _money(forecast: Estimate, settings: Settings) -> str:
    if forecast.worst_usd is None or forecast.expected_usd is None:
        return f"price unknown: no price for {', '.join(_unpriced(settings))}"
    if forecast.worst_usd == 0:
        return "free"
    return f"about ${forecast.expected_usd:,.2f}, at most ${forecast.worst_usd:,.2f}"


def _dry_run(settings: Settings, sizes: Sizes, read: ReadReport, forecast: Estimate) -> list[str]:
    """The forecast as lines for a person."""
    lines = [f"Seeds: {read}", f"  about {sizes.seed_tokens} tokens each, from {settings.seeds.source}"]
    if settings.recipe == "auto-evol":
        lines.append(f"Split: {sizes.train:,} train, {sizes.dev:,} dev, {sizes.test:,} test.")
    lines.append("At most (the search may stop earlier; retries are not counted):")
    lines.append(f"  {'stage':<14}{'role':<11}{'calls':>9}{'tokens in':>14}{'out, expected':>15}{'out, at most':>14}")
    lines += [
        f"  {line.stage:<14}{line.role:<11}{line.calls:>9,}{line.tokens_in:>14,}{line.expected_out:>15,}"
        f"{line.worst_out:>14,}"
        for line in forecast.lines
    ]
    lines.append(f"Calls: {forecast.calls:,}")
    lines.append(f"Tokens: about {forecast.expected_tokens:,}, at most {forecast.worst_tokens:,}")
    lines.append(f"Money: {_money(forecast, settings)}")
    caps = {name: value for name, value in settings.budget.model_dump().items() if value is not None}
    lines.append(f"Caps: {', '.join(f'{value:g} {name}' for name, value in caps.items()) or 'none'}")
    limits = [endpoint.rpm for endpoint in settings.endpoints.values() if endpoint.rpm]
    if limits:
        lines.append(f"Time: at least {duration(60 * forecast.calls / sum(limits))} at the limit of requests a minute")
    lines.append("Nothing was called and no folder was made.")
    return lines
