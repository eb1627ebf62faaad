"""Scores of trained models beside ours: what a file must hold, what is said of it, and where it is seen."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.cli import autoevol
from autoevol.optimizer.pages.comparison import write_comparison
from autoevol.optimizer.pages.external import bring
from autoevol.optimizer.pages.external_table import external_table
from autoevol.optimizer.recipes.contest.external import ExternalScore, difference, scores_of
from tests.optimizer.pages.reading import Page

EVIL = "</td><script>alert(1)</script>\x1b[31m"
LABELS = ("general", "maths", "mine")


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished comparison of three, best last."""
    folder = tmp_path / "runs" / "2026-11-21-cmp"
    folder.mkdir(parents=True)
    contestants = [
        {"label": label, "kind": "method", "source": f"/home/me/{label}.md", "method_id": f"id-{label}", "items": 40,
         "mean": 0.2 + 0.1 * n, "low": 0.1, "high": 0.6}
        for n, label in enumerate(LABELS)
    ]  # fmt: skip
    pairs = [
        {"first": "general", "second": label, "n": 40, "difference": 0.1 * n, "low": 0.01, "high": 0.4,
         "better": "mine" if n == 2 else ""}
        for n, label in enumerate(LABELS) if n
    ]  # fmt: skip
    record = {"baseline": "general", "sets": [{"name": "s", "items": 40}], "contestants": contestants, "pairs": pairs,
              "ranking": [{"label": label} for label in reversed(LABELS)]}  # fmt: skip
    (folder / "settings.json").write_text(json.dumps({"settings": {"recipe": "compare"}}), encoding="utf-8")
    (folder / "compare.json").write_text(json.dumps(record), encoding="utf-8")
    return folder


def written(folder: Path, tree: object) -> Path:
    """A file of scores."""
    path = folder.parent.parent / "scores.json"
    path.write_text(tree if isinstance(tree, str) else json.dumps(tree), encoding="utf-8")
    return path


def test_scores_stand_beside_ours_everywhere(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the terminal, as JSON and on the page, which has them also when it is made anew; no call, no other run."""
    monkeypatch.setenv("COLUMNS", "120")
    brought = {"general": {"gsm8k": {"score": 0.4, "n": 500}, EVIL: 3}, "id-maths": {"gsm8k": 0.45, EVIL: 2},
               "mine.md": {"gsm8k": {"score": 0.5, "n": 500}}}  # fmt: skip
    scores = written(run, brought)
    call = ["compare", "cmp", "--external", str(scores), "--runs", str(run.parent)]
    told = CliRunner().invoke(autoevol, call)
    as_json = json.loads(CliRunner().invoke(autoevol, [*call, "--json"]).stdout)

    assert 0 == told.exit_code, told.output
    lines = [" ".join(line.split()) for line in told.stdout.splitlines()]
    assert "mine 0.400 (0.100 to 0.600) 0.5 (0.456 to 0.544) –" in lines
    assert any("tau-b +1.000 over 3 methods, p = 0.33" in line and "so few cannot show" in line for line in lines)
    assert any(
        line.endswith("two methods cannot show agreement; the two scores point opposite ways.") for line in lines
    )
    assert "+0.100 (+0.038" in told.stdout
    assert ["mine", "maths", "general"] == [row["label"] for row in as_json["external"]["methods"]]
    assert 1.0 == as_json["external"]["agreement"][0]["tau_b"]
    assert "general" == as_json["baseline"]
    page = write_comparison(run).read_text(encoding="utf-8")
    assert "Trained models" in page
    assert "<script>alert" not in page
    built = Page(page.replace("<br>", ""))
    assert ([], []) == (built.open, built.unbalanced)
    assert [run.name] == [each.name for each in run.parent.iterdir()]


def test_several_benchmarks_also_have_one_order(run: Path) -> None:
    """The mean rank, whatever their scales."""
    scores = {label: {"one": 10 * n, "two": n} for n, label in enumerate(LABELS)}
    view = bring(run, written(run, scores))

    assert ["one", "two", "mean rank over all benchmarks"] == [row.benchmark for row in view.agreements]
    assert [1.0, 1.0, 1.0] == [row.agreement.tau for row in view.agreements]
    assert "mine" in external_table(view, width=40)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "the whole file is not an object"),
        ("{}", "has no scores"),
        ('{"general": 1}', "'general' is not an object"),
        ('{"general": {}}', "has no scores, or a name is empty"),
        ('{"general": {"g": "0.4"}}', "general on g in"),
        ('{"general": {"g": true}}', "is not a number"),
        ('{"general": {"g": NaN}}', "NaN is no number"),
        ('{"general": {"g": 1e999}}', "is not a number"),
        ('{"general": {"g": 1}, "general": {"g": 2}}', "says 'general' twice"),
        ('{"general": {"g": {"scores": 1}}}', "has an unknown field 'scores'"),
        ('{"general": {"g": {"n": 1}}}', "has no score"),
        ('{"general": {"g": {"score": 41.2, "n": 10}}}', "only a share from 0 to 1 has an interval"),
        ('{"general": {"g": {"score": 0.4, "n": 0}}}', "no whole number above zero"),
        ('{"nobody": {"g": 1}}', "'nobody' in"),
        ('{"general": {"g": 1}, "id-general": {"g": 1}}', "under two names"),
        ('{"general": {"g": 1}, "maths": {"h": 1}}', "no benchmark with scores of two contestants"),
    ],
)  # fmt: skip
def test_a_bad_file_is_one_sentence(text: str, words: str, run: Path) -> None:
    """And what to do; the run stays as it was."""
    with pytest.raises(UsageError) as told:
        bring(run, written(run, text))

    assert words in told.value.problem
    assert told.value.fix
    assert not (run / "external.json").exists()


def test_a_run_without_scores_of_several_is_refused(tmp_path: Path) -> None:
    """Where there is no comparison and no test."""
    with pytest.raises(UsageError, match="has no scores of several methods"):
        bring(tmp_path, tmp_path / "scores.json")


@pytest.mark.parametrize("words", [[], ["general", "maths"], ["cmp", "--items", "4"]])
def test_it_takes_one_run_and_makes_none(words: list[str], run: Path) -> None:
    """Whatever belongs to a run that is to be made is refused."""
    told = CliRunner().invoke(autoevol, ["compare", *words, "--external", str(written(run, "{}"))])

    assert 2 == told.exit_code
    assert "--external takes one finished RUN" in told.output


def test_what_is_damaged_later_is_named_and_left_out(run: Path) -> None:
    """The page is made without it."""
    bring(run, written(run, {"general": {"g": 1}, "maths": {"g": 2}}))
    (run / "external.json").write_text("{", encoding="utf-8")
    page = write_comparison(run).read_text(encoding="utf-8")

    assert "external.json: external.json is not JSON" in page
    assert "Trained models" not in page


def test_intervals_are_those_of_the_sources() -> None:
    """Newcombe's own example (56 of 70 against 48 of 80): 0.0524 to 0.3339; nothing without both numbers."""
    found: Any = difference(ExternalScore(48 / 80, 80), ExternalScore(56 / 70, 70))

    assert (0.2, 0.0524, 0.3339) == pytest.approx(found, abs=5e-5)
    assert difference(ExternalScore(0.4), ExternalScore(0.5, 10)) is None
    assert {"a": {"b": ExternalScore(-2.0)}} == scores_of('{"a": {"b": -2}}', "x")
