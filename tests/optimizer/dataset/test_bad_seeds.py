"""Rows and files that are not as they should be: counted by line, or refused in one sentence."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.dataset.report import KEPT_PROBLEMS, ReadReport
from autoevol.optimizer.dataset.source import Survey, open_seeds
from autoevol.optimizer.record.settings import SeedSettings

GOOD = b'{"instruction": "Name a river."}'


def survey(path: Path) -> Survey:
    """One pass over a file."""
    return open_seeds(SeedSettings(source=str(path))).survey()


def report_of(folder: Path, content: bytes, name: str = "a.jsonl") -> ReadReport:
    """The report on a file of this content."""
    (folder / name).write_bytes(content)
    return survey(folder / name).report


@pytest.mark.parametrize(
    ("row", "kind", "why"),
    [
        (b"{oops", "malformed", "not JSON"),
        (b"[" * 5000, "malformed", "not JSON"),
        (b"9" * 5000, "malformed", "not JSON"),
        (b'"text"', "malformed", "not an object"),
        (b"null", "malformed", "not an object"),
        (b'{"instruction": "caf\xe9"}', "malformed", "not UTF-8"),
        (b'{"instruction": "half \\ud83d"}', "malformed", "not valid Unicode"),
        (b'{"instruction": 5}', "malformed", "`instruction` is a number"),
        (b'{"instruction": ["a"]}', "malformed", "`instruction` is a list"),
        (b'{"instruction": "a", "output": {"b": 1}}', "malformed", "`output` is an object"),
        (b'{"instruction": "a", "output": true}', "malformed", "`output` is true or false"),
        (b'{"output": "b"}', "empty", "no field `instruction`"),
        (b'{"instruction": null}', "empty", "no field `instruction`"),
        (b'{"instruction": " \\n"}', "empty", "`instruction` is empty"),
        (b"", "empty", "nothing there"),
        (b"  \t", "empty", "nothing there"),
        (GOOD, "duplicates", "the same as an earlier row"),
        (b'{"instruction": " Name  a\\nriver. ", "output": "Loire"}', "duplicates", "the same as an earlier row"),
    ],
)
def test_a_bad_line_is_counted_and_the_rest_is_read(tmp_path: Path, row: bytes, kind: str, why: str) -> None:
    """Each kind of bad row by the number of its line."""
    report = report_of(tmp_path, b"\n".join([GOOD, row, b'{"instruction": "Last.", "output": "ok"}', b""]))

    assert (3, 2, 1) == (report.read, report.good, getattr(report, kind))
    assert [2] == [line for line, _ in report.problems]
    assert why in report.problems[0][1]


@pytest.mark.parametrize(
    ("turns", "kind", "why"),
    [
        ("x", "malformed", "not a list of turns"),
        ([1], "malformed", "turn 1 is a number"),
        ([{"role": "tool", "content": "x"}], "malformed", "the role 'tool'"),
        ([{"content": "x"}], "malformed", "the role 'None'"),
        ([{"role": "assistant", "content": "x"}], "malformed", "turn 1 is of the role 'assistant'"),
        ([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}],
         "malformed", "turn 2 is of the role 'user'"),
        ([{"role": "user", "content": "a"}, {"role": "assistant", "content": ""}, {"role": "user", "content": "b"}],
         "malformed", "turn 2 of the assistant is empty"),
        ([{"role": "user", "content": 7}], "malformed", "turn 1 is a number"),
        ([{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}], "malformed", "not text"),
        ([], "empty", "no turn of the user"),
        ([{"role": "system", "content": "x"}], "empty", "no turn of the user"),
        ([{"role": "user", "content": None}], "empty", "turn 1 of the user is empty"),
    ],
)  # fmt: skip
def test_a_bad_conversation_is_one_row(tmp_path: Path, turns: object, kind: str, why: str) -> None:
    """Roles and turns out of order are named by their place in the chat."""
    good = {"messages": [{"role": "user", "content": "Hi"}]}
    content = "\n".join(json.dumps(row) for row in [good, {"messages": turns}])
    report = report_of(tmp_path, content.encode())

    assert (1, 1) == (report.good, getattr(report, kind))
    assert why in report.problems[0][1]


def test_bad_rows_of_a_table(tmp_path: Path) -> None:
    """Columns that do not fit, an open quote, bytes that are not UTF-8, blank lines; lines as in the file."""
    content = b'instruction,output\n"two\nlines",b\nshort\na,b,c\n\n"x"y,z\ncaf\xe9,c\n,d\nlast,"open\n'
    report = report_of(tmp_path, content, "a.csv")

    assert ReadReport(
        read=8, good=1, empty=2, malformed=5, seeds=1,
        problems=(
            (4, "1 columns where the header has 2"), (5, "3 columns where the header has 2"), (6, "nothing there"),
            (7, "not CSV (',' expected after '\"')"),
            (8, "field `instruction` is not valid Unicode (bytes that are not UTF-8, or a broken \\u escape)"),
            (9, "field `instruction` is empty"), (10, "not CSV (unexpected end of data)"),
        ),
    ) == report  # fmt: skip


def test_bad_rows_of_a_json_list_are_numbered_by_row(tmp_path: Path) -> None:
    """A document on one line has no useful lines."""
    report = report_of(tmp_path, b'[{"prompt": "a"}, 3, {"prompt": ""}]', "a.json")

    assert ("row", [2, 3]) == (report.unit, [line for line, _ in report.problems])
    assert "row 2: not an object" in str(report)


def test_a_bad_row_of_a_parquet_file(tmp_path: Path) -> None:
    """Text that is not UTF-8, which careless writers leave in a column of text, spoils one row."""
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    column = arrow.array([b"one", b"caf\xe9", b"three", None], arrow.binary()).cast(arrow.string(), safe=False)
    parquet.write_table(arrow.table({"prompt": column}), tmp_path / "a.parquet")
    report = survey(tmp_path / "a.parquet").report

    assert (2, 1, 1) == (report.good, report.malformed, report.empty)
    assert ((2, "not UTF-8"), (4, "no field `prompt`")) == report.problems


def test_composed_and_decomposed_letters_are_the_same(tmp_path: Path) -> None:
    """Unicode has two ways to write é; x² and x2 are different questions all the same."""
    rows = ["Caf\u00e9?", "Cafe\u0301?", "x\u00b2?", "x2?"]
    report = report_of(tmp_path, "\n".join(json.dumps({"prompt": row}) for row in rows).encode())

    assert (3, 1) == (report.good, report.duplicates)


def test_the_same_question_under_another_system_prompt_is_another(tmp_path: Path) -> None:
    """What surrounds the instruction counts."""
    rows = [{"prompt": "Hi", "system": "a"}, {"prompt": "Hi", "system": "b"}, {"prompt": "Hi", "system": "a"}]
    report = report_of(tmp_path, "\n".join(map(json.dumps, rows)).encode())

    assert (2, 1) == (report.good, report.duplicates)


def test_repeated_turns_of_a_conversation_are_left_out(tmp_path: Path) -> None:
    """Two chats that begin alike share their first seed; the row is good for what is new in it."""

    def chat(question: str) -> bytes:
        turns = [("user", "Hi"), ("assistant", "Ho"), ("user", question)]
        return json.dumps({"messages": [{"role": role, "content": text} for role, text in turns]}).encode()

    report = report_of(tmp_path, b"\n".join([chat("a?"), chat("b?"), chat("a?")]))

    assert (2, 3, 1, 1) == (report.good, report.seeds, report.repeated, report.duplicates)
    assert "2 good (3 user turns), 1 duplicate, 1 repeated turn left out" in str(report)


def test_the_report_is_one_line_and_keeps_the_first_problems(tmp_path: Path) -> None:
    """A file with a thousand bad rows does not make a thousand lines."""
    report = report_of(tmp_path, b"\n".join([b"oops"] * 1000 + [GOOD]))

    assert KEPT_PROBLEMS == len(report.problems)
    assert (
        "1,001 rows read: 1 good, 1,000 malformed (line 1: not JSON (Expecting value, character 1); "
        "line 2: not JSON (Expecting value, character 1); line 3: not JSON (Expecting value, character 1); "
        "and 997 more)"
    ) == str(report)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.jsonl", b"", "holds no rows"),
        ("a.jsonl", b"\n\n", "holds no rows"),
        ("a.json", b"[]", "holds no rows"),
        ("a.jsonl", b"oops\nworse\n", r"no row that is an object \(line 1: not JSON"),
        ("a.csv", b"", "holds no rows"),
        ("a.csv", b"instruction,output\n", "holds no rows"),
        ("a.csv", b"a,b,a\n1,2,3\n", "column 'a' twice"),
        ("a.jsonl", b'{"instruction": ""}\n{"instruction": 3}\n', "no usable seed: 2 rows read: 0 good, 1 empty"),
        ("a.txt", GOOD, r"unknown suffix \(\.txt\).*\.jsonl"),
        ("a", GOOD, r"unknown suffix \(none\)"),
        ("a.json", b'{"title": "x", "items": [1]}', "`title`, `items`"),
        ("a.json", b'{\n "title": "x",\n "items": [1]}', "without a list of rows .*`title`, `items`"),
        ("a.json", b'[{"prompt": "a"}, {"prompt": "b"', "not valid JSON"),
        ("a.json", b'[{"prompt": "a"},\n {"prompt" "b"}]', "near line 2 it is not valid JSON"),
        ("a.json", b'[{"prompt": "a"}] trailing', "not valid JSON"),
        ("a.json", b"[" * 100_000, "nested too deep"),
        ("a.jsonl", "{}".encode("utf-16"), "UTF-16.*Save it as UTF-8"),
        ("a.csv", b"PK\x03\x04rest", "zip or Excel"),
        ("a.jsonl.gz", gzip.compress(GOOD * 1000, mtime=0)[:-20], "gzip data is damaged"),
        ("a.parquet", b"PAR1 nonsense", "a.parquet cannot be read"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    """One sentence on what is wrong, one on what to do."""
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    (tmp_path / name).write_bytes(content)

    with pytest.raises(UsageError, match=words) as caught:
        survey(tmp_path / name)
    assert "\n" not in str(caught.value)
    assert caught.value.fix


def test_paths_that_are_no_files_are_refused(tmp_path: Path) -> None:
    """Missing, a folder, a pipe, nothing at all, no valid path."""
    os.mkfifo(tmp_path / "pipe.jsonl")
    wrong = {
        "": "No seeds were given",
        str(tmp_path): "is a folder",
        str(tmp_path / "none.jsonl"): "There is no file",
        str(tmp_path / "pipe.jsonl"): "no regular file",
        "nul\0.jsonl": "There is no file",
    }
    for source, words in wrong.items():
        with pytest.raises(UsageError, match=words):
            open_seeds(SeedSettings(source=source))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    """The person must change the permissions."""
    (tmp_path / "a.jsonl").write_bytes(GOOD)
    (tmp_path / "a.jsonl").chmod(0)

    with pytest.raises(UsageError, match="cannot be read"):
        survey(tmp_path / "a.jsonl")
