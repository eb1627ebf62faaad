"""`autoevol resume --set`: what is harmless changes, is recorded and stays; the rest is refused, with the reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.actors import act
from tests.model_server import ModelServer, model_server

from .conftest import Cli

MODELS = tuple(word for role in ("evolver", "responder") for word in (f"--{role}-model", f"m-{role}"))
EVOLVE = ("evolve", "--seeds", "seeds.jsonl", *MODELS, "--no-judge", "--apply-limit", 4, "--quiet", "--yes")


@pytest.fixture
def stopped(cli: Cli, server: ModelServer, seeds: Path, tmp_path: Path) -> Path:
    """A run that its cap has stopped."""
    assert 1 == cli(*EVOLVE, "--base-url", server.base_url, "--budget", "3calls").code
    (run,) = (tmp_path / "runs").iterdir()
    return run


def _changes(run: Path) -> list[tuple[str, Any, Any]]:
    events = [json.loads(line) for line in (run / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    return [(".".join(e["path"]), e["old"], e["new"]) for e in events if e["kind"] == "setting"]


def test_a_change_is_recorded_and_needs_not_be_said_again(cli: Cli, stopped: Path) -> None:
    """With its old value; the next session goes by the new one."""
    first = cli("resume", "run", "--budget", "4calls", "--set", "endpoints.default.concurrency=2")
    again = cli("resume", "run", "--quiet")
    done = cli("resume", "run", "--set", "budget.calls=none", "--quiet")

    assert (1, 1, 0) == (first.code, again.code, done.code)
    assert "From now on endpoints.default.concurrency: none is now 2." in first.err
    assert "budget of 4 calls" in again.err
    assert [("endpoints.default.concurrency", None, 2), ("budget.calls", 3, 4), ("budget.calls", 4, None)] == _changes(
        stopped
    )


def test_a_refused_setting_changes_nothing_at_all(cli: Cli, server: ModelServer, stopped: Path) -> None:
    """Exit code 2, the reason, and the way out; the harmless one beside it is not recorded either."""
    before, events = server.count, (stopped / "events.jsonl").read_bytes()

    said = cli("resume", "run", "--budget", "90calls", "--set", "roles.evolver.temperature=1")

    assert (2, before, events) == (said.code, server.count, (stopped / "events.jsonl").read_bytes())
    assert "roles.evolver.temperature cannot change while a run goes on: it is part of every call" in said.err
    assert "--reuse" in said.err
    assert "Continue with" not in said.err


def test_what_is_no_setting_is_refused_as_everywhere(cli: Cli, stopped: Path) -> None:
    """With the nearest name."""
    said = cli("resume", "run", "--set", "endpoints.default.rpmm=60")

    assert 2 == said.code
    assert "There is no setting endpoints.default.rpmm on the command line. Did you mean" in said.err


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("make.0.rounds=3", "make cannot change while a run goes on: it says which rows are made, and how."),
        ("endpoints.defualt.rpm=60", "This run has no endpoint 'defualt'. Did you mean 'default'?"),
        ("endpoints.other.rpm=60", "This run has no endpoint 'other'. It has: default."),
    ],
)
def test_what_this_run_has_not_is_told_in_its_own_words(cli: Cli, stopped: Path, line: str, sentence: str) -> None:
    """Not in those of a check that comes later."""
    said = cli("resume", "run", "--set", line)

    assert (2, []) == (said.code, _changes(stopped))
    assert sentence in said.err


def test_a_dry_run_only_tells_what_would_change(cli: Cli, stopped: Path) -> None:
    """Caps are judged as they would be."""
    said = cli("resume", "run", "--dry-run", "--budget", "77calls")

    assert "It would change budget.calls: 3 is now 77." in said.out
    assert "Caps: 77 calls" in said.out
    assert [] == _changes(stopped)


def test_a_cap_in_money_needs_prices_on_resume_too(cli: Cli, stopped: Path) -> None:
    """They can be said with the cap, for models whose names hold dots as well."""
    refused = cli("resume", "run", "--budget", "5usd,90calls")
    prices = [f"--set=endpoints.default.prices.{model}={{input=1,output=2}}" for model in ("m-evolver", "m-responder")]
    said = cli("resume", "run", "--budget", "5usd,90calls", *prices, "--quiet")

    assert (2, 0) == (refused.code, said.code)
    assert "A budget in USD needs the price of m-evolver" in refused.err
    assert "--set 'endpoints.NAME.prices" in refused.err


def test_a_server_that_moved_is_said_by_its_new_address(cli: Cli, server: ModelServer, stopped: Path) -> None:
    """The calls that are paid for are the same calls."""
    paid = server.paid
    with model_server(act) as elsewhere:
        said = cli(
            "resume",
            "run",
            "--budget",
            "90calls",
            "--set",
            f"endpoints.default.base_url={elsewhere.base_url}",
            "--quiet",
        )

        assert (0, paid) == (said.code, server.paid)
        assert 0 < elsewhere.paid
    assert 4 == sum(len((stopped / name).read_text().splitlines()) for name in ("dataset.jsonl", "dropped.jsonl"))


def test_more_seeds_can_be_evolved_later_and_fewer_cannot(cli: Cli, server: ModelServer, stopped: Path) -> None:
    """The rows that are there stay as they are."""
    cli("resume", "run", "--budget", "90calls", "--quiet")
    before = (stopped / "dataset.jsonl").read_text(encoding="utf-8")

    fewer = cli("resume", "run", "--set", "apply_limit=2", "--quiet")
    more = cli("resume", "run", "--set", "apply_limit=7", "--quiet")

    assert (2, 0) == (fewer.code, more.code)
    assert "it can only rise" in fewer.err
    assert "7 seeds in" in more.out
    assert (stopped / "dataset.jsonl").read_text(encoding="utf-8").startswith(before)
