"""What a person says of rows: kept beside the run, in the form that others read, never over what the run wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from autoevol.optimizer.live.opinions import Refused, answer_row, edit_row, edited_lines, label_item
from autoevol.optimizer.live.sides import is_group
from autoevol.optimizer.live.stream import events, list_news, page_sign, run_news
from autoevol.optimizer.pages.files import RunFiles
from autoevol.optimizer.pages.review import review_of
from autoevol.optimizer.pages.steps import read_steps
from autoevol.optimizer.pages.whole import read_whole
from autoevol.optimizer.record.by_hand import EDITS, LABELS, read_by_hand
from autoevol.optimizer.scoring.labelled import load_labelled
from tests.optimizer.pages.sample_run import write_run

ITEM = "steps/000/candidates/1/dev"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A finished run."""
    return write_run(tmp_path / "one")


def test_a_verdict_is_a_label_that_the_judge_is_measured_on(run: Path) -> None:
    """Texts are those of the run; a second verdict on the same item takes the place of the first."""
    label_item(run, {"group": ITEM, "item": "seed-000002", "good": True, "flaws": []})
    label_item(run, {"group": "dataset", "item": "seed-000001", "good": True, "flaws": []})
    label_item(run, {"group": ITEM, "item": "seed-000002", "good": False, "flaws": ["unsolvable"], "why": "no facts"})
    rows = load_labelled(run / LABELS)

    assert [("dataset/seed-000001", True, ()), (f"{ITEM}/seed-000002", False, ("unsolvable",))] == [
        (row.id, row.good, row.flaws) for row in rows
    ]
    assert ("a text", "a text", "no facts") == (rows[1].seed, rows[1].evolved, rows[1].why)


@pytest.mark.parametrize(
    "sent",
    [
        {"item": "seed-000002", "good": True}, {"group": ITEM, "item": "nobody", "good": True},
        {"group": "../two/steps/000/batch", "item": "seed-000002", "good": True},
        {"group": ITEM, "item": "seed-000002", "good": True, "flaws": ["unsolvable"]},
        {"group": ITEM, "item": "seed-000002", "good": False, "flaws": ["nonsense"]},
        {"group": ITEM, "item": "seed-000002", "good": "yes"}, {"group": ITEM, "item": 7, "good": True},
    ],
)  # fmt: skip
def test_a_verdict_that_makes_no_sense_is_refused(run: Path, sent: dict[str, Any]) -> None:
    """Nothing is written then."""
    with pytest.raises(Refused):
        label_item(run, sent)
    assert not (run / LABELS).exists()


def test_an_edit_stands_beside_the_row(run: Path) -> None:
    """The data set keeps its bytes; the page shows the edit with its row, the download has it in it."""
    before = (run / "dataset.jsonl").read_bytes()
    edit_row(run, {"row": "seed-000002", "instruction": "better", "response": "right", "why": "typo"})
    edits = read_by_hand(run, EDITS)
    files = RunFiles(run)
    page = read_whole(files, read_steps(files))

    assert before == (run / "dataset.jsonl").read_bytes()
    assert [("seed-000002", "better", "right", "typo")] == [
        (each["row"], each["instruction"], each["response"], each["why"]) for each in edits
    ]
    rows = [json.loads(line) for line in edited_lines(run, {each["row"]: each for each in edits})]
    assert ["a text", "better", "a text"] == [row["instruction"] for row in rows]
    assert edits[0]["at"] == rows[1]["provenance"]["edited_by_hand"]
    assert any(block.name == "dataset/0" for block in page.blocks)
    with pytest.raises(Refused, match="no such row"):
        edit_row(run, {"row": "nobody", "instruction": "x", "response": "y"})
    with pytest.raises(Refused, match="Nothing is changed"):
        edit_row(run, {"row": "seed-000001", "instruction": "a text", "response": "a text"})


def test_the_questions_are_answered_on_the_page_too(run: Path) -> None:
    """Page and terminal keep the same file; all four have to be answered."""
    said = {"row": "seed-000001", "task": True, "input": True, "response": False}
    with pytest.raises(Refused):
        answer_row(run, said)
    answer_row(run, {**said, "whole": False})
    review = review_of(run, 200)

    assert [1, 0] == [review.shares[name].hits for name in ("task", "response")]
    assert 2 == len(review.waiting)


@pytest.mark.parametrize("name", ["../x", "steps/000", "/etc/passwd", "test/../x", "compare/..", "compare/a/b", ""])
def test_a_path_to_elsewhere_is_no_group(name: str) -> None:
    """Names of groups come from a browser."""
    assert not is_group(name)


async def test_news_are_told_at_once_and_when_there_are_some(run: Path) -> None:
    """The sign of a page changes with what it shows, and not with anything else."""
    before = page_sign(run)
    (run / "messages.jsonl").write_text("{}\n", encoding="utf-8")
    assert before == page_sign(run)
    (run / "steps/000/decision.json").write_text("{}", encoding="utf-8")
    assert before != page_sign(run)
    stream = events(lambda: run_news(run))
    first = await anext(stream)
    await stream.aclose()

    assert first.startswith('data: {"state": "finished"')
    assert first.endswith("\n\n")
    listed = list_news(run.parent)
    write_run(run.parent / "two")
    assert "0 at work" == listed["line"]
    assert listed["sign"] != list_news(run.parent)["sign"]
