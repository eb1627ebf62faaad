"""A run as code reads it: the same figures as the report's, whatever the run lacks, and cells that are safe."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import anyio
import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer import Run
from autoevol.optimizer.notebook.tables import COLUMNS
from autoevol.optimizer.pages.report import write_report
from tests.optimizer.pages.sample_run import START, WINNER, change, write_calls, write_run

TABLES = ("rows", "dropped", "steps", "candidates", "items", "findings", "calls", "cost")
EVIL = '</style></svg><script>alert(1)</script>" onload="alert(1)\' {{7*7}} ]]> \u202e\x00 \ud800 &lt;b&gt;'


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A small finished run with three calls."""
    folder = write_run(tmp_path / "runs" / "2026-11-21-sample")
    calls = [("evolver", "steps/000/dev", 0.5), ("judge", "steps/000/dev", 0.25), ("evolver", "apply", None)]
    anyio.run(write_calls, folder, calls)
    return Run.open("sample", runs=tmp_path / "runs", frames="polars")


def test_a_run_is_found_by_folder_name_and_ending(run: Run, tmp_path: Path) -> None:
    """As every command finds it."""
    runs = tmp_path / "runs"

    assert run.folder == Run.open(run.folder).folder == Run.open("2026-11-21-sample", runs=runs).folder


@pytest.mark.parametrize("name", ["nothing", "", "../nothing", "no\nline"])
def test_an_unknown_run_is_one_clear_error(run: Run, tmp_path: Path, name: str) -> None:
    """It says what is wrong and what to do."""
    with pytest.raises(UsageError, match=r"no run|not the folder of a run"):
        Run.open(name, runs=tmp_path / "runs")


def test_the_story_is_that_of_the_report(run: Run) -> None:
    """One story, wherever it is told."""
    page = write_report(run.folder).read_text(encoding="utf-8")

    assert str(run.story).startswith("Found a better method, confirmed")
    assert all(sentence.split("“")[0] in page for sentence in run.story.sentences)


def test_steps_have_the_decision_with_its_interval(run: Run) -> None:
    """The accepted candidate is the challenger that is told of."""
    (step,) = run.steps().to_dicts()

    assert (1, "c1", WINNER.id, 0.25, 0.75) == (
        step["step"], step["challenger"], step["accepted"], step["incumbent"], step["mean"],
    )  # fmt: skip
    assert (0.5, 0.1, 0.9, 0.004) == (step["difference"], step["low"], step["high"], step["p"])


def test_where_nothing_was_accepted_the_strongest_is_told_of(run: Run) -> None:
    """By the lower bound of its interval, not by its mean."""
    standing = {"label": "c1", "items": 9, "mean": 0.9, "figures": {"difference": 0.4, "low": -0.5, "high": 0.9}}
    other = {**standing, "label": "c2", "mean": 0.5, "figures": {"difference": 0.1, "low": -0.1, "high": 0.3}}
    change(run.folder / "steps/000/decision.json", accepted=None, label=None,
           standings=[{"label": "incumbent", "mean": 0.4}, standing, other])  # fmt: skip
    (step,) = run.steps().to_dicts()

    assert ("c2", 0.1) == (step["challenger"], step["difference"])


def test_each_item_has_its_score_for_each_contestant(run: Run) -> None:
    """Paired by seed: what a person would pivot."""
    items = run.items().to_dicts()
    dev = {(row["contestant"], row["seed_id"]): row["score"] for row in items if row["set"] == "dev"}

    assert {("incumbent", "seed-000002"): 0.0, ("incumbent", "seed-000003"): 0.5,
            ("c1", "seed-000002"): 0.5, ("c1", "seed-000003"): 1.0} == dev  # fmt: skip
    assert {"accepted"} == {row["outcome"] for row in items if row["contestant"] == "c1"}


def test_candidates_rows_and_findings_are_all_there(run: Run) -> None:
    """Refused ones too."""
    assert ["accepted", "rejected", "unreadable"] == run.candidates()["outcome"].to_list()
    assert [("a text",)] * 3 == [tuple(kinds) for kinds in run.rows()["findings"].to_list()]
    assert ["x", "y"] == run.dropped()["reason"].to_list()
    assert {"batch": 1, "dev": 3, "dataset": 3, "dropped": 2} == dict(run.findings()["set"].value_counts().rows())


def test_cost_adds_up_to_the_calls(run: Run) -> None:
    """By role, by stage, by model, by step; a price that is not known is not counted as nothing."""
    calls = run.calls()

    assert 3 == calls.height
    assert [None, 1, 1] == calls["step"].to_list()
    for by in ("role", "stage", "model", "step"):
        bill = run.cost(by)
        assert (3, 0.75, 1) == (bill["calls"].sum(), bill["usd"].sum(), bill["unpriced"].sum())
    with pytest.raises(UsageError, match="told by"):
        run.cost("colour")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_methods_and_the_best_one(run: Run) -> None:
    """In the order in which they came; the refused one is among them."""
    assert [START.id, WINNER.id] == [next(iter(run.methods)), run.best.id if run.best else ""]
    assert 3 == len(run.methods)


