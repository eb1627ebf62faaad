"""A run from its folder: make it, run it, run it again after anything. To resume is to run again (design, law 2)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from anyio import get_cancelled_exc_class, to_thread

from ..agents.agent import Door
from ..agents.cast import SeatSpec, build_cast, prompt_fingerprint
from ..agents.gateway.books.bills import cut_off_in, finished_calls, settled_in
from ..agents.gateway.books.journal_file import FileLock
from ..agents.gateway.books.ledger import cut_off_notice
from ..agents.gateway.collector import spared_collector
from ..agents.gateway.errors import AutoEvolError, SessionStopped, StorageError, UnknownModel, UsageError
from ..agents.gateway.gateway import Gateway, Parts, open_gateway
from ..agents.gateway.requests import Decoding
from ..agents.messages import ProgramTask, RoleName
from ..agents.method import Method
from ..agents.method_file import dump_method, load_method, parse_method
from ..agents.team import Cast, Team
from ..prompts import method_names
from .curate.beforehand import refuse_lacking
from .dataset.exports.at_end import write_exports
from .dataset.seed import Seed
from .dataset.source import NoSeeds, SeedSource
from .dataset.split import Split, split_seeds
from .dataset.unused import write_unused
from .dataset.whole import WholeSource, source_of
from .pages.comparison import write_comparison
from .pages.progress import Watcher
from .pages.report import write_report
from .recipes.auto_evol import auto_evol
from .recipes.compare import compare
from .recipes.contest.lineup import freeze_lineup, load_lineup, read_lineup
from .recipes.contest.load import bouts_of
from .recipes.evolve import evolve
from .recipes.make import make
from .record.abilities import refuse_unable, with_abilities
from .record.changes import asked_changes, in_force, put_on_record, settings_now
from .record.config import freeze
from .record.estimate import Estimate, Sizes, estimate, seed_tokens
from .record.estimate_file import ESTIMATE, estimate_object
from .record.events import EventLog
from .record.folder import RunFolder, new_folder
from .record.forecast import Course, Forecaster
from .record.pricing import priced
from .record.quirks import refuse_form
from .record.rivals import RIVALS, check_calls, check_package, turns_of
from .record.run import MessageLog, Run, Spending
from .record.seats import roles_in_use
from .record.settings import RoleSettings, Settings, TrackSettings
from .record.status import first_status
from .scoring.detectors import VERSION as DETECTORS
from .scoring.examine.runner import Runner
from .search.strategies import strategies_of
from .steering.herald import Herald
from .steering.inbox import Inbox
from .steering.listener import steered
from .steering.wheel import Wheel
from .tracking.trackers import Trackers

__all__ = ["Ending", "create_run", "new_folder", "run"]

_LOOKED_AT = 500  # seeds that say how long and in which language all are, where none was split off


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session ended: `finished`, or `stopped` with everything kept; `summary` is for the person.

    `until` is what must be before it is of use to go on; empty where that is said already. `stopped` is
    what stopped it.
    """

    state: Literal["finished", "stopped"]
    summary: str
    folder: Path
    exit_code: int = 0
    until: str = ""
    stopped: SessionStopped | None = None


def create_run(settings: Settings, root: Path) -> Path:
    """Make the folder of a new run and freeze its settings there.

    Args:
        settings: complete settings; a missing secret is drawn here, and known prices and abilities are filled in.
        root: the folder that holds runs.

    Raises:
        UsageError: seeds or starting method cannot be read, no row has what is chosen by, an endpoint is known to be
            unable to serve the run, or a strategy may not make as many calls as it must.
        StorageError: the folder cannot be made.
    """
    settings = with_abilities(priced(settings))
    refuse_unable(settings)
    if not settings.secret:
        settings = settings.model_copy(update={"secret": secrets.token_hex(16)})
    method = load_method(settings.search.method)
    refuse_form(settings, method)
    fingerprints = _fingerprints(settings)
    source = _source(settings)
    seeds = source.survey()
    if isinstance(source, WholeSource):
        refuse_lacking(settings.make[0], source)
    if settings.search.strategy in RIVALS and settings.search.metric_calls is not None:
        split = _split(settings, source, seeds.fingerprint)
        check_calls(settings, len(split.train), len(split.dev))
    lineup = read_lineup(settings) if settings.recipe == "compare" else None
    folder = new_folder(root, settings.name)
    frozen: dict[str, Any] = {
        "autoevol": metadata.version("autoevol"),
        "fingerprints": {"seeds": seeds.fingerprint, **fingerprints},
        "settings": freeze(settings),
    }
    if settings.search.method not in method_names():
        # A file of the person's own may change later; shipped methods are in the fingerprint of the prompts.
        frozen["method"] = dump_method(method)
    if lineup is not None:
        frozen["contest"] = freeze_lineup(lineup, RunFolder(folder))
    RunFolder(folder).write_json("settings.json", frozen)
    return folder


