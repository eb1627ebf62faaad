"""A job of 2,000 calls is killed (SIGKILL) at random moments and run again, until it ends.

Each trial draws a moment of the uninterrupted run's time. What was in the journal when it died must not be asked again,
and the rows must be those of the uninterrupted run, byte for byte.
"""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from autoevol.agents.gateway.books.journal import JOURNAL_NAME, read_calls

from .jobs import Job
from .stage import Started, asked, provider, start
from .tables import Table, say

__all__ = ["run"]

_CALLS = 2000
_KNOBS = {"latency": "lognormal/0.05/0.5", "faults": "500=0.01,reset=0.005"}
_KILLS_A_ROUND = 7


@dataclass(frozen=True)
class _Trial:
    """One kill: at which part of the run, what was finished then, what was asked again of it, and the rows."""

    at: float
    finished: int
    again: int
    same: bool
    rows: int


def run(rounds: int) -> None:
    """Kill seven times a round; `--rounds 3` makes 21."""
    seed = random.SystemRandom().randrange(10**6)
    draws = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="autoevol-bench-") as name, provider(_KNOBS) as place:
        folder = Path(name)
        whole, took = _run(place, folder / "whole")
        trials = [
            _trial(place, folder / f"{number}", draws.uniform(0.02, 0.98) * took, whole)
            for number in range(_KILLS_A_ROUND * rounds)
        ]
    table: Table = [("kills", "finished calls when killed", "finished calls asked again", "rows lost or doubled",
                     "result equal to the uninterrupted one")]  # fmt: skip
    done = sorted(trial.finished for trial in trials)
    table.append((
        f"{len(trials)} (seed {seed})", f"{done[0]} to {done[-1]}", f"{sum(trial.again for trial in trials)}",
        f"{sum(abs(trial.rows - _CALLS) for trial in trials)}",
        f"{sum(trial.same for trial in trials)} of {len(trials)}",
    ))  # fmt: skip
    say(f"Killed at random moments of a job of {_CALLS} calls", table, 1)


def _client(place: str, folder: Path) -> Started:
    rows = folder / "rows.txt"
    return start(Job(base_url=place, folder=folder, calls=_CALLS, endpoint={"concurrency": 40}, rows=rows))


def _run(place: str, folder: Path) -> tuple[bytes, float]:
    """The rows, and the seconds that it took."""
    client = _client(place, folder)
    client.go()
    report = client.report(120.0)
    if report is None or report.stopped:
        raise RuntimeError(f"the job did not end: {report and report.stopped}")
    return (folder / "rows.txt").read_bytes(), report.ended - report.began


def _trial(place: str, folder: Path, after: float, whole: bytes) -> _Trial:
    client = _client(place, folder)
    client.go()
    time.sleep(after)
    client.process.kill()
    client.process.communicate()
    finished = sum(1 for _ in read_calls(folder)) if (folder / JOURNAL_NAME).exists() else 0
    # From here on the provider counts anew: each prompt that is not finished is answered once, and no other one.
    asked(place, "/reset", {})
    rows, _ = _run(place, folder)
    answered = int(str(asked(place, "/stats")["answered"]))
    return _Trial(after, finished, max(0, answered - (_CALLS - finished)), rows == whole, rows.count(b"\n"))
