"""`autoevol export` and `autoevol overlap`, as a person calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.optimizer.cli.conftest import Cli
from tests.optimizer.dataset.exports.exported_run import read_lines, write_comparison, write_lines, write_run


def test_a_run_is_found_by_name(cli: Cli, tmp_path: Path) -> None:
    """Counts, the rows that were left out by name, and what lies beside the data."""
    write_run(tmp_path / "runs" / "2026-01-01-maths")
    said = cli("export", "maths", "--to", "messages", "--out", "data", "--trainer", "trl", "--student-model", "a/b")

    assert (0, "") == (said.code, said.err)
    assert "3 of 4 rows written to data/train.jsonl" in said.out
    assert "left out, no-response: 1 (seed-000002)" in said.out
    assert "Beside it: README.md, trl-sft.yaml." in said.out
    assert "model_name_or_path: a/b" in (tmp_path / "data" / "trl-sft.yaml").read_text("utf-8")


def test_mistakes_are_one_sentence(cli: Cli, tmp_path: Path) -> None:
    """An unknown run, a file in the way, a run without rows, edits of a file."""
    run = write_run(tmp_path / "runs" / "2026-01-01-maths")
    (tmp_path / "rows.jsonl").write_text('{"instruction": "A", "output": "B"}\n', "utf-8")

    assert "There is no run 'mats'. `autoevol runs" in cli("export", "mats", "--to", "alpaca", "--out", "x").err
    assert "Edits by hand" in cli("export", "rows.jsonl", "--to", "alpaca", "--out", "x", "--edited").err
    assert 0 == cli("export", "rows.jsonl", "--to", "alpaca", "--out", "x.jsonl").code
    again = cli("export", "rows.jsonl", "--to", "alpaca", "--out", "x.jsonl")
    assert 2 == again.code
    assert "x.jsonl is there already." in again.err
    (run / "dataset.jsonl").unlink()
    assert "has no row in its data set (finished)" in cli("export", "maths", "--to", "alpaca", "--out", "y").err


@pytest.mark.parametrize("command", [("export", "--to", "messages"), ("pack",)])
def test_a_folder_that_is_no_run_names_its_files(cli: Cli, tmp_path: Path, command: tuple[str, ...]) -> None:
    """A mix, a member of a panel: the file of rows is within; and a name of nothing may have been a file's."""
    for name in ("mix.jsonl", "dropped.jsonl", "other.jsonl"):
        write_lines(tmp_path / "mixed" / name, [{"question": "A", "answer": "B"}])
    told = [cli(command[0], name, *command[1:], "--out", "x") for name in ("mixed", "rows.xlsx")]

    assert [2, 2] == [each.code for each in told]
    assert "Give its file: mixed/mix.jsonl. It also has other.jsonl." in told[0].err
    assert "There is no file rows.xlsx and no run of this name." in told[1].err


def test_overlap_is_told_and_no_error(cli: Cli, tmp_path: Path) -> None:
    """Exit code 0; text that a terminal shows; one object with --json."""
    write_lines(tmp_path / "bench.jsonl", [{"q": "one two three four five six seven eight nine"}])
    write_lines(tmp_path / "rows.jsonl", [
        {"id": "r\u001b[2J", "instruction": "One, two, three, four, five, six, seven, eight!", "response": "Yes."},
        {"id": "empty", "instruction": ""},
    ])  # fmt: skip
    said = cli("overlap", "rows.jsonl", "--against", "bench.jsonl", "--drop", "clean.jsonl")
    parsed = json.loads(cli("overlap", "rows.jsonl", "--against", "bench.jsonl", "--json").out)

    assert (0, "") == (said.code, said.err)
    assert "8 words: rows with overlap: instruction 1 (100.00%), response 0 (0.00%), any 1 (100.00%)" in said.out
    assert "13 words: rows with overlap: instruction 0 (0.00%)" in said.out
    assert "bench.jsonl 1: one two three four five six seven eight" in said.out
    assert "\x1b" not in said.out
    assert "0 rows written to clean.jsonl, 1 to clean.overlap.jsonl." in said.out
    assert "1 more are in clean.overlap.jsonl: not compared" in said.out
    assert {"n": 8, "side": "any", "rows": 1, "share": 1.0} in parsed["overlap"]
    assert 2 == cli("overlap", "rows.jsonl", "--against", "nowhere.jsonl").code


def test_matched_sets_are_two_folders(cli: Cli, tmp_path: Path) -> None:
    """As many rows in each, with the same settings of the trainer."""
    write_comparison(tmp_path / "runs" / "2026-01-01-cmp")
    said = cli("export", "cmp", "--to", "messages", "--ab", "a", "b", "--trainer", "trl", "--out", "ab")

    assert (0, "") == (said.code, said.err)
    assert (tmp_path / "ab/a/trl-sft.yaml").read_text("utf-8") == (tmp_path / "ab/b/trl-sft.yaml").read_text("utf-8")
    assert [2, 2] == [len(read_lines(tmp_path / "ab" / name / "train.jsonl")) for name in "ab"]
    assert "made of rows" in cli("export", "cmp", "--to", "dpo", "--ab", "a", "b", "--out", "x").err


def test_what_one_stumbles_over_is_said(cli: Cli, tmp_path: Path) -> None:
    """A comparison has no data set; pairs that were looked for; names of files; names of fields; one method twice."""
    compared = write_comparison(tmp_path / "runs" / "2026-01-01-cmp")
    made = write_run(tmp_path / "runs" / "2026-01-01-maths")
    for pairs in made.glob("*/preferences*.jsonl"):
        pairs.write_text("", "utf-8")
    write_lines(tmp_path / "odd.jsonl", [{"ask": "Add 1 and 2.", "said": "3"}])
    compared_json = {"contestants": [{"label": "a", "clauses": ["Take three breaths."]}]}
    (compared / "compare.json").write_text(json.dumps(compared_json), "utf-8")
    ab = ("export", "cmp", "--to", "messages", "--ab")

    assert "is a comparison, which has no data set. --ab" in cli("export", "cmp", "--to", "alpaca", "--out", "x").err
    assert "looked for preference pairs and found none" in cli("export", "maths", "--to", "dpo", "--out", "x").err
    assert "No form is a file .csv." in cli("export", "maths", "--to", "alpaca", "--out", "x.csv").err
    assert "x.jsonl is the name of a file" in cli(*ab, "a", "b", "--out", "x.jsonl").err
    assert "a is named twice" in cli(*ab, "a", "a", "--out", "x").err
    assert "Leave them out." in cli("export", "maths", "--to", "alpaca", "--out", "x", "--input-field", "y").err
    odd = ("export", "odd.jsonl", "--to", "alpaca", "--out", "odd")
    assert "--instruction-field" in cli(*odd).err
    assert "1 of 1 rows" in cli(*odd, "--instruction-field", "ask", "--response-field", "said").out
    assert "Choose one that it reads: messages" in cli(*odd[:-1], "o", "--trainer", "trl", "--instruction-field", "ask",
                                                        "--response-field", "said").err  # fmt: skip
    assert 0 == cli(*ab, "a", "b", "--out", "ab").code
    assert "Take three breaths." in (tmp_path / "ab" / "a" / "README.md").read_text("utf-8")
    assert "unknown rows in" not in (tmp_path / "ab" / "a" / "README.md").read_text("utf-8")