async def run(
    folder: Path, watcher: Watcher, *, replay: bool = False, said: Mapping[str, object] | None = None
) -> Ending:  # fmt: skip
    """Run a folder to its end, from wherever it stands.

    Args:
        folder: a run, new or broken off.
        watcher: who is told how it goes.
        replay: take every answer from the journal and open no connection.
        said: settings that are changed from now on, as a tree: caps, limits and others that are harmless.

    Raises:
        UsageError: settings, prompts or seeds are not those that the run began with, or a setting cannot be changed.
        StorageError: a record cannot be written, or another process is at work on the run.
    """
    # The gateway of a replay only reads and locks nothing, but a replay writes all other files of the run.
    with FileLock(folder) if replay else nullcontext():
        return await _run(folder, watcher, replay=replay, said=said or {})


async def _run(folder: Path, watcher: Watcher, *, replay: bool, said: Mapping[str, object]) -> Ending:
    files = RunFolder(folder)
    frozen = files.read_json("settings.json")
    settings = settings_now(files)
    check_package(settings)
    _check_fingerprints(frozen, settings)
    source = _source(settings)
    split = _split(settings, source, frozen["fingerprints"]["seeds"])
    changes = asked_changes(settings, said)
    settings = in_force(settings, changes)
    expected = _estimate(settings, source, split, files)
    ours, report = False, ""
    herald = Herald("" if replay else settings.on_event, folder, watcher.note)
    trackers = Trackers(TrackSettings() if replay else settings.track, settings, folder, watcher.note)
    try:
        async with open_gateway(
            settings.endpoints,
            folder,
            settings.budget,
            replay_only=replay,
            on_notice=watcher.note,
            reuse=[Path(other) for other in settings.reuse],
            parts=Parts(on_call=trackers.on_call),
        ) as gateway:
            # From here on the folder is locked: a process that is refused must not touch the files of the one at work.
            ours = True
            events = EventLog(folder / "events.jsonl")
            put_on_record(changes, events, watcher.note)
            files.write_json(ESTIMATE, estimate_object(expected))
            await to_thread.run_sync(write_unused, source, split.report, files)
            with files.rows("messages.jsonl") as messages, spared_collector():
                runner = Runner(events.decided, events.put, watcher.note, settings.checks.on_error == "stop")
                team = Team({**_cast(settings, gateway), ProgramTask: runner}, gateway)
                state = first_status(settings, split, events)
                log = MessageLog(messages)
                bench = Run(settings, files, events, split, team, log, watcher, _spending(gateway, folder), state)
                bench.recast = lambda seat: Team(
                    {**_cast(_with_evolver(settings, seat), gateway), ProgramTask: runner}, gateway
                )
                bench.tell, bench.follower = herald.tell, trackers
                trackers.begin()
                on_change = _watch(bench, gateway, expected, watcher)
                inbox = None if replay else Inbox(folder)
                bench.wheel = Wheel(settings, events, watcher.note, inbox, gateway, on_change)
                async with steered(bench, gateway):
                    ending = await _guarded(bench, source, _start(frozen, settings, split, source))
                    ending = await _exported(bench, ending)
    finally:
        if ours:
            report = _report(folder, settings)
            herald.close()
            trackers.close()
    return replace(ending, summary=f"{ending.summary}\n{report}")


