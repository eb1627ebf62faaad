"""How well each recipe keeps an endpoint busy, and what it holds in memory: `python -m benchmarks.recipes`.

Provider and run are processes of their own. The share is that of the permitted requests a minute that the provider let
in, by its own log, from five seconds after the first call to the 95th percentile of all; a recipe that waits at the
end of a round, or for a batch, loses it there. Memory is the most that the run ever had (`ru_maxrss`).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.gateway.stage import asked, own_state, provider, read_log
from benchmarks.gateway.tables import Table, percent, quantile, say, share_of

from .courses import COURSES, write_course

_WARM_S = 5.0
_MIB = 1024


@dataclass(frozen=True)
class _Ran:
    """What came of one run: rows that came out, the most memory in MiB, seconds of processor, and what it said."""

    rows: int
    memory: float
    worked: float
    said: str


def main() -> None:
    """Measure what is asked for and print a table each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recipes")
    parser.add_argument("what", nargs="*", default=["throughput", "memory"], choices=["throughput", "memory"])
    parser.add_argument("--recipes", nargs="+", default=list(COURSES), choices=list(COURSES), metavar="NAME")
    parser.add_argument("--rows", type=int, nargs="+", metavar="N", help="2000; for memory 1000 and 20000")
    parser.add_argument("--rpm", type=float, default=3000.0, help="permitted requests a minute")
    told = parser.parse_args()
    with own_state(), tempfile.TemporaryDirectory(prefix="autoevol-bench-") as folder:
        if "throughput" in told.what:
            _throughput(Path(folder) / "throughput", told.recipes, (told.rows or [2000])[0], told.rpm)
        if "memory" in told.what:
            _memory(Path(folder) / "memory", told.recipes, told.rows or [1000, 20_000])


def _throughput(home: Path, names: Sequence[str], rows: int, rpm: float) -> None:
    table: Table = [("recipe", "rows out", "calls", "steady share", "share of the whole run", "over the limit",
                     "processor a call")]  # fmt: skip
    for name in names:
        place = home / name
        place.mkdir(parents=True)
        knobs = {"rpm": rpm, "latency": "lognormal/0.4/0.3", "headers": "none", "log": place / "log.jsonl"}
        with provider(knobs) as base_url:
            ran = _run(place, name, rows, base_url, rpm=rpm, concurrency=200)
            asked(base_url, "/stats")  # its log is whole after that
        calls = read_log(place / "log.jsonl")
        taken = sorted((call for call in calls if call.accepted), key=lambda call: call.arrived)
        over = sum(call.status == 429 for call in calls)
        if not taken:
            raise RuntimeError(f"{name} called nobody:\n{ran.said}")
        start, end = taken[0].arrived, taken[-1].arrived
        steady = share_of(rpm / 60, taken, start + _WARM_S, quantile([call.arrived for call in taken], 0.95))
        table.append((
            name, f"{ran.rows:,}", f"{len(taken):,}", percent(steady), percent(share_of(rpm / 60, taken, start, end)),
            f"{over:,}", f"{1000 * ran.worked / len(taken):.1f} ms",
        ))  # fmt: skip
    say(f"Recipes at {rpm:g} requests a minute", table, 1)


def _memory(home: Path, names: Sequence[str], sizes: Sequence[int]) -> None:
    table: Table = [("recipe", *(f"{size:,} rows" for size in sizes), "more for each row")]
    for name in names:
        cells: list[tuple[int, float]] = []
        for size in sizes:
            with provider({"latency": "0.02", "output_tokens": "40"}) as base_url:
                ran = _run(home / f"{name}-{size}", name, size, base_url, concurrency=64)
            cells.append((ran.rows, ran.memory))
        (few, low), (many, high) = cells[0], cells[-1]
        each = (high - low) * _MIB * 1024 / max(1, many - few)
        shown = [f"{memory:.0f} MiB ({rows:,} out)" for rows, memory in cells]
        table.append((name, *shown, f"{each:,.0f} bytes"))
    say("Memory of a run", table, 1)


def _run(place: Path, name: str, rows: int, base_url: str, **endpoint: object) -> _Ran:
    """One run as a process of its own.

    Raises:
        RuntimeError: it did not finish.
    """
    config = write_course(place / "course", name, rows, base_url, **endpoint)
    command = [sys.executable, "-m", "autoevol.optimizer", "make", "--config", str(config), "--runs",
               str(place / "runs"), "--yes", "--quiet"]  # fmt: skip
    said = place / "said.txt"
    with said.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)  # noqa: S603  ours
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    text = said.read_text(encoding="utf-8", errors="replace")
    if process.returncode:
        raise RuntimeError(f"{name} ended with {process.returncode}:\n{text}")
    (run,) = (place / "runs").iterdir()
    told = json.loads((run / "status.json").read_text(encoding="utf-8"))
    memory = used.ru_maxrss / (_MIB if sys.platform != "darwin" else _MIB**2)
    return _Ran(told["rows_out"], memory, used.ru_utime + used.ru_stime, text)


if __name__ == "__main__":
    main()
