"""From what a caller says to a run that has ended: settings checked as the command checks them, then followed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from anyio import to_thread

from ...agents.gateway.errors import UsageError
from ..waiting import blocking
from .given import check_given, check_progress
from .moment import OnProgress, watcher_of
from .orders import Order
from .problems import as_ours, in_python, reword
from .results import Compared, MadeRun, Optimized, Result

if TYPE_CHECKING:
    from ..record.estimate import Estimate
    from ..record.settings import Settings
    from ..session import Ending

__all__ = ["aresumed", "arun_order", "resumed", "run_order"]

ResultT = TypeVar("ResultT", bound=Result)


def run_order(order: Order, progress: OnProgress, kind: type[ResultT]) -> ResultT:
    """Make a run and wait for its end.

    Raises:
        AutoEvolError: it cannot be made, or cannot go on.
        KeyboardInterrupt: Ctrl-C, after the run has stopped cleanly; a note says how it goes on.
    """
    check_progress(progress)
    folder = _start(order)
    return _result(blocking(partial(_follow, folder, progress), _note(folder)), kind)


async def arun_order(order: Order, progress: OnProgress, kind: type[ResultT]) -> ResultT:
    """The same in the running loop; seeds are read in a thread beside it.

    Raises:
        AutoEvolError: it cannot be made, or cannot go on.
    """
    check_progress(progress)
    folder = await to_thread.run_sync(_start, order)
    return _result(await _follow(folder, progress), kind)


def resumed(run: str | Path | Result, runs: Path, progress: OnProgress, said: Mapping[str, object] | None) -> Result:
    """Go on with a run, and wait for its end. Raises as `run_order`."""
    _check_going_on(progress, said)
    folder = _folder(run, runs)
    return _result(blocking(partial(_follow, folder, progress, said), _note(folder)), _kind(folder))


async def aresumed(
    run: str | Path | Result, runs: Path, progress: OnProgress, said: Mapping[str, object] | None
) -> Result:
    """The same in the running loop."""
    _check_going_on(progress, said)
    folder = _folder(run, runs)
    return _result(await _follow(folder, progress, said), _kind(folder))


def _check_going_on(progress: object, said: object) -> None:
    check_progress(progress)
    check_given("settings", said, (Mapping, type(None)), "a table, such as {'budget': {'usd': 5}}")


def _folder(run: str | Path | Result, runs: Path) -> Path:
    from ..cli.run_list import find_run  # noqa: PLC0415  loaded when a function is called, not when it is imported

    if isinstance(run, Result):
        return run.folder
    check_given("The run", run, (str, Path), "a result, the folder of a run, or its name")
    try:
        return find_run(str(run), runs)
    except UsageError as error:
        guess = error.fix.partition("`autoevol")[0]  # the rest names a command
        fix = f"{guess}Give a result, the folder of a run, or its name in {runs}."
        raise UsageError(error.problem, fix=fix) from None


def _kind(folder: Path) -> type[Result]:
    from ..cli.run_list import frozen_settings  # noqa: PLC0415

    kinds: dict[object, type[Result]] = {"auto-evol": Optimized, "compare": Compared}
    return kinds.get(frozen_settings(folder).get("recipe"), MadeRun)


def _result(ending: Ending, kind: type[ResultT]) -> ResultT:
    if ending.stopped is not None:
        reword(ending.stopped)
    return kind(ending.folder, ending.state, in_python(ending.summary), ending.stopped)


def _start(order: Order) -> Path:
    """Make the folder of a new run, after every check that the command makes before anything is spent.

    Raises:
        UsageError: settings, seeds or keys do not fit, or paid calls have no cap.
        StorageError: the folder cannot be made.
    """
    from ..cli.launch import check_choices, check_endpoints, refuse_unknown_prices  # noqa: PLC0415  loaded when they are used
    from ..cli.planning import plan_of  # noqa: PLC0415
    from ..cli.reuse import settle_reuse  # noqa: PLC0415
    from ..cli.settle import settle_contestants  # noqa: PLC0415
    from ..record.config import resolve  # noqa: PLC0415
    from ..record.pricing import priced  # noqa: PLC0415
    from ..session import create_run  # noqa: PLC0415

    with as_ours():
        settings = priced(resolve(order.config, order.said))
        settings = settle_contestants(settle_reuse(settings, order.runs), order.runs)
        check_choices(settings)
        check_endpoints(settings)
        refuse_unknown_prices(settings, "price='IN,OUT'")
        if not order.uncapped and not _capped(settings):
            _refuse_uncapped(settings, plan_of(settings, proving=False).forecast)
        return create_run(settings, order.runs)


async def _follow(folder: Path, progress: OnProgress, said: Mapping[str, object] | None = None) -> Ending:
    """Run a folder to its end, and tell how it goes.

    Raises:
        AutoEvolError: it cannot go on; its folder is kept.
    """
    from ..session import run  # noqa: PLC0415  brings the whole loop

    with as_ours(), watcher_of(progress, folder) as watcher:
        watcher.begin(folder, "")
        ending = await run(folder, watcher, said=said)
        watcher.end(ending.summary)
    return ending


def _note(folder: Path) -> str:
    return f"Everything finished is kept. resume({str(folder)!r}) goes on."


def _capped(settings: Settings) -> bool:
    """Whether anything but time bounds what may be spent, as the command sees it."""
    budget = settings.budget
    return any(cap is not None for cap in (budget.usd, budget.calls, budget.tokens))


def _refuse_uncapped(settings: Settings, forecast: Estimate) -> None:
    from ..pages.outlook import money_words  # noqa: PLC0415  for this one sentence

    if forecast.worst_usd != 0:
        raise UsageError(
            f"This run may make {forecast.calls:,} calls ({money_words(forecast, settings)}) and has no cap.",
            fix="Give a cap, such as budget='5usd' or budget={'calls': 2000}, or agree with uncapped=True.",
        )
