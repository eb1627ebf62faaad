"""Overlap with benchmarks: what is found, where, and that nothing else is."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.dataset.exports.reading import open_file
from autoevol.optimizer.dataset.overlap import Benchmarks, Overlap, Side, words_of
from autoevol.optimizer.dataset.overlap_report import find_overlap, read_benchmarks
from tests.optimizer.dataset.exports.exported_run import read_lines, write_lines

ITEM = "Natalia sold clips to 48 of her friends in April, and then half as many in May."


def _find(lengths: tuple[int, ...], items: list[str], *texts: str) -> list[Overlap]:
    known = Benchmarks(lengths)
    for number, item in enumerate(items, 1):
        known.add("bench", number, [item])
    return known.find([[Side("instruction", texts)]])[0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("  It's  3.5 kg_of: SUGAR!\n", ["its", "35", "kgof", "sugar"]),
        ("Straße Ａ１", ["strasse", "a1"]),
        ("水是什么？ok", ["水", "是", "什", "么", "ok"]),
        ("... --- !", []),
    ],
)
def test_words_are_compared_without_case_and_marks(text: str, words: list[str]) -> None:
    """Punctuation goes, case and width fold, characters of Chinese are words."""
    assert words == words_of(text)


def test_the_stretch_is_told_with_its_item() -> None:
    """All words that adjoining n-grams cover, once, with the share of the text."""
    found = _find((4,), ["Something else entirely here.", ITEM], "So: NATALIA sold (clips) to 48 people in all.")

    assert [Overlap(4, "instruction", "bench", 2, "natalia sold clips to 48", 5, 5 / 9)] == found


def test_borders_are_not_crossed() -> None:
    """Neither those of texts nor those of benchmark items."""
    assert [] == _find((4,), ["one two", "three four"], "one two three four")
    assert [] == _find((4,), ["one two three four"], "one two", "three four")


def test_shorter_texts_have_no_overlap() -> None:
    """Of n words it takes n."""
    assert [] == _find((13,), [ITEM], "Natalia sold clips to 48 of her friends")
    assert [] == _find((3,), [], "one two three")
    assert [] == _find((3,), ["a b c"], "")


def test_longer_runs_come_first() -> None:
    """Of several lengths, each side."""
    found = _find((3, 6), ["a b c d e f", "x y z"], "x y z 1 a b c d e f")

    assert [(6, 6), (3, 6), (3, 3)] == [(each.n, each.words) for each in found]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 6))
def test_it_agrees_with_sets_of_tuples(seed: int, n: int) -> None:
    """Rows have an overlap exactly where a set of word tuples says so."""
    draw = random.Random(seed)
    texts = [" ".join(draw.choices("abcdef", k=draw.randrange(12))) for _ in range(30)]
    items, rows = texts[:10], texts[10:]
    grams = {tuple(words[i : i + n]) for words in map(str.split, items) for i in range(len(words) - n + 1)}
    known = Benchmarks((n,))
    for number, item in enumerate(items):
        known.add("bench", number, [item])
    found = known.find([[Side("response", (row,))] for row in rows])
    expected = [
        any(tuple(words[i : i + n]) in grams for i in range(len(words) - n + 1)) for words in map(str.split, rows)
    ]

    assert expected == [bool(each) for each in found]
    assert len(grams) == known.grams(n)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Rows, of which two overlap, and a benchmark with nested texts."""
    rows = write_lines(tmp_path / "rows.jsonl", [
        {"id": "a", "instruction": ITEM, "response": "Clean."},
        {"id": "b", "instruction": "What now?", "response": "Choose the largest planet of them all here."},
        {"id": "c", "instruction": "Nothing of that.", "response": "Nothing at all, as it were, my dear friend."},
        {"id": "d", "instruction": ""},
    ])  # fmt: skip
    bench = write_lines(tmp_path / "bench.jsonl", [
        {"question": ITEM, "answer": "72", "choices": ["no", {"text": "Which is the largest planet of them all?"}]},
        {"question": "Too short."},
    ])  # fmt: skip
    return rows, bench


