"""What must not go wrong on the way out: bad rows, names in capitals, the words of a run that stopped."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from autoevol.optimizer.dataset.exports.export import Order, export
from autoevol.optimizer.dataset.exports.reading import open_file, open_run
from tests.optimizer.dataset.exports.exported_run import read_lines, write_lines, write_run

pa: Any = import_module("pyarrow")
pq: Any = import_module("pyarrow.parquet")
GOOD = {"id": "good", "instruction": "A", "response": "B"}


@pytest.mark.parametrize("to", ["jsonl", "parquet", "arrow"])
def test_a_number_that_is_none_costs_one_row(tmp_path: Path, to: str) -> None:
    """NaN in what is kept of a row: it is left out and named, the others are written."""
    path = write_lines(tmp_path / "rows.jsonl", [GOOD, {**GOOD, "id": "bad", "provenance": {"score": float("nan")}}])
    done = export(open_file(str(path)), Order(to, tmp_path / "out"))

    assert {"unreadable": ["bad"]} == done.tally.named
    assert (2, 1) == (done.tally.read, done.tally.written)


@pytest.mark.parametrize("value", [date(2026, 1, 1), b"bytes", Decimal("1.5")])
def test_values_that_json_does_not_have_cost_one_row(tmp_path: Path, value: object) -> None:
    """As columns of Parquet hold them; forms that do not have the column are not concerned."""
    pq.write_table(pa.table({"id": ["bad", "good"], "instruction": ["A"] * 2, "response": ["B"] * 2,
                             "more": [value, None]}), tmp_path / "rows.parquet")  # fmt: skip
    source = open_file(str(tmp_path / "rows.parquet"))
    done = export(source, Order("jsonl", tmp_path / "out.jsonl"))

    assert {"unreadable": ["bad"]} == done.tally.named
    assert [{**GOOD, "more": None}] == read_lines(tmp_path / "out.jsonl")
    assert 2 == export(source, Order("messages", tmp_path / "chats.jsonl")).tally.written


@pytest.mark.parametrize(
    ("part", "reason"),
    [
        ({"turns": "text"}, "unreadable"), ({"turns": {"a": 1}}, "unreadable"), ({"turns": ["text"]}, "unreadable"),
        ({"turns": [{"answer": "No question."}]}, "unreadable"), ({"turns": []}, "no-instruction"),
        ({"turns": [{"instruction": "A", "answer": 5}]}, "unreadable"), ({"measured": [1]}, "unreadable"),
        ({"measured": {"reward": 10**400}}, "unreadable"), ({"measured": {"reward": float("nan"), "base": "C",
                                                                          "base-reward": 1}}, "unreadable"),
    ],
)  # fmt: skip
def test_broken_rated_answers_cost_one_row(tmp_path: Path, part: dict[str, Any], reason: str) -> None:
    """Whatever stands where turns and rewards should."""
    good = {"id": "good", "turns": [{"instruction": "A", "answer": "B"}],
            "measured": {"reward": 1, "answer-1": "C", "answer-1-reward": 2}}  # fmt: skip
    path = write_lines(tmp_path / "made.jsonl", [good, {**good, "id": "bad", **part}])
    done = export(open_file(str(path)), Order("reward", tmp_path / "out"))

    assert {reason: ["bad"]} == done.tally.named
    assert ["C", "B"] == read_lines(done.files[0])[0]["responses"]


def test_lines_that_are_no_rows_are_named_by_their_place(tmp_path: Path) -> None:
    """For they have no id."""
    path = tmp_path / "rows.JSONL"
    path.write_text('{"instruction": \n\n{"instruction": "A", "output": "B"}\n', "utf-8")
    done = export(open_file(str(path)), Order("alpaca", tmp_path / "out"))

    assert {"unreadable": ["row-1"], "blank-line": ["row-2"]} == done.tally.named


@pytest.mark.parametrize("name", ["x.PARQUET", "x.Pq"])
def test_suffixes_in_capitals_are_the_same(tmp_path: Path, name: str) -> None:
    """A table is asked for, and a table is written."""
    export(open_file(str(write_lines(tmp_path / "rows.jsonl", [GOOD]))), Order("messages", tmp_path / name))

    assert ["messages"] == pq.read_table(tmp_path / name).column_names


def _card(folder: Path, tmp_path: Path, **status: str) -> str:
    told = json.loads((folder / "status.json").read_text("utf-8"))
    (folder / "status.json").write_text(json.dumps(told | status), "utf-8")
    done = export(open_run(folder), Order("messages", tmp_path / "out", force=True))
    return done.files[1].read_text("utf-8")


def test_the_card_is_silent_on_why_a_run_stopped(tmp_path: Path) -> None:
    """It would be the endpoint's address, a server's words or a path; the story of one that finished has no key."""
    folder = write_run(tmp_path / "run")
    why = f"Stopped: http://10.0.0.7:8000/v1 said no to {tmp_path}/x."
    stopped = _card(folder, tmp_path, state="stopped", story=why)
    finished = _card(folder, tmp_path, state="finished", story=f"Made with sk-abcdefghijkl in {folder}/1-magpie.")

    for secret in ("10.0.0.7", "said no", str(tmp_path)):
        assert secret not in stopped
    assert "told here only where a run has finished" in stopped
    assert "Made with [hidden key] in 1-magpie." in finished
    assert str(tmp_path) not in finished
