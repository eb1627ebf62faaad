"""`compare` and `ablate` on the command line: tables, JSON, refusals, stop and resume."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.model_server import ModelReply, ModelServer, model_server
from tests.optimizer.recipes.stage import act, graded, write_seeds

from .conftest import Cli

ROLES = ("responder", "judge")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """Models that play the roles."""
    with model_server(act) as running:
        yield running


@pytest.fixture
def boxes(tmp_path: Path) -> Path:
    """Seeds and two methods."""
    graded(tmp_path / "bad.md", 8)
    graded(tmp_path / "good.md", 0)
    return write_seeds(tmp_path / "boxes.jsonl", 20)


def _models(server: ModelServer) -> list[str]:
    roles = [word for role in ROLES for word in (f"--{role}-model", f"m-{role}")]
    return ["--base-url", server.base_url, "--evolver-model", "m-evolver", *roles]


def _only_run(folder: Path) -> Path:
    (run,) = (folder / "runs").iterdir()
    return run


def test_a_comparison_prints_its_table_and_where_the_page_is(
    cli: Cli, server: ModelServer, boxes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On stdout; `show` says it again; nothing is wider than the terminal."""
    monkeypatch.setenv("COLUMNS", "100")

    said = cli("compare", "bad.md", "better=good.md", "--seeds", boxes, *_models(server), "--yes", "--quiet")
    shown = cli("show", "compare")
    lines = said.out.splitlines()

    assert (0, "") == (said.code, said.err)
    assert any(line.split()[:3] == ["1", "a", "better"] for line in lines)
    assert any(line.split()[:3] == ["2", "b", "bad"] for line in lines)
    assert "'better' is better than 'bad'" in said.out
    assert f"Report: runs/{_only_run(tmp_path).name}/compare.html" in said.out
    assert "Ranking on 20 items" in shown.out
    assert 100 >= max(map(len, said.out.partition("'better' is")[0].splitlines()))


