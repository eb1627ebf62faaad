"""`python -m benchmarks.resume [--points N]`, from the root of the checkout: runs killed, stopped and cut off, resumed.

Every course is run once to its end, and then again and again with something befalling it. What it leaves in the end is
compared with what the undisturbed run left, byte for byte: every file, decisions by their points, every finished call.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from autoevol.agents.gateway.simulated.provider.process import start_provider
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings

from .courses import COURSES
from .mortal import Fate, nursery
from .trials import Stage, Whole, points

_NAMES = tuple(name for name in COURSES if name not in {"one-step", "few"})
_LATENCY = "lognormal/0.01/0.8"

Trial = Callable[[], list[str]]


def main() -> None:
    """Run it and print the table; exit code 1 where anything differed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.resume", description=__doc__)
    parser.add_argument("--points", type=int, default=40, help="kills of each course (default 40)")
    parser.add_argument("--courses", nargs="+", default=_NAMES, choices=tuple(COURSES), metavar="NAME",
                        help=", ".join(_NAMES))  # fmt: skip
    told = parser.parse_args()
    failures: list[str] = []
    _row("course", "calls", "killed", "killed again and again", "at random times", "caps", "deadlines", "outages")
    _row(*["---"] * 8)
    with (
        tempfile.TemporaryDirectory(prefix="autoevol-bench-") as home,
        start_provider(ProviderSettings(latency=_LATENCY)) as provider,
        nursery(Path(home)) as runs,
    ):
        stage = Stage(Path(home), provider, runs)
        for name in told.courses:
            cells = _course(stage, name, told.points, failures)
            _row(f"`{name}`", *cells)
    for line in failures:
        sys.stderr.write(f"{line}\n")
    raise SystemExit(1 if failures else 0)


def _row(*cells: str) -> None:
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


def _course(stage: Stage, name: str, kills: int, failures: list[str]) -> list[str]:
    """The cells of one row."""
    began = time.monotonic()
    whole = stage.whole(name)
    took = time.monotonic() - began
    chance = random.Random(name)
    capped = stage.whole("one-step") if name == "recommended" else None

    def told(what: str, trials: Iterable[tuple[str, Trial]]) -> str:
        done = good = 0
        for label, trial in trials:
            found = trial()
            done += 1
            good += not found
            failures.extend(f"{name}, {what} {label}: {each}" for each in found)
        return f"{good} of {done}" if done else "–"

    return [
        str(whole.moments["sent"]),
        told("killed at", _kills(stage, whole, points(whole.moments, kills))),
        told("killed at", _chains(stage, whole, chance)),
        told("killed after ms", _clocks(stage, whole, [chance.uniform(0.02, 0.95) * took for _ in range(kills // 4)])),
        told("capped at", _caps(stage, capped)),
        told("deadline", [("0.002min", lambda: stage.stopped(whole, ["0.002min", "0.006min"]))]),
        told("outage at", _outages(stage, whole)),
    ]


def _kills(stage: Stage, whole: Whole, fates: Iterable[Fate]) -> Iterator[tuple[str, Trial]]:
    for fate in fates:
        yield f"{fate.moment} {fate.at}", partial(stage.killed, whole, [fate])


def _chains(stage: Stage, whole: Whole, chance: random.Random) -> Iterator[tuple[str, Trial]]:
    """Several deaths in a row, each a little further on; the first event of a session is that it began."""
    calls = whole.moments["sent"]
    for _ in range(3):
        parts = [max(1, int(calls * chance.uniform(0.05, 0.2))) for _ in range(3)]
        fates = [Fate("answered", parts[0]), Fate("event", 1), Fate("sent", parts[1]), Fate("torn", 1),
                 Fate("file", 3), Fate("journaled", parts[2])]  # fmt: skip
        yield f"{parts}", partial(stage.killed, whole, fates)


def _clocks(stage: Stage, whole: Whole, seconds: Iterable[float]) -> Iterator[tuple[str, Trial]]:
    for each in seconds:
        fate = Fate("clock", max(1, int(1000 * each)))
        yield f"{fate.at}", partial(stage.killed, whole, [fate])


def _caps(stage: Stage, whole: Whole | None) -> Iterator[tuple[str, Trial]]:
    """Where a cap ends a search early that is on record for good, so only a search of one step can be compared."""
    if whole is None:
        return
    calls = whole.moments["sent"]
    for caps in ((calls // 6, calls // 2), (calls // 3, calls * 9 // 10), (1, 2, calls // 4)):
        told = [f"{cap}calls" for cap in caps]
        yield f"{told}", partial(stage.stopped, whole, told)


def _outages(stage: Stage, whole: Whole) -> Iterator[tuple[str, Trial]]:
    calls = whole.moments["journaled"]
    for at in (1, calls // 3, calls * 2 // 3, calls - 8):
        yield f"{at}", partial(stage.cut_off, whole, Fate("journaled", at))


if __name__ == "__main__":
    main()