def test_an_empty_run_has_the_same_columns(run: Run, tmp_path: Path) -> None:
    """A run that was just begun, or killed before its first record."""
    folder = tmp_path / "runs" / "new"
    folder.mkdir()
    (folder / "settings.json").write_text("{}", encoding="utf-8")
    empty = Run.open(folder, frames="polars")

    for name in TABLES:
        assert getattr(run, name)().schema == getattr(empty, name)().schema
        assert 0 == getattr(empty, name)().height
    assert ("new", None, {}, ()) == (empty.state, empty.best, empty.methods, empty.troubles)
    assert None is empty.plot_scores()._repr_svg_()  # pyright: ignore[reportPrivateUsage]
    assert "Nothing was scored" in empty._repr_html_()  # pyright: ignore[reportPrivateUsage]


@pytest.mark.parametrize(
    "name", ["steps/000/decision.json", "steps/000/incumbent.jsonl", "dataset.jsonl", "journal.sqlite", "status.json"]
)
def test_a_torn_file_is_named_and_the_rest_is_read(run: Run, name: str) -> None:
    """A kill can leave half of a file."""
    path = run.folder / name
    path.write_bytes(b'{"half": ')

    for table in TABLES:
        getattr(run, table)()
    assert any(name in line for line in run.troubles)


async def test_hostile_text_stays_text(tmp_path: Path) -> None:
    """In cells and charts no text of a model is markup, and none breaks a table."""
    folder = write_run(tmp_path / "evil", EVIL)
    await write_calls(folder, [(EVIL, "steps/000/dev", 0.1), ("judge", EVIL, 0.1)])
    tame = write_run(tmp_path / "tame", "a text")
    await write_calls(tame, [("evolver", "steps/000/dev", 0.1), ("judge", "apply", 0.1)])
    run, other = Run.open(folder, frames="polars"), Run.open(tame, frames="polars")

    for table in TABLES:
        assert getattr(other, table)().shape == getattr(run, table)().shape
    assert _shape(other) == _shape(run)
    ET.fromstring(run.plot_scores().svg)
    ET.fromstring(run.plot_cost("stage").svg)


def _shape(run: Run) -> list[str]:
    """The elements of everything that a notebook shows of a run."""
    html = run._repr_html_() + run.plot_cost()._repr_html_()  # pyright: ignore[reportPrivateUsage]
    return [piece.split(">")[0].split()[0] for piece in html.split("<")[1:]]


def test_numbers_that_no_column_holds_are_missing(run: Run) -> None:
    """A file that was written by anybody may hold any number."""
    row = {"seed_id": "s", "score": 1.5, "stages": ["a"]}
    lines = [json.dumps({**row, "draw": 10**30}), json.dumps({**row, "score": float("nan")}), '{"score": "x"}']
    (run.folder / "compare").mkdir()
    (run.folder / "compare/one.jsonl").write_text("\n".join(lines), encoding="utf-8")
    items = run.items()

    assert [None, 0] == items.filter(items["set"] == "compare")["draw"].to_list()


def test_a_part_names_no_other_folder(run: Run, tmp_path: Path) -> None:
    """What a status says is not a path to anywhere."""
    write_run(tmp_path / "runs" / "other")
    change(run.folder / "status.json", parts=[{"place": "../other"}, {"place": ".."}, {"place": str(tmp_path)}])

    assert 1 == run.steps().height


def test_a_search_inside_a_run_of_recipes_is_read(run: Run) -> None:
    """`autoevol make` puts it into a folder of its own."""
    write_run(run.folder / "1-auto-evol")
    change(run.folder / "status.json", recipe="make", parts=[{"place": "1-auto-evol"}])

    assert ["", "1-auto-evol"] == run.steps()["part"].to_list()


def test_a_chart_is_saved(run: Run, tmp_path: Path) -> None:
    """As a file that is an image on its own."""
    path = run.plot_scores().save(tmp_path / "scores.svg")

    assert ET.parse(path).getroot().tag.endswith("svg")


def test_importing_the_package_stays_light() -> None:
    """Neither pages nor frames are loaded before somebody asks for them."""
    code = "import sys, autoevol.optimizer as o; assert 'jinja2' not in sys.modules; o.Run; " \
           "print([m for m in ('pandas', 'polars', 'numpy', 'leather') if m in sys.modules])"  # fmt: skip
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=50)

    assert "[]" == said.stdout.strip()


def test_every_column_is_documented() -> None:
    """docs/notebooks.md has each table with its columns, in their order."""
    page = (Path(__file__).parents[3] / "docs/notebooks.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| `(\w+)\(\)` \|[^|]*\| (.*) \|$", page, re.MULTILINE)
    documented = {name: re.findall(r"`(\w+)`", columns) for name, columns in lines}

    assert {name: list(columns) for name, columns in COLUMNS.items()} == documented


def test_pandas_gives_the_same_table(run: Run) -> None:
    """Where it is installed; `make test` does not install it."""
    pandas: Any = pytest.importorskip("pandas")
    same = Run.open(run.folder, frames="pandas")

    for name in TABLES:
        ours, theirs = getattr(run, name)(), getattr(same, name)()
        assert isinstance(theirs, pandas.DataFrame)
        assert (list(ours.columns), ours.height) == (list(theirs.columns), len(theirs))
        one = next(iter(ours.columns))
        assert ours[one].to_list() == [None if pandas.isna(value) else value for value in theirs[one]]