def test_on_a_narrow_terminal_it_is_told_line_by_line(
    cli: Cli, server: ModelServer, boxes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No table is squeezed."""
    monkeypatch.setenv("COLUMNS", "50")

    said = cli("compare", "bad.md", "good.md", "--seeds", boxes, "--items", 5, *_models(server), "--yes", "--quiet")

    assert "contestant: good" in said.out
    assert "won/lost/tied: " in said.out


def test_the_first_line_counts_the_items_of_every_set(
    cli: Cli, server: ModelServer, boxes: Path, tmp_path: Path
) -> None:
    """The rows that were read are those of the first set alone."""
    more = write_seeds(tmp_path / "more.jsonl", 5, first=100)
    words = ("--seeds", boxes, "--seeds", more, "--items", 2, *_models(server), "--yes")

    said = cli("compare", "bad.md", "good.md", *words)

    assert "Items: 2 of 20 seeds of boxes, 2 of 5 seeds of more. At most " in said.err


def test_json_is_one_object_and_nothing_else(cli: Cli, server: ModelServer, boxes: Path) -> None:
    """The record; of a dry run the plan."""
    arguments = ("compare", "bad.md", "good.md", "--seeds", boxes, *_models(server), "--json", "--quiet", "--yes")

    plan = cli(*arguments, "--dry-run")
    said = cli(*arguments)

    assert ["bad", "good"] == [one["label"] for one in json.loads(said.out)["contestants"]]
    assert {"lines", "comparison"} <= set(json.loads(plan.out))
    assert server.count <= json.loads(plan.out)["calls"]["at_most"]


def test_a_dry_run_says_who_meets_and_what_could_be_shown(
    cli: Cli, server: ModelServer, boxes: Path, tmp_path: Path
) -> None:
    """Without a call or a folder."""
    (tmp_path / "rows.jsonl").write_text('{"id": "box-1", "evolved": "How many crates?"}\n', encoding="utf-8")

    said = cli("compare", "bad.md", "rows.jsonl", "--seeds", boxes, *_models(server), "--dry-run")

    assert (0, 0) == (said.code, server.count)
    assert "Items: 20 of 20 seeds of boxes." in said.out
    assert "rows: finished rows, 1 of 1 rows paired" in said.out
    assert "a difference of 0." in said.out
    assert not (tmp_path / "runs").exists()


def test_models_and_sets_are_lists(cli: Cli, server: ModelServer, boxes: Path, tmp_path: Path) -> None:
    """--evolver-model with commas, --seeds again."""
    write_seeds(tmp_path / "more.jsonl", 3, first=50)
    arguments = ["--seeds", boxes, "--seeds", "more.jsonl", "--items", "4", "--evolver-model", "m-evolver,weak-evolver"]
    models = [word for word in _models(server) if word not in {"--evolver-model", "m-evolver"}]

    said = cli("compare", "bad.md", "good.md", *arguments, *models, "--yes", "--quiet")

    assert "Transfer" in said.out
    assert 28 == sum("evolver" in str(body["model"]) for body in server.bodies)


def test_ablate_tells_what_clauses_are_worth(cli: Cli, server: ModelServer, boxes: Path, tmp_path: Path) -> None:
    """A table of clauses, and a page of its own."""
    said = cli("ablate", "good.md", "--seeds", boxes, *_models(server), "--yes", "--quiet")

    assert 0 == said.code
    assert "What each clause is worth on 20 items" in said.out
    assert "Clause 1 is worth" in said.out
    assert (_only_run(tmp_path) / "ablation.html").exists()
    assert "Method " in cli("show", "ablate").out


@pytest.mark.parametrize(
    ("contestants", "words"),
    [
        ((), "No contestants were named"),
        (("bad.md",), "needs two contestants"),
        (("bad.md", "x=bad.md"), "are the same method"),
        (("bad.md", "words.txt"), "lacks {instruction}"),
        (("bad.md", "other.jsonl"), "is about these seeds"),
        (("bad.md", "rubbish.jsonl"), "can be read (line 1: not JSON"),
        (("bad.md", "nothing.jsonl"), "There is no file"),
        (("bad.md", "good.md", "--baseline", "x"), "There is no contestant 'x'"),
        (("bad.md", "good.md", "--items", "few"), "neither a number"),
        (("bad.md", "good.md", "--budget", "5usd"), "needs the price of m-evolver"),
    ],
)
def test_what_is_wrong_is_one_sentence_and_leaves_nothing(
    cli: Cli, server: ModelServer, boxes: Path, tmp_path: Path, contestants: tuple[str, ...], words: str
) -> None:
    """Exit code 2, no call, no folder."""
    (tmp_path / "words.txt").write_text("Make it harder, please.\n", encoding="utf-8")
    (tmp_path / "other.jsonl").write_text('{"id": "another-1", "evolved": "Why?"}\n', encoding="utf-8")
    (tmp_path / "rubbish.jsonl").write_text("no json\n\n[1]\n", encoding="utf-8")

    said = cli("compare", *contestants, "--seeds", boxes, *_models(server), "--quiet", "--yes")

    assert (2, 0) == (said.code, server.count)
    assert words in said.err
    assert 1 == said.err.count("\n")
    assert not (tmp_path / "runs").exists()


def test_a_stop_is_exit_code_1_and_resume_prints_the_table(
    cli: Cli, server: ModelServer, boxes: Path, tmp_path: Path
) -> None:
    """What was finished is kept."""
    server.faults.extend([None] * 9 + [ModelReply(status=401, text="no")] * 20)
    stopped = cli("compare", "bad.md", "good.md", "--seeds", boxes, *_models(server), "--yes", "--quiet")
    server.faults.clear()
    standing = cli("resume", "compare", "--dry-run")

    resumed = cli("resume", "compare", "--quiet")

    assert (1, 0) == (stopped.code, resumed.code)
    assert "autoevol resume" in stopped.err
    assert "stopped (compare" in standing.out
    assert "Ranking on 20 items" in resumed.out
    assert {1} == set(server.answered.values())
    assert (_only_run(tmp_path) / "compare.html").exists()
