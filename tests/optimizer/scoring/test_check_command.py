"""`autoevol check` on files of evolved rows."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from autoevol.optimizer.cli.boundary import guard
from autoevol.optimizer.cli.check import command

GOOD = {"instruction": "Add 2 and 3.", "evolved": "Add 2 and 3, then double it and explain why."}
COPY = {
    "instruction": "Add 2 and 3.",
    "response": "5",
    "evolved": "add 2 and 3",
    "evolved_response": "Sure, which numbers?",
}
NULL = {"instruction": "Add 2 and 3.", "evolved": None}


def _file(folder: Path, *lines: object) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines), "utf-8")
    return path


def _json(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, Any]:
    assert guard(command, [*map(str, arguments), "--json"]) == 0
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_one_object_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows, flagged rows, counts by class and the findings of each row."""
    result = _json(capsys, _file(tmp_path, GOOD, COPY, NULL), "--profile", "recommended")

    assert (3, 2) == (result["rows"], result["flagged"])
    assert {"identity": 1, "asks-back": 1, "unreadable": 1} == result["by_class"]
    assert [[], ["identity", "asks-back"], ["unreadable"]] == [
        [each["kind"] for each in row] for row in result["findings"]
    ]
    assert {"kind", "evidence"} == set(result["findings"][1][0])


def test_the_rows_of_a_finished_run_are_read_as_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row of `dataset.jsonl` names its seed; its instruction is the evolved text."""
    row = {"instruction": "add 2 and 3", "response": "5", "provenance": {"seed_instruction": "Add 2 and 3."}}
    result = _json(capsys, _file(tmp_path, row), "--profile", "recommended")

    assert {"identity": 1} == result["by_class"]
    assert 1 == result["rows_with_response"]


def test_profiles_see_different_things(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The published rules look at the response and let the copy pass."""
    result = _json(capsys, _file(tmp_path, GOOD, COPY, NULL), "--profile", "paper")
    assert {"paper-insufficient": 1, "unreadable": 1} == result["by_class"]


def test_bad_rows_are_told_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rest is checked, and blank lines are nothing."""
    path = _file(
        tmp_path, GOOD, "", "not json", "[1]", {"instruction": "x"}, {"evolved": "x"},
        {"instruction": 5, "evolved": "x"}, {"instruction": "x", "evolved": 5}, {"instruction": " ", "evolved": "x"},
        {"instruction": "x", "evolved": "y", "response": []}, COPY,
    )  # fmt: skip
    result = _json(capsys, path)

    assert (2, 8) == (result["rows"], result["unreadable_rows"])
    assert [1, 11] == result["lines"]
    assert [3, 4, 5, 6, 7, 8, 9, 10] == [row["line"] for row in result["unreadable"]]
    assert "no field 'evolved'" == result["unreadable"][2]["problem"]


def test_a_table_for_people(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Classes with counts and examples, rows without a response, rows that could not be read."""
    assert guard(command, [str(_file(tmp_path, GOOD, COPY, NULL, "not json"))]) == 0
    shown = capsys.readouterr().out

    assert "2 of 3 rows have findings (66.7%, profile recommended)" in shown
    assert "identity    1 (33.3%)\n  line 2: add 2 and 3" in shown
    assert "2 rows have no evolved_response" in shown
    assert "line 4: not JSON" in shown


def test_a_terminal_is_not_told_what_to_do_by_data(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters of a row do not reach the screen, and half a character is no crash."""
    rude = "Visit https://a.example/\x1b[2J\x07\ud83d"
    path = _file(tmp_path, json.dumps({"instruction": rude, "evolved": rude}), COPY)
    assert guard(command, [str(path)]) == 0
    shown = capsys.readouterr().out

    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert 2 == _json(capsys, path)["rows"]


@pytest.mark.parametrize(
    "content", ["", "\n\n", "not json\n", '{"instruction": "x"}\n', '{"question": "a", "answer": "b"}\n']
)
def test_nothing_to_check_is_a_usage_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:  # fmt: skip
    """One sentence on what is wrong, one on what a row is."""
    path = tmp_path / "rows.jsonl"
    path.write_text(content, "utf-8")

    assert guard(command, [str(path)]) == 2
    said = capsys.readouterr().err
    assert "no row that can be checked" in said
    assert "'instruction' and 'evolved'" in said


@pytest.mark.parametrize("arguments", [["missing.jsonl"], ["."], ["--profile", "unknown", "x"], []])
def test_wrong_arguments_are_usage_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """A missing file, a folder, an unknown profile, no file."""
    monkeypatch.chdir(tmp_path)
    assert guard(command, arguments) == 2


def test_lists_gzip_and_language(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A JSON list and a gzipped file are read as well, and Chinese rows have their own words."""
    row = {
        "instruction": "一共有15棵梨树，有多少棵？",
        "evolved": "改写后的题目：一共有15棵梨树，又种了3棵，有多少棵？",
    }
    plain = tmp_path / "rows.json"
    plain.write_text(json.dumps([row, GOOD], ensure_ascii=False), "utf-8")
    packed = tmp_path / "rows.jsonl.gz"
    packed.write_bytes(gzip.compress((json.dumps(row) + "\n").encode()))

    assert {"scaffold-leak": 1} == _json(capsys, plain)["by_class"]
    assert {"scaffold-leak": 1} == _json(capsys, packed)["by_class"]
