"""`--reuse RUN`: what is taken over, what is called all the same, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

from autoevol.agents.gateway.books.journal import CallRecord, read_calls
from tests.model_server import ModelServer

from .conftest import Cli

ROLES = ("evolver", "responder", "analyst", "refiner", "judge")
SMALL = ("--steps", 1, "--batch", 3, "--candidates", 1, "--dev", 4, "--test", 2, "--apply-limit", 3, "--yes", "--quiet")


def _optimize(cli: Cli, server: ModelServer, seeds: Path, name: str, *more: object) -> Path:
    models = [word for role in ROLES for word in (f"--{role}-model", f"m-{role}")]
    said = cli("optimize", seeds, "--base-url", server.base_url, *models, *SMALL, "--name", name, *more)
    assert 0 == said.code, said.err
    (run,) = Path("runs").glob(f"*-{name}")
    return run


def _calls(run: Path) -> list[CallRecord]:
    return list(read_calls(run))


def test_a_new_run_takes_all_but_the_test_from_an_old_one(cli: Cli, server: ModelServer, seeds: Path) -> None:
    """It asks for the test only, ends with the same data, and goes on by itself when the old one is gone."""
    old = _optimize(cli, server, seeds, "old")
    before = server.count
    new = _optimize(cli, server, seeds, "new", "--reuse", "old")
    asked = server.count - before
    fresh = [call for call in _calls(new) if not call.reused_from]

    assert {"test"} == {call.stage for call in fresh}
    assert asked == len(fresh) == sum(call.stage == "test" for call in _calls(old)) > 0
    assert {old.name} == {call.reused_from for call in _calls(new)} - {""}
    assert [0.0] == list({call.cost for call in _calls(new) if call.reused_from})
    assert (old / "dataset.jsonl").read_text().count("\n") == (new / "dataset.jsonl").read_text().count("\n")

    shutil.rmtree(old)
    before = server.count
    again = cli("resume", new, "--quiet")

    assert (0, before) == (again.code, server.count)


def test_a_run_that_changes_something_calls_only_for_that(cli: Cli, server: ModelServer, seeds: Path) -> None:
    """More rows: the first are taken, the others are made."""
    old = _optimize(cli, server, seeds, "old")
    new = _optimize(cli, server, seeds, "new", "--reuse", old, "--apply-limit", 6)
    applied = [call for call in _calls(new) if call.stage == "apply"]

    assert any(call.reused_from for call in applied)
    assert any(not call.reused_from for call in applied)


def test_what_cannot_be_reused_is_said_before_anything_is_made(
    cli: Cli, server: ModelServer, seeds: Path, tmp_path: Path
) -> None:
    """No such run, no journal, or another secret, with which no prompt would come up again."""
    old = _optimize(cli, server, seeds, "old")
    before = server.count
    arguments = ("optimize", seeds, "--base-url", server.base_url, "--model", "m", "--yes", "--name", "new")
    other = cli(*arguments, "--reuse", "old", "--set", "secret=00ff")
    missing = cli(*arguments, "--reuse", "odl")
    (old / "journal.sqlite").unlink()
    empty = cli(*arguments, "--reuse", "old")

    assert [2, 2, 2] == [other.code, missing.code, empty.code]
    assert "its secret, which is part of every prompt, is not this run's" in other.err
    assert "There is no run 'odl'" in missing.err
    assert "There is no journal" in empty.err
    assert before == server.count
    assert [old.name] == [path.name for path in (tmp_path / "runs").iterdir()]


def test_profiles_share_what_they_ask_alike(cli: Cli, server: ModelServer, seeds: Path) -> None:
    """Evolutions and answers of the starting method are paid for once; the authors' decoding is another question."""
    _optimize(cli, server, seeds, "ours")
    taken: dict[str, set[str]] = {}
    for name, more in {
        "paper": ("--profile", "paper"),
        "code": ("--profile", "official-code"),
        "plain": ("--profile", "official-code", "--quirks", "-code-decoding,-dev-overlaps-train"),
    }.items():
        run = _optimize(cli, server, seeds, name, "--reuse", "ours", *more)
        taken[name] = {f"{call.stage} {call.role}" for call in _calls(run) if call.reused_from}

    assert {"steps/000/batch evolver", "steps/000/dev evolver", "steps/000/dev responder"} <= taken["paper"]
    assert set() == taken["code"]
    assert {"steps/000/dev evolver", "steps/000/dev responder"} <= taken["plain"]