def test_shares_and_rows_are_reported(files: tuple[Path, Path]) -> None:
    """Instructions and responses apart, items of the benchmark, those that are too short, rows that are none."""
    known = read_benchmarks([str(files[1])], (5, 13))
    report = find_overlap(open_file(str(files[0])), known)

    assert 3 == report.rows
    assert {"no-instruction": 1} == report.unreadable
    assert {
        (5, "instruction"): 1,
        (5, "response"): 1,
        (5, "any"): 2,
        (13, "instruction"): 1,
        (13, "any"): 1,
    } == report.hits
    assert {(5, "bench.jsonl"): {1}, (13, "bench.jsonl"): {1}} == report.items
    assert (1, 1) == (known.short["bench.jsonl", 5], known.short["bench.jsonl", 13])
    assert ["a", "b"] == [row for row, _ in report.found]


def test_clean_rows_and_the_others_are_written(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Every row is in one of the two files, the overlapping ones with what they overlap with."""
    known = read_benchmarks([str(files[1])], (5,))
    report = find_overlap(open_file(str(files[0])), known, tmp_path / "clean.jsonl")
    dropped = read_lines(tmp_path / "clean.overlap.jsonl")

    assert read_lines(files[0])[2:3] == read_lines(tmp_path / "clean.jsonl")
    assert [*read_lines(files[0])[:2], read_lines(files[0])[3]] == [row["row"] for row in dropped]
    assert ["overlap", "overlap", "no-instruction"] == [row["reason"] for row in dropped]
    assert "the largest planet of them all" == dropped[1]["overlaps"][0]["text"]
    assert report.rows == report.written + report.dropped
    assert 1 == report.left
    with pytest.raises(UsageError, match="is there already"):
        find_overlap(open_file(str(files[0])), known, tmp_path / "clean.jsonl")


def test_rows_that_cannot_be_compared_are_in_the_rest(files: tuple[Path, Path], tmp_path: Path) -> None:
    """With their reason and their line; a clean row that JSON cannot hold is there without its text."""
    rows = tmp_path / "bad.jsonl"
    lines = ['{"id": "a", "instruction": "Fine."}', "", "{broken", "[1]",
             '{"instruction": 7}', '{"id": "n", "instruction": "Also fine.", "score": NaN}']  # fmt: skip
    rows.write_text("\n".join(lines), "utf-8")
    known = read_benchmarks([str(files[1])], (5,))
    report = find_overlap(open_file(str(rows)), known, tmp_path / "clean.jsonl")

    assert [{"id": "a", "instruction": "Fine."}] == read_lines(tmp_path / "clean.jsonl")
    assert [
        {"id": "row-2", "reason": "blank-line"}, {"id": "row-3", "reason": "unreadable"},
        {"id": "row-4", "reason": "unreadable", "row": [1]},
        {"id": "row-5", "reason": "unreadable", "row": {"instruction": 7}}, {"id": "n", "reason": "unreadable"},
    ] == read_lines(tmp_path / "clean.overlap.jsonl")  # fmt: skip
    assert (1, 0, 5) == (report.written, report.dropped, report.left)


def test_only_named_fields_count(files: tuple[Path, Path]) -> None:
    """And a field that is nowhere is an error."""
    report = find_overlap(open_file(str(files[0])), read_benchmarks([str(files[1])], (5,), ["question"]))

    assert ["a"] == [row for row, _ in report.found]
    with pytest.raises(UsageError, match="no text in the fields nowhere"):
        read_benchmarks([str(files[1])], (5,), ["nowhere"])


def test_twice_the_same_name_is_two_benchmarks(files: tuple[Path, Path], tmp_path: Path) -> None:
    """Two files called test.jsonl are not one."""
    other = write_lines(tmp_path / "other" / "bench.jsonl", [{"question": "Nothing of that."}])

    assert {"bench.jsonl": 2, str(other): 1} == read_benchmarks([str(files[1]), str(other)], (3,)).items
    assert json.dumps(read_benchmarks([str(other)], (3,)).short.get(("bench.jsonl", 3))) == "0"
