"""The labelled set: what the shipped rows must be, and what is told of a file that is not one."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.scoring.labelled import FLAWS, LabelledRow, load_labelled

README = Path(__file__).resolve().parents[3] / "optimizer" / "scoring" / "labelled" / "README.md"
ROW: dict[str, object] = {
    "id": "x-1",
    "language": "en",
    "domain": "maths",
    "seed": "What is 2 + 3?",
    "seed_response": None,
    "evolved": "What is 2 + 3?",
    "response": None,
    "good": False,
    "flaws": ["identity"],
    "why": "Nothing was changed.",
}


def _file(folder: Path, *rows: dict[str, object]) -> Path:
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_a_row_of_ones_own_file_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """Every field, null included; blank lines and a byte order mark are passed over."""
    path = tmp_path / "mine.jsonl"
    path.write_text("\ufeff" + json.dumps(ROW) + "\n\n", encoding="utf-8")

    expected = LabelledRow(
        id="x-1",
        language="en",
        domain="maths",
        seed="What is 2 + 3?",
        seed_response=None,
        evolved="What is 2 + 3?",
        response=None,
        good=False,
        flaws=("identity",),
        why="Nothing was changed.",
    )
    assert [expected] == load_labelled(path)


def test_an_empty_evolved_text_is_a_flaw_and_no_fault_of_the_file(tmp_path: Path) -> None:
    """An evolver that answered nothing is what the set is for."""
    (row,) = load_labelled(_file(tmp_path, {**ROW, "evolved": "", "flaws": ["unreadable"]}))

    assert "" == row.evolved


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"flaws": ["bad-taste"]}, "'bad-taste' is not a class of flaws"),
        ({"flaws": ["identity", "identity"]}, "named twice"),
        ({"flaws": []}, "names at least one"),
        ({"good": True}, "a good row has no flaws"),
        ({"good": "no"}, "neither true nor false"),
        ({"flaws": "identity"}, "not a list of texts"),
        ({"flaws": [1]}, "not a list of texts"),
        ({"domain": "sport"}, "domain is 'sport'"),
        ({"language": "fr"}, "language is 'fr'"),
        ({"evolved": None}, "'evolved' is not a text"),
        ({"response": 5}, "'response' is neither a text nor null"),
        ({"seed": " "}, "'seed' is empty"),
        ({"why": "\ud800"}, "half a character"),
        ({"note": "mine"}, "the field 'note' is not one of"),
    ],
)
def test_a_bad_row_is_told_with_its_line_and_what_is_wrong(
    tmp_path: Path, change: dict[str, object], said: str
) -> None:
    """The second of two lines, so that the number is not right by chance."""
    path = _file(tmp_path, ROW, {**ROW, "id": "x-2", **change})

    with pytest.raises(UsageError) as caught:
        load_labelled(path)

    assert f"{path}, line 2" in caught.value.problem
    assert said in caught.value.problem
    assert "" != caught.value.fix


@pytest.mark.parametrize("name", list(ROW))
def test_every_field_is_needed(tmp_path: Path, name: str) -> None:
    """A file of somebody else's format is refused at its first line, not half read."""
    path = _file(tmp_path, {key: value for key, value in ROW.items() if key != name})

    with pytest.raises(UsageError, match=f"line 1: the field '{name}' is missing"):
        load_labelled(path)


def test_an_id_that_stands_twice_is_told_with_both_places(tmp_path: Path) -> None:
    """Judgements are looked up by id."""
    path = _file(tmp_path, ROW, {**ROW, "id": "x-2"}, ROW)

    with pytest.raises(UsageError, match=r"line 3: the id 'x-1' stands already at .*line 1"):
        load_labelled(path)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "holds no labelled rows"),
        (b"\n \n", "holds no labelled rows"),
        (b"[1, 2]\n", "line 1 is not a JSON object"),
        (b'{"id": "x-1"\n', "line 1 is not JSON"),
        (b"[" * 100_000, "line 1 is not JSON"),
        (b'\n{"id": "\xff"}\n', "line 2 is not UTF-8"),
    ],
)
def test_a_file_of_rubbish_is_refused_in_words(tmp_path: Path, data: bytes, said: str) -> None:
    """No traceback, whatever the file holds."""
    path = tmp_path / "mine.jsonl"
    path.write_bytes(data)

    with pytest.raises(UsageError, match=said):
        load_labelled(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """And so is a folder in its place."""
    with pytest.raises(UsageError, match="cannot be read"):
        load_labelled(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="cannot be read"):
        load_labelled(tmp_path)


def _english() -> list[LabelledRow]:
    return [row for row in load_labelled() if row.language == "en"]


def test_every_class_of_flaws_has_english_rows() -> None:
    """Recall over fewer than four rows says nothing at all."""
    counts = Counter(flaw for row in _english() for flaw in row.flaws)

    assert {} == {flaw: counts[flaw] for flaw in FLAWS if counts[flaw] < 4}


def test_there_are_enough_english_rows_good_ones_too() -> None:
    """Precision needs good rows, among them such as look bad."""
    rows = _english()

    assert 130 <= len(rows)
    assert 45 <= sum(row.good for row in rows)


def test_the_english_rows_are_of_many_kinds() -> None:
    """Maths is the largest part, no domain is missing, no two evolved texts are the same."""
    rows = _english()
    domains = Counter(row.domain for row in rows)
    texts = Counter(row.evolved for row in rows if row.evolved)

    assert {"maths", "code", "chat", "writing", "data", "reasoning"} == set(domains)
    assert "maths" == domains.most_common(1)[0][0]
    assert [] == [text for text, count in texts.items() if count > 1]


def test_good_rows_have_an_answer() -> None:
    """An evolution is good with its answer, not without."""
    assert [] == [row.id for row in load_labelled() if row.good and not (row.response or "").strip()]


def test_identity_means_that_nothing_was_changed() -> None:
    """The one label that can be checked without judgement, both ways."""
    rows = _english()

    assert [] == [row.id for row in rows if ("identity" in row.flaws) != (_plain(row.seed) == _plain(row.evolved))]


def _plain(text: str) -> str:
    return " ".join(text.split())


def test_the_readme_counts_what_is_there() -> None:
    """For every language that is shipped; a class that is not explained there is a mistake, too."""
    rows = load_labelled()
    table: dict[str, dict[str, str]] = {
        cells[0].strip("`"): dict(zip(("en", "zh"), cells[2:], strict=True))
        for line in README.read_text(encoding="utf-8").splitlines()
        if len(cells := [cell.strip() for cell in line.strip("|").split("|")]) == 4
    }

    for language in {row.language for row in rows}:
        own = [row for row in rows if row.language == language]
        counts = Counter(flaw for row in own for flaw in row.flaws)
        expected = {flaw: counts[flaw] for flaw in FLAWS}
        expected |= {"good rows": sum(row.good for row in own), "all rows": len(own)}
        assert expected == {name: int(table[name][language]) for name in expected}