async def _guarded(run: Run, source: SeedSource, start: Method) -> Ending:
    """Run the recipe; whatever ends it, the folder says so before anyone else does."""
    run.events.append("resumed" if run.events.past else "started", version=metadata.version("autoevol"))
    run.update(state="running")
    try:
        story = await _recipe(run, source, start)
    except SessionStopped as stop:
        ending = _end(run, "stopped", f"Stopped: {stop}", code=stop.exit_code, why=type(stop).__name__)
        until = "Once the model is known there" if isinstance(stop, UnknownModel) else ""
        return replace(ending, until=until, stopped=stop)
    except AutoEvolError as error:
        with suppress(StorageError):
            _end(run, "stopped", f"Stopped: {error}", why=type(error).__name__)
        raise
    except get_cancelled_exc_class():
        with suppress(StorageError):
            _end(run, "stopped", "Stopped by the person.", why="Interrupted")
        raise
    return _end(run, "finished", story)


async def _exported(run: Run, ending: Ending) -> Ending:
    """What the settings want for trainers, once the run is finished."""
    if ending.state != "finished" or not run.settings.export.to:
        return ending
    lines = await to_thread.run_sync(write_exports, ending.folder, run.settings.export)
    run.update(exports=lines)
    return replace(ending, summary="\n".join([ending.summary, *lines]))


async def _recipe(run: Run, source: SeedSource, start: Method) -> str:
    if run.settings.recipe == "make":
        return await make(run, start, source)
    strategies = strategies_of(run.settings)
    if run.settings.recipe == "compare":
        return await compare(run, strategies)
    recipe = evolve if run.settings.recipe == "evolve" else auto_evol
    return await recipe(run, strategies, start, source)


def _start(frozen: dict[str, Any], settings: Settings, split: Split, source: SeedSource) -> Method:
    """The starting method: as frozen, or a shipped one in the language of the seeds."""
    if "method" in frozen:
        return parse_method(frozen["method"], settings.search.method)
    seeds = (*split.train, *split.dev, *split.test) or islice(source, _LOOKED_AT)
    return load_method(settings.search.method, _language(seeds))


def _estimate(settings: Settings, source: SeedSource, split: Split, files: RunFolder) -> Estimate:
    """What the whole run would take, from the frozen settings and a look at the seeds."""
    mean = seed_tokens(seed.instruction.text for seed in islice(source, _LOOKED_AT))
    bouts = bouts_of(settings, load_lineup(settings, files)) if settings.recipe == "compare" else ()
    return estimate(settings, Sizes(len(split.train), len(split.dev), len(split.test), split.total, mean, bouts))


def _watch(run: Run, gateway: Gateway, expected: Estimate, watcher: Watcher) -> Callable[[Settings], None]:
    """Show the gateway's figures from now on, with what is left; and say what a death of the run left open.

    Returns:
        To be called with the settings after caps have changed.
    """

    places = tuple(f"{number}-{part.recipe}" for number, part in enumerate(run.settings.make, 1))

    def course() -> Course:
        return Course(run.state.get("phase", ""), run.state.get("step", 0), turns_of(run.settings.search), places)

    before = finished_calls(run.folder.path)
    cut_off = cut_off_notice(cut_off_in(run.folder.path))
    if cut_off:
        watcher.note(cut_off)
    forecaster = Forecaster(expected, before, course, run.settings.budget, lambda: gateway.totals().all)
    watcher.attach(lambda: forecaster.look(gateway.progress()))
    run.forecast = lambda: forecaster.look(gateway.progress()).forecast

    def on_change(settings: Settings) -> None:
        run.settings = settings
        forecaster.hold_to(settings.budget)

    return on_change


def _end(run: Run, state: Literal["finished", "stopped"], story: str, code: int = 0, why: str = "") -> Ending:
    """Put the end on record."""
    run.events.append(state, story=story)
    for passing in ("forecast", "progress", "paused"):
        run.state.pop(passing, None)
    with suppress(StorageError):  # a journal that cannot be read is told of elsewhere
        run.state.update(_bill(run.folder.path))
    run.update(state=state, story=story)
    bill = {name: run.state[name] for name in ("rows_out", "calls", "tokens", "cost_usd") if name in run.state}
    run.tell(state, last=True, story=story, why=why, **bill)
    return Ending(state, story, run.folder.path, code)


