"""Looking at runs: whatever their files hold, whoever killed them."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.actors import act
from tests.model_server import model_server

from .conftest import Cli


def _run(root: Path, name: str, *, status: Any = None, settings: Any = None) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    frozen = {"settings": {"name": name, "recipe": "auto-evol", "profile": "paper", "search": {"steps": 4}}}
    (folder / "settings.json").write_text(json.dumps(frozen if settings is None else settings), encoding="utf-8")
    if status is not None:
        text = status if isinstance(status, str) else json.dumps(status)
        (folder / "status.json").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def finished(cli: Cli, seeds: Path, tmp_path: Path) -> Path:
    """A real run that ended."""
    roles = ("evolver", "responder", "analyst", "refiner", "judge")
    with model_server(act) as server:
        models = [word for role in roles for word in (f"--{role}-model", f"m-{role}")]
        arguments = ["--base-url", server.base_url, *models, "--steps", 2, "--dev", 6, "--test", 3, "--quiet", "--yes"]
        assert 0 == cli("optimize", seeds, *arguments, "--candidates", 2, "--apply-limit", 6).code
    return next((tmp_path / "runs").iterdir())


def test_runs_are_a_table(cli: Cli, tmp_path: Path) -> None:
    """Name, recipe, state, steps, rows, calls, cost."""
    _run(
        tmp_path / "runs",
        "a",
        status={"state": "finished", "steps_done": 3, "rows_out": 1200, "calls": 5, "cost_usd": 1.5},
    )
    _run(tmp_path / "runs", "b")
    (tmp_path / "runs" / "no-run").mkdir()

    lines = [line.split() for line in cli("runs").out.splitlines()]

    assert ["run", "recipe", "state", "steps", "rows", "calls", "cost"] == lines[0]
    assert ["a", "auto-evol", "finished", "3/4", "1,200", "5", "$1.5000"] == lines[1]
    assert ["b", "auto-evol", "new", "0/4", "-", "-", "-"] == lines[2]
    assert 3 == len(lines)


def test_runs_as_json_has_the_same(cli: Cli, tmp_path: Path) -> None:
    """For programs."""
    _run(tmp_path / "runs", "a", status={"state": "stopped", "calls": 5, "cost_usd": None})

    (row,) = json.loads(cli("runs", "--json").out)

    assert ("a", "stopped", 4, 5, None, "unknown") == (
        row["name"], row["state"], row["steps"], row["calls"], row["cost_usd"], row["cost"],
    )  # fmt: skip


def test_no_runs_yet_is_no_error_and_a_wrong_folder_is_one(cli: Cli) -> None:
    """The usual folder may be missing; one that was named may not."""
    assert (0, True) == ((said := cli("runs")).code, "No runs" in said.out)
    assert (2, True) == ((said := cli("runs", "--runs", "nowhere")).code, "There is no folder nowhere" in said.err)


@pytest.mark.parametrize(
    ("status", "settings", "state"),
    [
        ("{half", None, "unreadable"),
        ("[]", None, "unreadable"),
        ({"state": 3, "steps_done": "x", "calls": None, "cost_usd": "much", "rows_out": []}, None, "unknown"),
        ({"state": "finished"}, [], "unreadable"),
        ({"state": "running"}, {"settings": 3}, "killed"),
        ({"state": "finished", "name": "a\x1b[31mb"}, None, "finished"),
    ],
)
def test_damaged_runs_are_listed_all_the_same(cli: Cli, tmp_path: Path, status: Any, settings: Any, state: str) -> None:
    """A list that breaks on one run hides the others; a terminal obeys no name."""
    _run(tmp_path / "runs", "bad", status=status, settings=settings)

    listed, shown = cli("runs"), cli("show", "bad")

    assert (0, 0) == (listed.code, shown.code)
    assert state in listed.out
    assert "\x1b" not in listed.out + shown.out


def test_a_killed_run_is_not_called_running(cli: Cli, tmp_path: Path) -> None:
    """Only a held lock shows that somebody is at work."""
    folder = _run(tmp_path / "runs", "a", status={"state": "running"})
    lock = folder / "journal.lock"
    lock.touch()
    assert "killed" in cli("runs").out
    program = (
        "import fcntl, sys; f = open(sys.argv[1], 'a+'); fcntl.lockf(f, fcntl.LOCK_EX); print(flush=True); input()"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert "running" in cli("runs").out
    finally:
        holder.communicate(b"\n")
    with lock.open("rb") as file:
        fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)


def test_show_tells_the_story(cli: Cli, finished: Path) -> None:
    """Story, decisions, counts, cost, method, files."""
    said = cli("show", finished)

    assert 0 == said.code
    for heading in ("Kept the starting method", "Decisions", "Counts", "Cost", "Method ", f"Files in {finished}"):
        assert heading in said.out
    assert "step 1: " in said.out
    assert "report.html" in said.out
    assert said.out == cli("show", finished.name).out.replace(f"runs/{finished.name}", str(finished))


def test_show_tells_how_steady_the_judge_is(cli: Cli, finished: Path) -> None:
    """From the looks of this run: both orders, repeats, and what is wrong with it."""
    said = cli("show", finished)
    row = json.loads(cli("show", finished, "--json").out)

    assert "The judge (m-judge) looked " in said.out
    assert "! The judge said yes to everything: validity is not checked." in said.out
    assert row["judge"]["looks"] == row["judge"]["yes_to_all"]["of"] > row["judge"]["pairs"] > 0
    assert "judge.json" in row["files"]


def test_show_as_json_is_one_object(cli: Cli, finished: Path) -> None:
    """What a program would ask for, with counts that add up."""
    row = json.loads(cli("show", "run", "--json").out)

    assert ("finished", 1, 1) == (row["state"], row["steps_done"], len(row["decisions"]))
    assert 6 == row["counts"]["rows_out"] + sum(row["counts"]["dropped"].values())
    assert sum(role["calls"] for role in row["cost_by_role"].values()) > 0
    assert row["method"]["clauses"]
    assert (finished / "dataset.jsonl").resolve() == Path(row["files"]["dataset.jsonl"]).resolve()


def test_show_of_a_run_that_never_began_says_how_to_begin(cli: Cli, tmp_path: Path) -> None:
    """The command that continues it."""
    _run(tmp_path / "runs", "a")

    assert "Continue with: autoevol resume runs/a" in cli("show", "a").out


def test_a_name_that_two_runs_have_is_not_guessed(cli: Cli, tmp_path: Path) -> None:
    """Both are named; the whole name works, and so does the end that one run has."""
    _run(tmp_path / "runs", "2026-01-01-x")
    _run(tmp_path / "runs", "2026-01-02-x")

    said = cli("show", "x")

    assert 2 == said.code
    assert "2026-01-01-x or 2026-01-02-x" in said.err
    assert 0 == cli("show", "02-x").code
    assert "Did you mean 2026-01-01-x?" in cli("show", "2026-01-01-y").err
