"""Runs of `autoevol` as processes that die at a named moment, by SIGKILL, as a crash or the kernel would have it.

A nursery is one process that has loaded everything and forks a child for each run, so that a run costs no start. In the
child the moments of writing are watched; at the one that is its fate it kills itself there and then, or begins an
outage of the provider. The moments:

    sent        an attempt is on record and about to be sent: it is lost, and paid for or not
    answered    an answer has come and is not on record: it is paid for and lost
    journaled   a call is on record, and nobody has heard of it
    event       an event is on record, and has had no effect yet
    torn        half an event is on record
    file        a file is written beside the place where it belongs, and not yet moved there
    moved       it has been moved
    row         a row is written into a file that grows
    clock       so many milliseconds have passed, whatever goes on
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from autoevol.agents.gateway.books.journal import Journal
from autoevol.optimizer.record.events import EventLog
from autoevol.optimizer.record.folder import RowsFile

__all__ = ["MOMENTS", "Ended", "Fate", "Nursery", "nursery"]

MOMENTS = ("sent", "answered", "journaled", "event", "torn", "file", "moved", "row")

_ROOT = Path(__file__).resolve().parents[2]
_LIMIT_S = 300.0
# What takes long to load is loaded once, before any fork.
_HEAVY = ("autoevol.optimizer.session", "autoevol.optimizer.cli.launch", "autoevol.optimizer.cli.optimize",
          "autoevol.optimizer.cli.resume", "scipy.stats", "anyio._backends._asyncio", "leather")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fate:
    """What befalls a run: at the so many-th moment of a kind it is killed, or its provider goes out for long.

    Args:
        moment: one of `MOMENTS`, or `clock`.
        at: from 1; for `clock` milliseconds.
        outage: address of the provider, which then answers nothing; empty to be killed.
    """

    moment: str
    at: int
    outage: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended: its exit code (-9 for SIGKILL), what it said, and how many moments of each kind it had."""

    code: int
    said: str
    moments: Mapping[str, int]


class Nursery:
    """Runs commands one after the other."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._folder = folder

    def run(self, arguments: Sequence[str | Path], fate: Fate | None = None) -> Ended:
        """Run one command to its end, or to its fate.

        Raises:
            RuntimeError: the nursery itself is gone.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the nursery has no pipes")
        log = self._folder / "said.txt"
        order = {"arguments": [str(each) for each in arguments], "log": str(log), "fate": fate and asdict(fate)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the nursery is gone")
        moments = log.with_suffix(".json")
        counted: object = json.loads(moments.read_text(encoding="utf-8")) if moments.exists() else {}
        told = log.read_text(encoding="utf-8", errors="replace")
        return Ended(int(line), told, cast("dict[str, int]", counted))


@contextmanager
def nursery(folder: Path) -> Generator[Nursery]:
    """A nursery for as long as the block lasts.

    Args:
        folder: for what its children say, and for what AutoEvol remembers of providers.
    """
    paths = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH", "")])])
    environment = {**os.environ, "PYTHONPATH": paths, "AUTOEVOL_STATE": str(folder / "state")}
    command = [sys.executable, "-m", "benchmarks.resume.mortal"]
    with subprocess.Popen(  # noqa: S603  ours
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=folder
    ) as process:
        yield Nursery(process, folder)
        if process.stdin is not None:
            process.stdin.close()


# ---------------------------------------------------------------- in the nursery


def _main() -> None:
    for name in _HEAVY:
        importlib.import_module(name)
    pages = importlib.import_module("autoevol.optimizer.pages.rendering")._environment()
    for name in pages.list_templates(extensions=["html"]):
        pages.get_template(name)
    # What is loaded stays: a collection in a child would touch, and so copy, all of it.
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        order = cast("dict[str, Any]", json.loads(line))
        Path(order["log"]).with_suffix(".json").unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            _live(order)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _live(order: Mapping[str, Any]) -> None:
    """A whole run, in the child; it never returns."""
    from autoevol.optimizer.cli import autoevol  # noqa: PLC0415
    from autoevol.optimizer.cli.boundary import guard  # noqa: PLC0415

    signal.alarm(int(_LIMIT_S))
    log = Path(order["log"])
    with log.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    told = order["fate"]
    seen = _Moments(Fate(**told) if told else None)
    seen.watch()
    code = guard(autoevol, order["arguments"])
    log.with_suffix(".json").write_text(json.dumps(seen.counts), encoding="utf-8")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


class _Moments:
    """Counts the moments of this process, and lets fate take its course."""

    def __init__(self, fate: Fate | None) -> None:
        self._fate = fate
        self.counts: Counter[str] = Counter()

    def met(self, moment: str) -> None:
        """One more of a kind."""
        self.counts[moment] += 1
        fate = self._fate
        if fate is None or fate.moment != moment or fate.at != self.counts[moment]:
            return
        if not fate.outage:
            os.kill(os.getpid(), signal.SIGKILL)
        address = f"{fate.outage.removesuffix('/v1')}/control"
        asked = urllib.request.Request(address, b'{"outage": 600}', {"content-type": "application/json"})  # noqa: S310
        with urllib.request.urlopen(asked, timeout=10):  # noqa: S310  our own provider, on loopback
            return

    def watch(self) -> None:
        """Look over the shoulder of everything that writes."""
        if self._fate is not None and self._fate.moment == "clock":
            end = threading.Timer(self._fate.at / 1000, os.kill, (os.getpid(), signal.SIGKILL))
            end.daemon = True
            end.start()
        self._watch_journal()
        self._watch_events()
        self._watch_files()

    def _watch_journal(self) -> None:
        met, opened, finished = self.met, Journal.open_attempt, Journal.finish_many

        async def open_attempt(journal: Journal, *told: Any, **named: Any) -> int:
            number = await opened(journal, *told, **named)
            met("sent")
            return number

        async def finish_many(journal: Journal, *told: Any, **named: Any) -> None:
            met("answered")
            await finished(journal, *told, **named)
            met("journaled")

        patch.object(Journal, "open_attempt", open_attempt).start()
        patch.object(Journal, "finish_many", finish_many).start()

    def _watch_events(self) -> None:
        met, append, fate = self.met, EventLog.append, self._fate

        def appended(events: EventLog, kind: str, **fields: Any) -> None:
            if fate is not None and fate.moment == "torn" and fate.at == self.counts["torn"] + 1:
                with Path(events.path).open("ab") as file:
                    file.write(b'{"kind": "decision", "poi')
            met("torn")
            append(events, kind, **fields)
            met("event")

        patch.object(EventLog, "append", appended).start()

    def _watch_files(self) -> None:
        met, replace, write = self.met, Path.replace, RowsFile.write

        def replaced(path: Path, target: Path) -> Path:
            met("file")
            there = replace(path, target)
            met("moved")
            return there

        def wrote(rows: RowsFile, row: Mapping[str, Any]) -> None:
            write(rows, row)
            met("row")

        patch.object(Path, "replace", replaced).start()
        patch.object(RowsFile, "write", wrote).start()


if __name__ == "__main__":
    _main()
