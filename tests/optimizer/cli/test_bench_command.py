"""`autoevol bench strategies`: equal budget, ordinary run folders, goes on where it was, table and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.actors import act
from tests.model_server import ModelServer, model_server
from tests.optimizer.small_run import write_config

from .conftest import Cli

BENCH = ("bench", "strategies", "--config", "run.json", "--run-seeds", "1", "--budget", "2000calls", "--quiet")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """Models that play the roles."""
    with model_server(act) as running:
        yield running


def test_a_bench_runs_each_strategy_once_and_a_second_start_asks_nothing(
    cli: Cli, server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The runs are ordinary ones; the record is the same again, and one more strategy is all that is run then."""
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    write_config(tmp_path, server.base_url)
    root = tmp_path / "runs/bench-strategies"

    first = cli(*BENCH, "--strategies", "best-of-n,mipro", "--json")
    asked = server.count
    again = cli(*BENCH, "--strategies", "best-of-n,mipro")
    record: dict[str, Any] = json.loads(first.out)

    assert (0, 0) == (first.code, again.code)
    assert asked == server.count
    assert json.loads((root / "result.json").read_text(encoding="utf-8")) == record
    assert ["best-of-n", "mipro"] == [row["strategy"] for row in record["strategies"]]
    assert {"finished"} == {run["state"] for run in record["runs"]}
    assert all((root / run["run"] / "test/confirmation.json").is_file() for run in record["runs"])
    assert "less best-of-n (95 %)" in again.out
    assert "One run seed" in again.out


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("seeds.jsonl", "--world", "as published", "--budget", "9calls"), "A world has seeds of its own"),
        (("seeds.jsonl", "--model", "m", "--base-url", "http://127.0.0.1:9/v1"), "compared at equal budget"),
        (("seeds.jsonl", "--model", "m", "--base-url", "http://127.0.0.1:9/v1", "--budget", "30min"), "time alone"),
        (("seeds.jsonl", "--strategies", "gepa,luck"), "'luck' is unknown"),
        (("seeds.jsonl", "--strategies", "gepa,gepa"), "named twice"),
        (("--world", "flat", "--budget", "9calls"), "flat"),
    ],
)
def test_what_cannot_be_compared_is_refused(cli: Cli, words: tuple[str, ...], why: str) -> None:
    """Before a run is made."""
    said = cli("bench", "strategies", *words)

    assert 2 == said.code
    assert why in said.err


def test_a_bench_is_not_continued_with_other_settings(cli: Cli, server: ModelServer, tmp_path: Path) -> None:
    """Its runs would not be comparable."""
    write_config(tmp_path, server.base_url)
    root = tmp_path / "runs/bench-strategies"
    root.mkdir(parents=True)
    (root / "bench.json").write_text('{"world": "", "settings": {}}', encoding="utf-8")

    said = cli(*BENCH, "--strategies", "gepa")

    assert 2 == said.code
    assert "was begun with other settings" in said.err
    assert 0 == server.count


def test_a_strategy_that_would_be_refused_is_so_before_the_others_are_paid(
    cli: Cli, server: ModelServer, tmp_path: Path
) -> None:
    """Not when its turn comes."""
    write_config(tmp_path, server.base_url)

    said = cli(*BENCH, "--strategies", "best-of-n,mipro", "--set", "search.metric_calls=1")

    assert 2 == said.code
    assert "search.metric_calls is 1, but mipro scores" in said.err
    assert not (tmp_path / "runs").exists()
    assert 0 == server.count


def test_a_second_start_from_other_models_or_seeds_is_refused(cli: Cli, server: ModelServer, tmp_path: Path) -> None:
    """Else runs of one table would have been answered by others, or about other things."""
    write_config(tmp_path, server.base_url)
    start = (*BENCH, "--set", "search.steps=0", "--set", "search.test=0", "--strategies", "best-of-n", "--no-judge")
    assert 0 == cli(*start).code
    asked = server.count

    elsewhere = cli(*start, "--base-url", "http://127.0.0.1:9/v1")
    seeds = (tmp_path / "seeds.jsonl").read_text(encoding="utf-8")
    (tmp_path / "seeds.jsonl").write_text(seeds + '{"question": "How many more?"}\n', encoding="utf-8")
    changed = cli(*start)
    world = cli("bench", "strategies", "--world", "as published", "--budget", "2000calls")

    assert (2, 2, 2, asked) == (elsewhere.code, changed.code, world.code, server.count)
    assert "begun with other settings (endpoints)" in elsewhere.err
    assert "begun with other seeds" in changed.err
    assert ", world" in world.err
    assert not (tmp_path / "runs/bench-strategies/seeds.jsonl").exists()


@pytest.mark.parametrize("world", [False, True])
def test_a_dry_run_says_what_each_strategy_would_take(cli: Cli, tmp_path: Path, world: bool) -> None:
    """Without a call, and without a file."""
    write_config(tmp_path, "http://127.0.0.1:9/v1")
    before = sorted(tmp_path.rglob("*"))
    where = ("bench", "strategies", "--world", "as published", "--budget", "900calls") if world else BENCH

    said = cli(*where, "--strategies", "gepa,mipro", "--dry-run")

    assert "gepa: " in said.out
    assert "runs of at most" in said.out
    assert "Nothing was called" in said.out
    assert before == sorted(tmp_path.rglob("*"))
