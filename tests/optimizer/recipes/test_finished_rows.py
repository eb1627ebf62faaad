"""Rows of other tools are paired by the seed's text or id, row by row; what cannot be paired is counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.messages import Instruction
from autoevol.optimizer.dataset.raw import RawRow, RowStream
from autoevol.optimizer.dataset.report import ReadReport
from autoevol.optimizer.dataset.seed import Seed
from autoevol.optimizer.recipes.contest.finished import Finished, read_finished
from autoevol.optimizer.recipes.contest.items import ItemSet, item_sets
from autoevol.optimizer.record.settings import CompareSettings, SeedSettings, Settings
from autoevol.optimizer.search.evaluate import Given

SEEDS = (
    Seed("seed-000001", 1, Instruction("Add 1 and 2."), "3"),
    Seed("seed-000002", 2, Instruction("Name a  colour."), None),
    Seed("seed-000003", 3, Instruction("Say why."), None),
)


def _set(own_ids: dict[str, str] | None = None, seeds: tuple[Seed, ...] = SEEDS) -> ItemSet:
    return ItemSet("s", "s.jsonl", seeds, len(seeds), "f", ReadReport(), own_ids or {})


def _read(*rows: object, sets: tuple[ItemSet, ...] | None = None) -> Finished:
    stream = RowStream("rows.jsonl", "line", lambda: (RawRow(n, row) for n, row in enumerate(rows, 1)))
    return read_finished(stream, sets or (_set({"gsm-7": "seed-000002"}),))


@pytest.mark.parametrize(
    ("row", "seed_id", "expected"),
    [
        ({"seed_id": "seed-000001", "evolved": "Add more.", "response": "9"}, 1, Given("Add more.", "9")),
        ({"id": "gsm-7", "instruction": "Name two.", "output": "Red."}, 2, Given("Name two.", "Red.")),
        ({"id": "gsm-7", "evolved": "Name two.", "instruction": "Otherwise said."}, 2, Given("Name two.", None)),
        ({"instruction": " Name a colour.\n", "evolved_instruction": "Two.", "answer": None}, 2, Given("Two.")),
        ({"instruction": "Add 1 and 2.", "evolved": "Add more.", "response": "3"}, 1, Given("Add more.", None)),
        ({"instruction": "Add 1 and 2.", "response": "3", "evolved": "More.", "evolved_response": "4"}, 1,
         Given("More.", "4")),
        ({"instruction": "Say why.", "evolved": None}, 3, Given("", None)),
        ({"id": "seed-000003", "instruction": "Say why twice.", "input": "Here.", "output": 7}, 3,
         Given("Say why twice.\n\nHere.", "7")),
        ({"id": "seed-000003", "conversations": [{"from": "human", "value": "Why?"}, {"from": "gpt", "value": "So."}]},
         3, Given("Why?", "So.")),
        ({"id": "seed-000001", "instruction": "New", "response": "r",
          "provenance": {"seed_id": "seed-000001", "seed_instruction": "Add 1 and 2."}}, 1, Given("New", "r")),
    ],
)  # fmt: skip
def test_rows_of_many_forms_are_understood(row: dict[str, Any], seed_id: int, expected: Given) -> None:
    """Ids of the seeds' file and ours, the seed's text; the evolved text and its answer under the usual names."""
    found = _read(row)

    assert ({f"seed-{seed_id:06d}": expected},) == tuple(dict(each) for each in found.given)
    assert (1, 1, 2) == (found.report.read, found.report.paired, found.report.missing)


def test_what_is_left_out_is_counted() -> None:
    """The first row of an item counts; every row is somewhere."""
    found = _read(
        {"id": "seed-000001", "evolved": "A"},
        {"id": "seed-000001", "evolved": "B"},
        {"id": "seed-000002", "instruction": "Quite another text.", "evolved": "C"},
        {"id": "elsewhere-9", "evolved": "D"},
        {"evolved": 5, "id": "seed-000003"},
        {"nothing": 1},
        [1],
        {"instruction": "no id"},
    )
    report = found.report

    assert {"seed-000001": Given("A")} == dict(found.given[0])
    assert (8, 1, 1, 1, 1, 4) == (
        report.read, report.paired, report.repeated, report.others, report.mismatched, report.unreadable,
    )  # fmt: skip
    assert (2, 1) == (report.missing, report.unanswered)
    assert [5, 6, 7, 8] == [line for line, _ in report.problems]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ((), "holds no rows"),
        (({"x": 1}, 5), "None of the 2 rows of rows.jsonl can be read (line 1: no field `evolved`"),
        (({"id": "z", "evolved": "A"}, {"x": 1}), "is about these seeds; 1 cannot be read"),
        (({"id": "seed-000001", "instruction": "Other.", "evolved": "A"},), "1 name a seed of ours with another text"),
    ],
)
def test_a_file_without_any_of_the_seeds_is_refused(rows: tuple[object, ...], words: str) -> None:
    """In a sentence that says how rows are paired."""
    with pytest.raises(UsageError) as caught:
        _read(*rows)

    assert words in str(caught.value)


def test_over_several_sets_a_text_serves_each_and_an_id_only_one() -> None:
    """Places in a file mean nothing where there are two files."""
    other = _set(seeds=(Seed("seed-000001", 1, Instruction("Say why.")), Seed("seed-000002", 2, Instruction("Jump."))))

    found = _read(
        {"instruction": "Say why.", "evolved": "W"},
        {"id": "seed-000001", "evolved": "?"},
        {"id": "gsm-7", "evolved": "G"},
        sets=(_set({"gsm-7": "seed-000002"}), other),
    )  # fmt: skip

    assert [{"seed-000003": Given("W"), "seed-000002": Given("G")}, {"seed-000001": Given("W")}] == [
        dict(each) for each in found.given
    ]
    assert 1 == found.report.others


def test_the_same_text_in_two_conversations_needs_its_id() -> None:
    """Without one it is about neither."""
    seeds = tuple(Seed(f"seed-{n:06d}", n, Instruction("Go on.", system=f"s{n}")) for n in (1, 2))
    row = {"instruction": "Go on.", "evolved": "Go far."}

    found = _read(row, {**row, "seed_id": "seed-000002"}, sets=(_set(seeds=seeds),))

    assert {"seed-000002": Given("Go far.")} == dict(found.given[0])


NAMES = ["id", "seed_id", "evolved", "instruction", "response", "messages", "provenance", "role", "content"]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=8,
)


@given(st.lists(json_values, max_size=6))
def test_rubbish_never_breaks_the_reading_and_adds_up(rows: list[Any]) -> None:
    """Each row is counted once, whatever it is."""
    report = _read({"id": "seed-000001", "evolved": "A"}, *rows).report

    assert report.read == (
        report.paired + report.repeated + report.others + report.mismatched + report.unreadable
    )  # fmt: skip


def test_ids_of_the_seeds_file_are_found(tmp_path: Path) -> None:
    """Those that name one row; a repeated one names none. Items are drawn, and kept in the order of the file."""
    path = tmp_path / "seeds.jsonl"
    rows = [{"id": f"q{n if n < 8 else 0}", "question": f"What is {n} + 1?"} for n in range(10)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")

    def sets(**compare: Any) -> ItemSet:
        return item_sets(Settings(seeds=SeedSettings(source=str(path)), compare=CompareSettings(**compare)))[0]

    whole, drawn = sets(items=None), sets(items=4)

    assert {f"q{n}": f"seed-{n + 1:06d}" for n in range(1, 8)} == whole.own_ids
    assert (10, 10, 4) == (len(whole.items), drawn.total, len(drawn.items))
    assert sorted(drawn.items, key=lambda seed: seed.id) == list(drawn.items)
    assert {"seeds"} == {whole.name}


def test_a_set_named_twice_is_refused(tmp_path: Path) -> None:
    """It would count its items twice."""
    path = tmp_path / "s.jsonl"
    path.write_text('{"question": "Why?"}\n', encoding="utf-8")

    with pytest.raises(UsageError, match="named twice"):
        item_sets(Settings(seeds=SeedSettings(source=str(path)), compare=CompareSettings(seeds=(str(path),))))