def _bill(folder: Path) -> dict[str, Any]:
    """What was spent; attempts that a death cut off are listed apart, since nobody knows what they cost."""
    settled, lost = settled_in(folder), cut_off_in(folder)
    bill: dict[str, Any] = {"calls": settled.calls, "cost_usd": settled.cost, "tokens": settled.tokens}
    if lost.calls:
        bill["lost"] = {"calls": lost.calls, "cost_usd": lost.cost, "tokens": lost.tokens}
    return bill


def _report(folder: Path, settings: Settings) -> str:
    """Draw the report and say where it is. That it cannot be written must not hide why the session ended."""
    write = write_comparison if settings.recipe == "compare" else write_report
    try:
        return f"Report: {write(folder)}"
    except StorageError as error:
        return f"There is no new report. {error}"


def _fingerprints(settings: Settings) -> dict[str, str]:
    prompts = prompt_fingerprint(_prompts_folder(settings), every=_asks_more(settings))
    return {"prompts": prompts, "detectors": DETECTORS}


def _asks_more(settings: Settings) -> bool:
    """Whether other prompts are asked for than those that most runs have."""
    return settings.recipe == "make" or (settings.recipe == "auto-evol" and settings.search.strategy in RIVALS)


def _prompts_folder(settings: Settings) -> Path | None:
    return Path(settings.prompts) if settings.prompts else None


def _check_fingerprints(frozen: dict[str, Any], settings: Settings) -> None:
    for what, value in _fingerprints(settings).items():
        if frozen["fingerprints"][what] != value:
            raise UsageError(
                f"The {what} are not those that this run began with (autoevol {frozen['autoevol']}).",
                fix="Resume it with that version and those files, or start a new run.",
            )


def _source(settings: Settings) -> SeedSource:
    """Where the seeds are; a run whose first recipe makes its rows from nothing may do without."""
    if settings.recipe == "make" and not settings.seeds.source and not settings.make[0].NEEDS_ROWS:
        return NoSeeds()
    return source_of(settings)


def _split(settings: Settings, source: SeedSource, fingerprint: str) -> Split:
    search = settings.search
    if isinstance(source, NoSeeds):
        return Split((), (), (), 0, fingerprint, source.survey().report)
    if settings.recipe != "auto-evol":
        sizes = {"dev": 0, "test": 0, "train": 0}
    else:
        sizes = {"dev": search.held_out, "test": search.test, "train": search.train}
    split = split_seeds(source, run_seed=settings.run_seed, **sizes)
    if split.fingerprint != fingerprint:
        raise UsageError(
            f"The seeds in {settings.seeds.source} have changed since this run began.",
            fix="Put the old file back, or start a new run.",
        )
    return split


def _cast(settings: Settings, door: Door) -> Cast:
    seats: dict[RoleName, SeatSpec] = {}
    for role in roles_in_use(settings):
        seat: RoleSettings = getattr(settings.roles, role)
        endpoint = settings.endpoints[seat.endpoint]
        extra = json.dumps(seat.extra, sort_keys=True) if seat.extra else None
        decoding = Decoding(seat.max_tokens, seat.temperature, seat.top_p, extra=extra)
        seats[role] = SeatSpec(seat.endpoint, seat.model, decoding, endpoint.output_form)
    return build_cast(
        door, seats, secret=settings.secret, responder_form=settings.responder_form,
        responder_prompt=settings.responder_prompt, prompts_folder=_prompts_folder(settings),
    )  # fmt: skip


def _with_evolver(settings: Settings, seat: RoleSettings) -> Settings:
    return settings.model_copy(update={"roles": settings.roles.model_copy(update={"evolver": seat})})


def _language(seeds: Iterable[Seed]) -> str:
    """The language that most of the seeds are in; the starting method is taken in it."""
    languages = [seed.instruction.language for seed in seeds]
    return "zh" if languages.count("zh") * 2 > len(languages) else "en"


def _spending(gateway: Gateway, folder: Path) -> Callable[[], Spending]:
    """What was spent, but for attempts that a death cut off: a decision by it must not hang on deaths."""

    def look() -> Spending:
        settled = settled_in(folder)
        return Spending(settled.calls, settled.tokens, settled.cost, gateway.totals().minutes)

    return look
