"""`autoevol methods` shows what is shipped and what a run found."""

from __future__ import annotations

from pathlib import Path

import pytest

from autoevol.agents.method import WHOLE, Method, Origin
from autoevol.agents.method_file import dump_method, load_method
from autoevol.optimizer.cli import main

BEST = Method(("Go far.", "Check."), name="best", parent=load_method("general").id, why="too\x1b[2J short")


def _run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(["methods", *words])
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a run of one step, one candidate of which broke the contract."""
    monkeypatch.chdir(tmp_path)
    for place, text in [
        ("", dump_method(BEST)), ("steps/000", dump_method(load_method("general"))),
        ("steps/000/candidates/10", dump_method(BEST)), ("steps/000/candidates/2", "1. Use {instruction}."),
    ]:  # fmt: skip
        folder = tmp_path / "runs" / "one" / place
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "method.md").write_text(text, encoding="utf-8")
    return tmp_path / "runs"


def test_list_shows_the_shipped_methods(capsys: pytest.CaptureFixture[str]) -> None:
    """Each with its id and language."""
    code, out, _ = _run(capsys, "list")

    assert 0 == code
    assert 16 == len(out.splitlines())
    assert load_method("maths", "zh").id in out


@pytest.mark.usefixtures("runs")
def test_list_shows_the_methods_of_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    """The best first, then steps and candidates by number, refused ones with their reason."""
    code, out, _ = _run(capsys, "list", "one")

    assert 0 == code
    assert ["best", "steps/000", "steps/000/candidates/2", "steps/000/candidates/10"] == [
        line.split()[0] for line in out.splitlines()
    ]
    assert "placeholder" in out
    assert "\x1b" not in out


def test_show_takes_names_files_and_runs(capsys: pytest.CaptureFixture[str], runs: Path) -> None:
    """What it prints is a method file."""
    for name in ("one", str(runs / "one"), str(runs / "one" / "method.md")):
        assert (0, dump_method(BEST), "") == _run(capsys, "show", name)
    assert (0, dump_method(load_method("code", "zh")), "") == _run(capsys, "show", "code", "--language", "zh")


def test_the_end_of_a_runs_name_is_enough(capsys: pytest.CaptureFixture[str], runs: Path) -> None:
    """As everywhere; of two runs that end so neither is taken."""
    for name in ("2026-11-21-mine", "2026-11-22-mine"):
        (runs / name).mkdir()
        (runs / name / "settings.json").write_text("{}", encoding="utf-8")
        (runs / name / "method.md").write_text(dump_method(BEST), encoding="utf-8")
        said = [_run(capsys, *words) for words in (("show", "mine"), ("list", "mine"), ("diff", "general", "mine"))]
        assert [2 if "22" in name else 0] * 3 == [code for code, _, _ in said]
    assert "may be 2026-11-21-mine or 2026-11-22-mine" in said[0][2]


def test_show_says_why(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Each clause with where it comes from, without what a terminal would obey."""
    origins = (Origin(1, "small", "leaks\x1b[2J", ("seed-1",)), Origin(method="0" * 12))
    (tmp_path / "m.md").write_text(dump_method(Method(("Go.", "Check."), origins=origins)), encoding="utf-8")

    code, out, _ = _run(capsys, "show", str(tmp_path / "m.md"), "--why")

    assert 0 == code
    assert "1. Go.\n   step 1, small edit; answers: leaks[2J; cases: seed-1\n2. Check.\n   stood in" in out
    (tmp_path / "old.md").write_text(dump_method(BEST), encoding="utf-8")
    assert "   where it comes from was not kept" in _run(capsys, "show", str(tmp_path / "old.md"), "--why")[1]


@pytest.mark.usefixtures("runs")
def test_diff_compares_clauses(capsys: pytest.CaptureFixture[str]) -> None:
    """Against itself it says so."""
    _, out, _ = _run(capsys, "diff", "general", "one")
    assert "→ Go far." in out
    assert (0, f"The clauses are the same ({BEST.id}).\n", "") == _run(capsys, "diff", "one", "one")


@pytest.mark.usefixtures("runs")
def test_export_writes_a_file_that_loads(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """And never over another one unasked."""
    out = tmp_path / "mine.md"

    assert 0 == _run(capsys, "export", "one", "--out", str(out))[0]
    assert BEST == load_method(str(out))
    code, _, error = _run(capsys, "export", "general", "--out", str(out))
    assert (2, True) == (code, "exists already" in error)
    assert 0 == _run(capsys, "export", "general", "--out", str(out), "--force")[0]
    assert load_method("general") == load_method(str(out))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", "nosuch"), 2, "There is no method 'nosuch'."),
        (("list", "nosuch"), 2, "There is no run 'nosuch'."),
        (("list", "."), 2, "no methods yet"),
        (("export", "general", "--out", "no/such/folder/m.md"), 1, "cannot be written"),
    ],
)
def test_bad_words_are_one_sentence(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    said: str,
) -> None:
    """What is wrong and what to do, on one line."""
    monkeypatch.chdir(tmp_path)

    left, out, error = _run(capsys, *words)

    assert (code, "", 1, True) == (left, out, error.count("\n"), said in error)


def test_a_free_text_is_listed_shown_compared_and_exported(
    capsys: pytest.CaptureFixture[str], runs: Path, tmp_path: Path
) -> None:
    """As the best method of a run under the published profiles."""
    whole = Method(("Go farther.\nCheck\x1b[2J.",), name="candidate 1 of step 1", parent=BEST.id, control=WHOLE)
    (runs / "one" / "method.md").write_text(dump_method(whole), encoding="utf-8")

    listed, shown = _run(capsys, "list", "one")[1], _run(capsys, "show", "one")[1]

    assert "one text  Go farther. Check" in listed.splitlines()[0]
    assert "\x1b" not in listed + shown
    assert shown.endswith("---\n\nGo farther.\nCheck[2J.\n")
    assert "~ 1. Go far.\n  → Go farther." in _run(capsys, "diff", "one/steps/000/candidates/10", "one")[1]
    out = tmp_path / "mine.md"
    assert 0 == _run(capsys, "export", "one", "--out", str(out))[0]
    assert ("Go farther.\nCheck[2J.",) == load_method(str(out)).clauses
