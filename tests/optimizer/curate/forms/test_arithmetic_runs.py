"""The recipe and the selector of arithmetic as runs: no call, no model, the same rows again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from autoevol.optimizer.curate.forms.arithmetic import FORMS
from autoevol.optimizer.curate.forms.checking import check_answer, problem_in
from tests.optimizer.calling import said_by


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_it_makes_rows_and_checks_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """In one settings file: what is made is kept; of a file with answers of others the wrong ones are dropped."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    forms = json.dumps([*FORMS])
    (tmp_path / "run.toml").write_text(
        f'[[make]]\nrecipe = "arithmetic"\ncount = 60\nforms = {forms}\n'
        '[[make]]\nrecipe = "arithmetic-check"\ncheck = "steps"\n',
        encoding="utf-8",
    )
    made = said_by(capsys, "make", "--config", "run.toml", "--quiet", "--out", "made.jsonl")
    rows = _rows(tmp_path / "made.jsonl")

    assert 0 == made.code, made.err
    assert dict.fromkeys(FORMS, 12) == {name: sum(row["provenance"]["form"] == name for row in rows) for name in FORMS}
    for row in rows:
        came = row["provenance"]
        problem = problem_in(row["instruction"])
        assert problem is not None
        assert "right" == check_answer(problem, row["response"], came["form"], came["wording"]).verdict

    others = [
        {"question": "What is 2 + 2?", "answer": "It is 4."}, {"question": "What is 2 + 3?", "answer": "It is 4."},
        {"question": "What is 2 + 4?", "answer": "No idea."}, {"question": "Who was that?", "answer": "4"},
    ]  # fmt: skip
    (tmp_path / "others.jsonl").write_text("".join(json.dumps(row) + "\n" for row in others), encoding="utf-8")
    checked = said_by(
        capsys, "curate", "arithmetic-check", "others.jsonl", "--quiet", "--out", "3.jsonl", "--name", "c"
    )
    [run] = (tmp_path / "runs").glob("*-c")

    assert 0 == checked.code, checked.err
    assert ["It is 4.", "4"] == [row["response"] for row in _rows(tmp_path / "3.jsonl")]
    assert [("wrong-result", "says 4; 2 + 3 is 5"), ("no-result", "has no result; 2 + 4 is 6")] == [
        (row["reason"], row["detail"]) for row in _rows(run / "dropped.jsonl")
    ]
