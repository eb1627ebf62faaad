"""The course that every framework runs: fast answers, a limit that nobody tells, errors that stay, and a kill."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from benchmarks.gateway.stage import asked, on_core, provider
from benchmarks.gateway.tables import Table, median, say

from .installing import PEERS

__all__ = ["compare"]

_ADAPTERS = Path(__file__).resolve().parent / "adapters"
_LIMIT_S = 180.0


@dataclass(frozen=True)
class _Ran:
    """One run: rows (None: none), whether it hung, processor time of all its processes, the provider's counts."""

    rows: int | None
    hung: bool
    cpu_s: float
    stats: Mapping[str, object]

    def number(self, name: str) -> float:
        """One of the provider's counts."""
        return float(str(self.stats[name]))

    @property
    def over(self) -> int:
        """Calls that passed a limit."""
        return sum(cast("Mapping[str, int]", self.stats["over_limit"]).values())

    @property
    def per_second(self) -> float:
        """Calls a second, at the provider."""
        seconds = self.number("last_accepted") - self.number("first_accepted")
        return (self.number("accepted") - 1) / max(seconds, 1e-9)

    @property
    def said(self) -> str:
        """The rows, for a table."""
        if self.rows is None:
            return f"none: it did not end in {_LIMIT_S:g} s" if self.hung else "none: it ended with an error"
        return f"{self.rows}"


@dataclass(frozen=True)
class _Course:
    """How one framework is run."""

    name: str
    python: Path

    def begin(self, place: str, calls: int, at_once: int, folder: Path) -> subprocess.Popen[bytes]:
        """Start it; what it prints goes to a file in the folder."""
        adapter = _ADAPTERS / PEERS[self.name].adapter
        command = [str(each) for each in (self.python, adapter, place, calls, at_once, folder)]
        with on_core("client"), (folder / "said.txt").open("wb") as said:
            return subprocess.Popen(  # noqa: S603  ours
                command, stdout=said, stderr=subprocess.STDOUT, start_new_session=True, cwd=folder
            )

    def ran(self, knobs: Mapping[str, object], calls: int, at_once: int) -> _Ran:
        """Run it once to its end."""
        with tempfile.TemporaryDirectory(prefix="autoevol-peers-") as name, provider(knobs) as place:
            return _ended(self.begin(place, calls, at_once, Path(name)), Path(name), place)


def _ended(process: subprocess.Popen[bytes], folder: Path, place: str) -> _Ran:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        process.wait(_LIMIT_S)
        hung = False
    except subprocess.TimeoutExpired:
        hung = True
    _kill(process)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    lines = (folder / "said.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()
    rows = json.loads(lines[-1])["rows"] if process.returncode == 0 and lines and lines[-1].startswith("{") else None
    return _Ran(rows, hung, cpu_s, asked(place, "/stats"))


def _kill(process: subprocess.Popen[bytes]) -> None:
    """End it with all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def compare(pythons: Mapping[str, Path], rounds: int) -> None:
    """Run all, and print the tables."""
    courses = [_Course(name, python) for name, python in pythons.items()]
    _fast(courses, rounds)
    framed = [course for course in courses if PEERS[course.name].adapter != "bare.py"]
    _unknown(framed, rounds)
    _refused(framed)
    _killed(framed)


def _fast(courses: list[_Course], rounds: int) -> None:
    knobs = {"latency": "0.05"}
    ran: dict[str, list[_Ran]] = {course.name: [] for course in courses}
    for _ in range(rounds):
        for course in courses:
            ran[course.name].append(course.ran(knobs, 5000, 200))
    table: Table = [("client", "calls/s at the provider", "CPU of all its processes", "peak in flight", "rows")]
    for name, runs in ran.items():
        table.append((
            name, f"{median([run.per_second for run in runs]):.0f}", f"{median([run.cpu_s for run in runs]):.1f} s",
            f"{median([run.number('peak') for run in runs]):.0f}", runs[-1].said,
        ))  # fmt: skip
    say("5,000 prompts, 200 at once, 50 ms", table, rounds)


def _unknown(courses: list[_Course], rounds: int) -> None:
    knobs = {"latency": "0.2", "rpm": 120}
    table: Table = [("client", "rows of 60", "wasted calls")]
    for course in courses:
        # AutoEvol is not told how many at once: it finds that too.
        runs = [course.ran(knobs, 60, 0 if course.name == "AutoEvol" else 50) for _ in range(rounds)]
        table.append((course.name, runs[-1].said, f"{median([run.over for run in runs]):.0f}"))
    say("120 calls a minute that nobody tells, 60 prompts, 50 at once", table, rounds)


def _refused(courses: list[_Course]) -> None:
    table: Table = [("client", "calls for 20 prompts", "rows")]
    for course in courses:
        run = course.ran({"bad_status": 400}, 20, 10)
        table.append((course.name, f"{run.number('received'):.0f}", run.said))
    say("Every call answers 400", table, 1)


def _killed(courses: list[_Course]) -> None:
    """Killed when the provider has given 200 of 400 answers, and run again in the same folder."""
    table: Table = [("client", "answers given before", "calls after", "calls paid for twice", "rows of 400")]
    for course in courses:
        with (
            tempfile.TemporaryDirectory(prefix="autoevol-peers-") as name,
            provider({"latency": "lognormal/0.5/0.3"}) as place,
        ):
            folder = Path(name)
            (folder / "again").touch()
            process = course.begin(place, 400, 20, folder)
            end = time.monotonic() + _LIMIT_S
            while _answered(place) < 200 and time.monotonic() < end:
                time.sleep(0.05)
            _kill(process)
            given = _answered(place)
            asked(place, "/reset", {})
            asked(place, "/control", {"latency": "0.05"})
            run = _ended(course.begin(place, 400, 20, folder), folder, place)
            calls = int(run.number("received"))
            # What was in flight when it died was not answered, so nobody paid for it.
            table.append((course.name, f"{given}", f"{calls}", f"{max(0, given + calls - 400)}", run.said))
    say("Killed at 200 of 400 answers and run again", table, 1)


def _answered(place: str) -> int:
    return int(str(asked(place, "/stats")["answered"]))
