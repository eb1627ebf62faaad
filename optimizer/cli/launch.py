"""From options to a running session: settings, forecast, consent, folder, watcher, ending."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import anyio
import click

from ...agents.gateway.engine.local_engine import check_installed
from ...agents.gateway.engine.model_files import locate
from ...agents.gateway.engine.packaged import check_packaged
from ...agents.gateway.errors import AutoEvolError, RunInUse, StorageError, UsageError
from ...agents.gateway.keys import find_key
from ...agents.gateway.simulated.scripted import read_script
from ...agents.method_file import load_method
from ..dataset.exports.at_end import check_exports
from ..pages.comparison_table import comparison_file, comparison_table
from ..pages.outlook import money_words, plan_lines, plan_object
from ..pages.progress import make_watcher
from ..record.config import resolve
from ..record.curating.best_answer import BestAnswerSettings
from ..record.estimate import Estimate
from ..record.pricing import priced, unpriced
from ..record.quirks import refuse_form
from ..record.rivals import check_package
from ..record.settings import Settings
from ..record.tree import Tree, merge
from ..scoring.examine.menu import menu_of
from ..steering.herald import check_target
from ..tracking.trackers import check_trackers
from .background import detach
from .boundary import Interrupted, resume_line
from .options import flags_of
from .planning import Outlook, outlook, plan_of
from .reuse import settle_reuse
from .run_list import read_entry
from .settle import settle_contestants

if TYPE_CHECKING:
    from ..session import Ending

__all__ = ["ask_consent", "check_choices", "check_endpoints", "check_out", "follow", "interruptible", "launch",
           "refuse_unknown_prices"]  # fmt: skip

_LINES = (".jsonl", ".ndjson")


def launch(options: Mapping[str, Any], said: Tree) -> None:
    """Make a run and follow it to its end.

    Args:
        options: the values of the shared options.
        said: what the command itself says, as a tree of settings; it wins.

    Raises:
        UsageError: settings, seeds, keys or consent are missing.
    """
    settings = priced(resolve(options["config"], merge(flags_of(options), said)))
    settings = settle_contestants(settle_reuse(settings, options["runs"] or Path("runs")), options["runs"])
    check_choices(settings)
    out = check_out(options.get("out"), settings)
    plan = plan_of(settings, proving=options["dry_run"])
    if options["dry_run"]:
        lines = (
            [json.dumps(plan_object(plan), ensure_ascii=False, indent=2)]
            if options.get("as_json")
            else plan_lines(plan)
        )
        click.echo("\n".join(lines))
        click.echo("Nothing was called and no folder was made.", err=bool(options.get("as_json")))
        return
    check_endpoints(settings)
    refuse_unknown_prices(settings)
    ask_consent(settings, plan.forecast, yes=options["yes"])
    from ..session import create_run  # noqa: PLC0415  brings the whole loop; a dry run need not wait for it

    folder = create_run(settings, options["runs"] or Path("runs"))
    if options["detach"]:
        detach(folder, out)
        return
    follow(folder, outlook(plan), quiet=options["quiet"], out=out, as_json=bool(options.get("as_json")))


def follow(
    folder: Path, outlook: Outlook, *, quiet: bool = False, out: Path | None = None,
    said: Mapping[str, object] | None = None, replay: bool = False, as_json: bool = False,
) -> None:  # fmt: skip
    """Run a folder to its end, show how it goes, and print how it ended.

    Args:
        folder: the run.
        outlook: what is expected of it.
        quiet: show no progress.
        out: put the data set there too.
        said, replay: see `session.run`.
        as_json: progress as JSON lines, and how it ended (or the record of a comparison) as JSON, instead of words.

    Raises:
        Interrupted: Ctrl-C or SIGTERM; what is finished is kept.
        AutoEvolError: the run cannot go on; the error has a note with the command that continues it.
    """
    from ..session import run  # noqa: PLC0415  brings the whole loop, and a dry run need not wait for it

    command = resume_line(folder, out)
    with interruptible(folder, command), make_watcher(quiet=quiet, steps=outlook.steps, as_json=as_json) as watcher:
        watcher.begin(folder, outlook.line)
        if outlook.short:
            watcher.note(outlook.short)
        ending = anyio.run(partial(run, folder, watcher, replay=replay, said=said))
        watcher.end(ending.summary)
    _report(ending, command, out, as_json=as_json)


@contextmanager
def interruptible(folder: Path, command: str) -> Generator[None]:
    """Work that Ctrl-C and SIGTERM stop cleanly, and after which the person is told how it goes on.

    Args:
        folder: where what is finished is kept.
        command: continues the work.

    Raises:
        Interrupted: it was stopped.
    """
    # A shell starts what it puts in the background with SIGINT ignored; then SIGTERM, sent on as SIGINT, would be lost.
    ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    previous = signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(command) from None
    except RunInUse:
        raise  # it goes on without us
    except UsageError as error:  # settings are frozen, so to continue helps only where it is something else
        error.add_note(
            f"What is finished is kept in {folder}. Where a setting must change begin a new run; else continue with: "
            f"{command}"
        )
        raise
    except (AutoEvolError, OSError) as error:
        error.add_note(f"What is finished is kept in {folder}. Continue with: {command}")
        raise
    finally:
        signal.signal(signal.SIGTERM, previous)
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def check_choices(settings: Settings) -> None:
    """Names that the run would only stumble over later, when something is spent already.

    Raises:
        UsageError: a detector, a method or a form is named that there is not, or several answers would be one.
    """
    menu_of(settings)
    check_package(settings)
    if settings.recipe == "make" and settings.seeds.source and not settings.make[0].NEEDS_ROWS:
        raise UsageError(f"{settings.make[0].recipe} makes rows from nothing and takes no seeds.", fix="Give no SEEDS.")
    for part in settings.make:
        if isinstance(part, BestAnswerSettings):
            part.refuse_same(settings.roles.responder.temperature)
    check_target(settings.on_event)
    check_exports(settings.export)
    check_trackers(settings.track)
    if settings.responder_form == "own" and not settings.responder_prompt.strip():
        raise UsageError(
            "The responder form 'own' needs words of your own.", fix="Give --responder-prompt TEXT, or another form."
        )
    refuse_form(settings, load_method(settings.search.method))


def check_endpoints(settings: Settings) -> None:
    """Keys, model files and scripts must be there before a folder is made for the run.

    Raises:
        UsageError: a key or a script is missing.
        ModelFileError: an embedded model is.
    """
    for name, endpoint in settings.endpoints.items():
        find_key(name, endpoint)
        if endpoint.local is not None:
            check_installed()
            locate(endpoint.local)
        if endpoint.packaged is not None:
            check_packaged(endpoint.packaged)
        if endpoint.script is not None:
            read_script(Path(endpoint.script))


def check_out(out: Path | None, settings: Settings | None = None) -> Path | None:
    """Refuse a place for the data set before anything is spent on it.

    Raises:
        UsageError: the file exists, or its folder does not, or it is where the seeds are, or its name says that it is
            something else than JSON lines.
    """
    if out is None:
        return None
    if out.suffix and out.suffix.lower() not in _LINES:
        raise UsageError(
            f"{out} would hold JSON lines, which is not what its name says.",
            fix="Give --out a name that ends in .jsonl; `autoevol export RUN` writes other forms.",
        )
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


def _report(ending: Ending, command: str, out: Path | None, *, as_json: bool) -> None:
    """Print the summary, put the data set where it was wanted, leave with the ending's exit code."""
    stopped = ending.state == "stopped"
    record = None if stopped else comparison_file(ending.folder)
    if record is not None:
        click.echo(record.read_text(encoding="utf-8") if as_json else comparison_table(record))
    if as_json and record is None:
        click.echo(json.dumps(_made(ending.folder), ensure_ascii=False, indent=2))
    if stopped or not as_json:
        click.echo(ending.summary, err=stopped)
    if stopped:
        when = f"{ending.until}, continue" if ending.until else "Continue"
        click.echo(f"Everything finished is kept. {when} with: {command}", err=True)
        raise click.exceptions.Exit(ending.exit_code or 1)
    data = ending.folder / "dataset.jsonl"
    if out is not None and data.exists():
        _copy(data, out)
    if data.exists() and not as_json:
        click.echo(f"Data set: {out or data}")


