"""Optimize, compare, make and resume, for Python code and notebooks.

    from autoevol.optimizer import optimize

    result = optimize("seeds.jsonl", base_url="https://HOST/v1", model="NAME", budget="5usd")
    print(result.best.clauses, result.confirmed)

Each blocks until the run has ended, also in a notebook; `aoptimize`, `acompare`, `amake` and `aresume` are the same to
be awaited in a loop of the caller's own. A cap, a quota, a key or an outage is no error: the result says `stopped` and
why. Whatever else goes wrong is an error of the tree in `autoevol.agents.gateway.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, overload

from .given import folder_of
from .orders import comparison, making, order_of
from .results import Compared, MadeRun, Optimized, Result
from .running import aresumed, arun_order, resumed, run_order

if TYPE_CHECKING:
    from typing import Unpack

    from .moment import OnProgress
    from .orders import Contestant, Recipes, Said, Seeds
    from .values import CompareValues, Values

__all__ = ["acompare", "amake", "aoptimize", "aresume", "compare", "make", "optimize", "resume"]

ResultT = TypeVar("ResultT", bound=Result)


def optimize(
    seeds: Seeds = None, *, settings: Said = None, runs: str | Path = "runs", progress: OnProgress = False,
    uncapped: bool = False, **values: Unpack[Values],
) -> Optimized:  # fmt: skip
    """Search the method that works best for the seeds, prove it on held-out ones, and apply it to all of them.

    Args:
        seeds: what it works on.
        settings: a settings file or tree.
        runs: the folder that holds runs.
        progress: a function that is told of every item (`Moment`), True for what the command shows, False for nothing.
        uncapped: agree to paid calls without a cap.
        values: settings by name (docs/settings.md); they win over `settings`.

    Raises:
        UsageError: settings, seeds or keys do not fit, or paid calls have no cap.
        AutoEvolError: the run cannot go on; its folder is kept, and `resume` continues it.
        KeyboardInterrupt: Ctrl-C, after a clean stop.
    """
    order = order_of("auto-evol", seeds, settings, runs, values, uncapped=uncapped)
    return run_order(order, progress, Optimized)


async def aoptimize(
    seeds: Seeds = None, *, settings: Said = None, runs: str | Path = "runs", progress: OnProgress = False,
    uncapped: bool = False, **values: Unpack[Values],
) -> Optimized:  # fmt: skip
    """`optimize`, to be awaited; where it is cancelled everything finished is kept."""
    order = order_of("auto-evol", seeds, settings, runs, values, uncapped=uncapped)
    return await arun_order(order, progress, Optimized)


def compare(
    *contestants: Contestant, seeds: Seeds | Sequence[str | Path] = None, settings: Said = None,
    runs: str | Path = "runs", progress: OnProgress = False, uncapped: bool = False, **values: Unpack[CompareValues],
) -> Compared:  # fmt: skip
    """Hold methods, prompts and finished rows against each other on the same seeds.

    Args:
        contestants: at least two, the first of them the baseline.
        seeds: as in `optimize`; several files make a transfer table.
        settings, runs, progress, uncapped: as in `optimize`.
        values: settings by name, those of the table `compare` (`items`, `run_seeds`, `pairwise` …) among them.

    Raises:
        UsageError, AutoEvolError, KeyboardInterrupt: as `optimize`.
    """
    order = comparison(contestants, seeds, settings, runs, values, uncapped=uncapped)
    return run_order(order, progress, Compared)


async def acompare(
    *contestants: Contestant, seeds: Seeds | Sequence[str | Path] = None, settings: Said = None,
    runs: str | Path = "runs", progress: OnProgress = False, uncapped: bool = False, **values: Unpack[CompareValues],
) -> Compared:  # fmt: skip
    """`compare`, to be awaited; where it is cancelled everything finished is kept."""
    return await arun_order(
        comparison(contestants, seeds, settings, runs, values, uncapped=uncapped), progress, Compared
    )


def make(
    recipes: Recipes, seeds: Seeds = None, *,
    settings: Said = None, runs: str | Path = "runs", progress: OnProgress = False, uncapped: bool = False,
    **values: Unpack[Values],
) -> MadeRun:  # fmt: skip
    """Make rows by recipes, each on the rows of the one before.

    Args:
        recipes: a name, a table as in a settings file (`{"recipe": "magpie", "count": 500}`), or several of these.
        seeds: what the first one works on.
        settings, runs, progress, uncapped, values: as in `optimize`.

    Raises:
        UsageError, AutoEvolError, KeyboardInterrupt: as `optimize`; also where a recipe left nothing for the next.
    """
    order = order_of("make", seeds, settings, runs, values, uncapped=uncapped, more=making(recipes))
    return run_order(order, progress, MadeRun)


async def amake(
    recipes: Recipes, seeds: Seeds = None, *,
    settings: Said = None, runs: str | Path = "runs", progress: OnProgress = False, uncapped: bool = False,
    **values: Unpack[Values],
) -> MadeRun:  # fmt: skip
    """`make`, to be awaited; where it is cancelled everything finished is kept."""
    order = order_of("make", seeds, settings, runs, values, uncapped=uncapped, more=making(recipes))
    return await arun_order(order, progress, MadeRun)


@overload
def resume(
    run: ResultT,
    *,
    runs: str | Path = "runs",
    progress: OnProgress = False,
    settings: Mapping[str, object] | None = None,
) -> ResultT: ...
@overload
def resume(
    run: str | Path, *, runs: str | Path = "runs", progress: OnProgress = False,
    settings: Mapping[str, object] | None = None,
) -> Optimized | Compared | MadeRun: ...  # fmt: skip
def resume(
    run: str | Path | Result, *, runs: str | Path = "runs", progress: OnProgress = False,
    settings: Mapping[str, object] | None = None,
) -> Result:  # fmt: skip
    """Go on with a run, or rebuild its files where it is finished. Nothing is paid for twice.

    Args:
        run: a result, the folder of a run, or its name in `runs`.
        runs: the folder that holds runs.
        progress: as in `optimize`.
        settings: what changes from now on, as a tree: caps, limits and others that are harmless (docs/runs.md).

    Raises:
        UsageError: it is no run, its seeds or prompts have changed, or a setting cannot be changed.
        AutoEvolError: it cannot go on.
        KeyboardInterrupt: Ctrl-C, after a clean stop.
    """
    return resumed(run, folder_of(runs), progress, settings)


@overload
async def aresume(
    run: ResultT,
    *,
    runs: str | Path = "runs",
    progress: OnProgress = False,
    settings: Mapping[str, object] | None = None,
) -> ResultT: ...
@overload
async def aresume(
    run: str | Path, *, runs: str | Path = "runs", progress: OnProgress = False,
    settings: Mapping[str, object] | None = None,
) -> Optimized | Compared | MadeRun: ...  # fmt: skip
async def aresume(
    run: str | Path | Result, *, runs: str | Path = "runs", progress: OnProgress = False,
    settings: Mapping[str, object] | None = None,
) -> Result:  # fmt: skip
    """`resume`, to be awaited; where it is cancelled everything finished is kept."""
    return await aresumed(run, folder_of(runs), progress, settings)
