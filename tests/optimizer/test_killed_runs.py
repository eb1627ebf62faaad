"""A run that is killed at any moment and resumed ends as if nothing had happened, and pays for nothing twice.

Real processes, real SIGKILL, a real HTTP server whose answers are functions of the request.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.books.journal import read_calls
from tests.actors import act
from tests.model_server import ModelServer, model_server

pytestmark = pytest.mark.timeout(180)

SEEDS = 44


@dataclass(frozen=True)
class Whole:
    """An uninterrupted run: its settings, its folder, its records, and how many calls it took."""

    config: Path
    run: Path
    records: dict[str, Any]
    calls: int


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    """Models that play the roles."""
    with model_server(act) as running:
        yield running


def _config(folder: Path, base_url: str) -> Path:
    """Settings and seeds of a run small enough to be killed often, with every part of the course in it."""
    seeds = folder / "seeds.jsonl"
    rows = [
        {
            "question": f"Box {n} holds {n + 3} red and {2 * n + 5} blue balls. How many balls?",
            "answer": f"#### {3 * n + 8}",
        }
        for n in range(SEEDS)
    ]
    seeds.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    roles = "\n".join(f'[roles.{r}]\nmodel = "m-{r}"' for r in ("evolver", "responder", "analyst", "refiner", "judge"))
    config = folder / "run.toml"
    config.write_text(
        f"""
name = "killed"
run_seed = 7
secret = "00112233445566778899aabbccddeeff"
[endpoints.default]
base_url = "{base_url}"
concurrency = 6
{roles}
[search]
steps = 2
batch = 4
candidates = 3
dev = 14
test = 5
rungs = [6]
least_dev = 5
alpha = 0.99
""",
        encoding="utf-8",
    )
    return config


def _start(config: Path, runs: Path) -> subprocess.Popen[bytes]:
    seeds = config.with_name("seeds.jsonl")
    arguments = ["optimize", str(seeds), "--config", str(config), "--runs", str(runs), "--yes", "--quiet"]
    return subprocess.Popen([sys.executable, "-m", "autoevol.optimizer", *arguments], stderr=subprocess.PIPE)


def _resume(run: Path) -> subprocess.Popen[bytes]:
    arguments = ["resume", str(run), "--quiet"]
    return subprocess.Popen([sys.executable, "-m", "autoevol.optimizer", *arguments], stderr=subprocess.PIPE)


def _finish(process: subprocess.Popen[bytes]) -> None:
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors.decode()


def _kill_after(process: subprocess.Popen[bytes], server: ModelServer, calls: int) -> None:
    server.wait_received(calls, timeout=60)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)


def _only_run(runs: Path) -> Path:
    (run,) = [path for path in runs.iterdir() if path.is_dir()]
    return run


def _records(run: Path) -> dict[str, Any]:
    """Everything a run leaves, but for the journal's file and for times."""
    files: dict[str, Any] = {}
    for path in sorted(run.rglob("*")):
        name = str(path.relative_to(run))
        if path.is_file() and not name.startswith(("journal", "events", "log", ".")):
            files[name] = path.read_text(encoding="utf-8")
    status = json.loads(files.pop("status.json"))
    for varies in ("started", "lost"):
        status.pop(varies, None)
    files["status"] = status
    events = [json.loads(line) for line in (run / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    files["decisions"] = [(e["point"], e["value"]) for e in events if e["kind"] == "decision"]
    files["calls"] = {(call.key, call.role, call.stage, call.place) for call in read_calls(run / "journal.sqlite")}
    return files


def _compare(expected: dict[str, Any], run: Path) -> None:
    found = _records(run)
    assert sorted(expected) == sorted(found)
    for name, value in expected.items():
        assert value == found[name], f"{name} differs"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, server: ModelServer) -> Whole:
    """An uninterrupted run to compare with."""
    folder = tmp_path_factory.mktemp("whole")
    config = _config(folder, server.base_url)
    _finish(_start(config, folder / "runs"))
    assert server.count == server.paid
    assert all(times == 1 for times in server.answered.values())
    run = _only_run(folder / "runs")
    return Whole(config, run, _records(run), server.count)


def test_the_run_to_compare_with_has_every_part_of_the_course(whole: Whole) -> None:
    """A course without a change of the method, dropped rows and rejected candidates would prove little."""
    decisions = [json.loads(text) for name, text in whole.records.items() if name.endswith("decision.json")]
    assert any(decision["accepted"] for decision in decisions)
    assert whole.records["status"]["rows_out"] > 5
    assert len(whole.records["status"]["dropped"]) > 1
    assert whole.records["status"]["confirmation"] != "a control wins"


def test_a_run_killed_at_many_points_ends_like_an_uninterrupted_one(
    tmp_path: Path, server: ModelServer, whole: Whole
) -> None:
    """Whatever moment the kill falls on, every file is the same, and only what had not finished is asked again."""
    calls = whole.calls
    for point in (1, calls // 5, calls // 2, calls * 4 // 5, calls - 1):
        while server.received.acquire(blocking=False):
            pass
        runs = tmp_path / f"killed-{point}"
        _kill_after(_start(whole.config, runs), server, point)
        run = _only_run(runs)
        finished = {call.key for call in read_calls(run / "journal.sqlite")}
        before = server.count
        _finish(_resume(run))
        assert calls - len(finished) == server.count - before, "a finished call was asked again"
        _compare(whole.records, run)


def test_a_run_killed_again_and_again_still_ends_the_same(tmp_path: Path, server: ModelServer, whole: Whole) -> None:
    """Every restart gets a little further."""
    while server.received.acquire(blocking=False):
        pass
    runs = tmp_path / "often"
    _kill_after(_start(whole.config, runs), server, 30)
    run = _only_run(runs)
    for point in (25, 45, 30):
        _kill_after(_resume(run), server, point)
    _finish(_resume(run))
    _compare(whole.records, run)


def test_a_finished_run_resumed_asks_nothing(tmp_path: Path, server: ModelServer, whole: Whole) -> None:
    """Running it once more rebuilds every record without one call."""
    run = tmp_path / "again"
    shutil.copytree(whole.run, run)
    (run / "dataset.jsonl").unlink()
    (run / "report.html").unlink()
    before = server.count
    _finish(_resume(run))
    assert before == server.count
    _compare(whole.records, run)
