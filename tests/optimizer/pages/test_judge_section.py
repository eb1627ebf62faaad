"""The report says how far the judge can be trusted, and says nothing where none was asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

import pytest

from autoevol.agents.messages import Verdict
from autoevol.optimizer.pages.files import RunFiles
from autoevol.optimizer.pages.judge import JudgeView, read_judge
from autoevol.optimizer.pages.report import write_report
from autoevol.optimizer.scoring.judging import JudgeTally, Look
from tests.optimizer.pages.sample_run import write_run


def _verdict(harder: Literal["evolved", "original"], *, valid: bool | None = True) -> Verdict:
    return Verdict(id="v", valid=valid, self_contained=True, consistent=True, intent_kept=None, harder=harder)


def _write(folder: Path, judge: str = "qwen-7b") -> Path:
    tally = JudgeTally()
    for number in range(12):
        first, turned = _verdict("original"), _verdict("evolved" if number else "original")
        tally.add((Look(False, 0, first), Look(True, 0, turned), Look(False, 1, _verdict("original", valid=None))))
    row = tally.health(judge, "qwen2.5-coder-1.5b").as_row()
    (folder / "judge.json").write_text(json.dumps(row), encoding="utf-8")
    return folder


def _view(folder: Path) -> JudgeView:
    view = read_judge(RunFiles(folder))
    assert view is not None
    return view


def test_figures_and_problems_of_a_judge(tmp_path: Path) -> None:
    """What `JudgeHealth` wrote is read back with its intervals."""
    view = _view(_write(tmp_path))
    figures = {figure.name: figure for figure in view.figures}

    assert "The judge (qwen-7b) looked 36 times at 12 items: 12 pairs in both orders, 12 looks again" in view.summary
    assert ("11 of 12", "92%", "65% to 99%") == (
        (turned := figures["“harder” turned with the order"]).hits, turned.share, turned.interval,
    )  # fmt: skip
    assert ("11 to 0", "+0.917") == ((place := figures["first place minus second"]).hits, place.share)
    assert "12 of 12" == figures["noise of “valid”"].hits
    assert "–" == figures["“no” without proof"].share
    assert any("same family as the evolver (qwen)" in problem for problem in view.problems)


def test_the_report_has_a_section_for_it(tmp_path: Path) -> None:
    """With its problems; a run without a judge has none."""
    folder = write_run(tmp_path / "run")
    without = write_report(folder).read_text(encoding="utf-8")
    page = write_report(_write(folder, "<b>m</b>")).read_text(encoding="utf-8")

    assert "The judge, judged" not in without
    assert "The judge, judged" in page
    assert "&#39;harder&#39; is little better than chance" in page
    assert "&lt;b&gt;m&lt;/b&gt;" in page
    assert "<b>m</b>" not in page


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"looks": 0}', '{"looks": 3, "flips": 5}', '{"looks": "x"}'])
def test_a_damaged_record_is_no_crash(tmp_path: Path, text: str) -> None:
    """It is left out, and named where it is not what it should be."""
    (tmp_path / "judge.json").write_text(text, encoding="utf-8")

    assert read_judge(RunFiles(tmp_path)) is None


def test_an_older_record_has_fewer_figures(tmp_path: Path) -> None:
    """Every field but one may be missing."""
    (tmp_path / "judge.json").write_text('{"looks": 3, "items": 1}', encoding="utf-8")

    assert "The judge looked 3 times at 1 item" in _view(tmp_path).summary
