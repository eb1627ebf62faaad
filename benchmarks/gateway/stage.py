"""Providers and clients as processes of their own, on cores of their own where there are two, and what came of them."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, cast
from urllib.parse import urlsplit

from autoevol.agents.gateway.simulated.provider.process import start_provider
from autoevol.agents.gateway.simulated.provider.settings import settings_of

from .jobs import Job, Report

__all__ = [
    "Logged",
    "Played",
    "Scene",
    "Started",
    "asked",
    "on_core",
    "own_state",
    "provider",
    "read_log",
    "repeated",
    "start",
    "wave",
]

_ROOT = Path(__file__).resolve().parents[2]
_LIMIT_S = 400.0
_STARTERS = 4


@dataclass(frozen=True)
class Logged:
    """One call as the provider saw it; times are of the monotonic clock, in seconds."""

    arrived: float
    done: float
    status: int
    accepted: bool
    tokens: int


@dataclass(frozen=True)
class Scene:
    """One provider and its clients.

    Args:
        name: of the row that it becomes.
        knobs: the provider's.
        jobs: the clients'; their address and folder are filled in.
        limit_s: when it is broken off.
    """

    name: str
    knobs: Mapping[str, object]
    jobs: tuple[Mapping[str, object], ...]
    limit_s: float = _LIMIT_S


@dataclass(frozen=True)
class Played:
    """What came of a scene. A client that did not end in time has no report."""

    scene: Scene
    stats: Mapping[str, object]
    calls: list[Logged]
    reports: list[Report | None]

    @property
    def report(self) -> Report:
        """Of the only client.

        Raises:
            TimeoutError: it did not end in time.
        """
        found = self.reports[0]
        if found is None:
            raise TimeoutError(f"'{self.scene.name}' did not end within {self.scene.limit_s:g} s")
        return found

    @property
    def accepted(self) -> list[Logged]:
        """Calls that were let in, in the order of their arrival."""
        return sorted((call for call in self.calls if call.accepted), key=lambda call: call.arrived)

    @property
    def over(self) -> int:
        """Calls that were turned away because of a limit."""
        return sum(cast("dict[str, int]", self.stats["over_limit"]).values())

    @property
    def distinct(self) -> int:
        """Different calls that came."""
        return cast("dict[str, int]", self.stats["bodies"])["distinct"]

    def number(self, name: str) -> int:
        """One of the provider's counts."""
        return int(cast("int", self.stats[name]))


# ---------------------------------------------------------------- processes


@contextmanager
def on_core(whose: Literal["client", "provider"]) -> Generator[None]:
    """Processes that are started in the block stay off the other side's core, where there are two and the system can.

    The provider has the last core for itself, clients have all others.
    """
    if not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2:
        yield
        return
    before = os.sched_getaffinity(0)
    *others, last = sorted(before)
    os.sched_setaffinity(0, {last} if whose == "provider" else set(others))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@dataclass
class Started:
    """A client process that is ready or at work."""

    process: subprocess.Popen[str]
    went: float = field(default_factory=time.monotonic)

    def go(self) -> None:
        """Let it begin."""
        assert self.process.stdin is not None  # noqa: S101  asked for
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        self.went = time.monotonic()

    def report(self, limit_s: float = _LIMIT_S) -> Report | None:
        """Wait for what it tells; None where it does not end in time.

        Raises:
            RuntimeError: it broke.
        """
        try:
            told, _ = self.process.communicate(timeout=max(0.1, self.went + limit_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            return None
        if self.process.returncode or not told:
            raise RuntimeError(f"a client ended with {self.process.returncode}")
        return Report.model_validate_json(told)


def start(job: Job) -> Started:
    """A client that is ready to begin."""
    command = [sys.executable, "-m", "benchmarks.gateway.client"]
    with on_core("client"):
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_ROOT)  # noqa: S603
    assert process.stdin is not None  # noqa: S101  asked for
    assert process.stdout is not None  # noqa: S101
    process.stdin.write(job.model_dump_json() + "\n")
    process.stdin.flush()
    if process.stdout.readline() != "ready\n":
        raise RuntimeError("a client did not start")
    return Started(process)


@contextmanager
def provider(knobs: Mapping[str, object]) -> Generator[str]:
    """A provider for as long as the block lasts; its base address."""
    with ExitStack() as stack:
        with on_core("provider"):
            address = stack.enter_context(start_provider(settings_of(knobs)))
        yield address


@contextmanager
def own_state() -> Generator[None]:
    """What the gateway keeps of accounts goes to a folder of the measurement, not to the person's."""
    with tempfile.TemporaryDirectory(prefix="autoevol-bench-") as folder:
        os.environ["AUTOEVOL_STATE"] = folder
        yield


def asked(address: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, object]:
    """Ask a provider for what is not a call to a model: `/stats`, or with a body `/control` and `/reset`."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=60)
    try:
        connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body))
        return cast("dict[str, object]", json.loads(connection.getresponse().read()))
    finally:
        connection.close()


# ---------------------------------------------------------------- scenes


def wave(scenes: Sequence[Scene]) -> list[Played]:
    """Play scenes side by side: all are made ready, then all begin."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="autoevol-bench-")))
        logs = [folder / f"{index}.jsonl" for index in range(len(scenes))]
        with ThreadPoolExecutor(_STARTERS) as starters:
            places = list(starters.map(partial(_placed, stack), scenes, logs))
            clients = list(starters.map(partial(_clients, folder), range(len(scenes)), scenes, places))
        for each in clients:
            for client in each:
                client.go()
        reports = [
            [client.report(scene.limit_s) for client in each] for each, scene in zip(clients, scenes, strict=True)
        ]
        stats = [asked(place, "/stats") for place in places]
        return [
            Played(scene, said, read_log(log), reported)
            for scene, said, log, reported in zip(scenes, stats, logs, reports, strict=True)
        ]


def _placed(stack: ExitStack, scene: Scene, log: Path) -> str:
    return stack.enter_context(provider({**scene.knobs, "log": log}))


def _clients(folder: Path, number: int, scene: Scene, place: str) -> list[Started]:
    told = [{**job, "base_url": place, "folder": folder / f"{number}-{turn}"} for turn, job in enumerate(scene.jobs)]
    return [start(Job.model_validate(each)) for each in told]


def repeated(scenes: Sequence[Scene], rounds: int, side_by_side: int = 18) -> list[list[Played]]:
    """Play scenes several times: all of them side by side, and rounds too where so many scenes fit.

    Returns:
        for each scene what came of its rounds.
    """
    together = max(1, side_by_side // len(scenes))
    results: list[list[Played]] = [[] for _ in scenes]
    left = rounds
    while left > 0:
        copies = min(together, left)
        for number, played in enumerate(wave([*scenes] * copies)):
            results[number % len(scenes)].append(played)
        left -= copies
    return results


def read_log(log: Path) -> list[Logged]:
    """The calls that a provider wrote down, once it was asked for its counts."""
    with log.open(encoding="utf-8") as lines:
        return [_logged(json.loads(line)) for line in lines if line.endswith("\n")]


def _logged(line: dict[str, object]) -> Logged:
    numbers = cast("dict[str, float]", line)
    tokens = int(numbers["tokens_in"] + numbers["tokens_out"])
    return Logged(numbers["arrived"], numbers["done"], int(numbers["status"]), bool(line["accepted"]), tokens)