def _made(folder: Path) -> dict[str, Any]:
    """How a run stands, and of recipes each part with its counts, and what else it found where it has figures."""
    status = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    parts = [
        {**part, **({"figures": json.loads(path.read_text(encoding="utf-8"))} if path.exists() else {})}
        for part in status.get("parts", [])
        for path in [folder / part["place"] / ("ifd.json" if part["recipe"] == "ifd" else "curation.json")]
    ]
    data = folder / "dataset.jsonl"
    return {
        **read_entry(folder).as_row(), "story": status.get("story", ""), **({"parts": parts} if parts else {}),
        "data": str(data) if data.exists() else None,
    }  # fmt: skip


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


def refuse_unknown_prices(settings: Settings, option: str = "--price MODEL=IN,OUT") -> None:
    """A cap in money means nothing where a price is unknown (design, law 7).

    Args:
        settings: complete settings.
        option: how a price is said.

    Raises:
        UsageError: there is such a cap and such a price.
    """
    missing = unpriced(settings)
    if settings.budget.usd is not None and missing:
        raise UsageError(
            f"A budget in USD needs the price of {', '.join(missing)}.",
            fix=f"Add {option} (USD per million tokens; 0 and 0 for a server of your own), "
            "or cap calls or tokens instead.",
        )


def ask_consent(settings: Settings, forecast: Estimate, *, yes: bool) -> None:
    """Paid calls without a cap need a word from the person.

    Raises:
        UsageError: nobody is there to ask, or the answer was no.
    """
    budget = settings.budget
    if yes or forecast.worst_usd == 0 or any(cap is not None for cap in (budget.usd, budget.calls, budget.tokens)):
        return
    text = f"This run may make {forecast.calls:,} calls ({money_words(forecast, settings)}) and has no cap."
    if not sys.stdin.isatty():
        raise UsageError(text, fix="Give a cap, such as --budget 5usd or --budget 2000calls, or agree with --yes.")
    if not click.confirm(f"{text} Go on?", default=False, err=True):
        raise UsageError("Nothing was done.", fix="Give a cap, such as --budget 5usd, and start again.")
