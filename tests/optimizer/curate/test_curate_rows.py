"""What a selector reads, and that a kept row is the row as it was."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from autoevol.optimizer.curate.rows import Rows, carried, kept_object
from autoevol.optimizer.dataset.whole import open_rows
from autoevol.optimizer.record.settings import SeedSettings


def rows_in(folder: Path, *rows: object) -> Rows:
    """The rows of a file."""
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return Rows(open_rows(SeedSettings(source=str(path))))


def test_every_row_is_read_also_those_that_say_the_same(tmp_path: Path) -> None:
    """In the order of the file, with numbers from 0; a broken one is none."""
    twice: dict[str, Any] = {"question": "Two and two?", "answer": "4"}
    rows = rows_in(tmp_path, twice, twice, {"answer": "no question"}, {"question": "One?", "answer": 1})

    assert 3 == len(rows)
    assert [(0, "seed-000001"), (1, "seed-000002"), (2, "seed-000003")] == [(row.index, row.seed.id) for row in rows]
    assert ["4", "4", "1"] == [row.seed.response for row in rows]


def test_a_conversation_is_one_row(tmp_path: Path) -> None:
    """Its last turn that is answered, after all that was said before."""
    words = ["Hi", "Hello", "And now?", "Good bye", "Wait"]
    turns = [{"role": "assistant" if n % 2 else "user", "content": word} for n, word in enumerate(words)]
    [row] = rows_in(tmp_path, {"messages": turns})

    assert ("And now?", "Good bye") == (row.seed.instruction.text, row.seed.response)
    assert ["Hi", "Hello"] == [turn.text for turn in row.seed.instruction.context]


def test_rows_keep_the_ids_that_tell_them_apart(tmp_path: Path) -> None:
    """Their own ones only where no two are the same."""
    named: list[dict[str, Any]] = [{"id": "a", "question": "A"}, {"id": 7, "question": "B"}]
    again: list[dict[str, Any]] = [{"id": "a", "question": "A"}, {"id": "a", "question": "B"}]

    assert ["a", "7"] == [row.seed.id for row in rows_in(tmp_path, *named)]
    assert ["seed-000001", "seed-000002"] == [row.seed.id for row in rows_in(tmp_path, *again)]


def test_a_value_is_found_by_its_path(tmp_path: Path) -> None:
    """In objects by name, in lists by number or by who said it."""
    said: dict[str, Any] = {
        "question": "A", "level": 3,
        "provenance": {
            "tags": {"hard": True}, "curated": [{"by": "x", "n": 1}, {"by": "y", "n": 2}, {"by": "x", "n": 3},
                        {"by": "best", "selector": "z", "n": 4}, {"by": "far", "selector": "x", "n": 5}],
        },
    }  # fmt: skip
    [row] = rows_in(tmp_path, said)

    assert 3.0 == row.number("level")
    assert row.value("provenance.tags.hard") is True
    assert row.number("provenance.tags.hard") is None
    assert (3, 4, 5) == tuple(row.value(f"provenance.curated.{name}.n") for name in ("x", "z", "far"))
    assert 2 == row.value("provenance.curated.1.n")
    assert row.value("provenance.curated.7.n") is row.value("level.up") is row.value("nothing") is None


def test_a_kept_row_says_all_that_it_said(tmp_path: Path) -> None:
    """Read again it is the same row, with an entry more for each selector; a taken name moves once and stays."""
    said = {"instruction": "Add", "input": "1 2", "output": "3", "topic": "maths", "response": "drei"}
    [row] = rows_in(tmp_path, said)
    once = kept_object(row, "dedup", 1, {"calls": ["k1"], "cost": 0.5, "group": 2})
    [again] = rows_in(tmp_path, once)
    twice = kept_object(again, "lima", 1, {})

    assert ("Add\n\n1 2", "3") == (again.seed.instruction.text, again.seed.response)
    assert "maths" == again.value("topic")
    assert "1 2" == again.value("input")
    assert {"input": "1 2", "response": "drei"} == twice["provenance"]["given"]
    assert [{"by": "dedup", "rank": 1, "group": 2}, {"by": "lima", "rank": 1}] == twice["provenance"]["curated"]
    assert (["k1"], 0.5) == (twice["provenance"]["calls"], twice["provenance"]["cost"])
    assert {**once, "provenance": {**once["provenance"], "curated": twice["provenance"]["curated"]}} == twice


def test_a_scored_row_carries_what_was_said_before() -> None:
    """What it says itself wins; calls and costs are added."""
    before = {
        "id": "a", "topic": "maths", "instruction": "A",
        "provenance": {
            "tags": {"quality": "good"}, "calls": ["k1"], "cost": 1.0, "models": ["m"], "method_id": "x", "score": 1,
        },
    }  # fmt: skip
    made = {"id": "a", "instruction": "A", "provenance": {
        "calls": ["k2"], "cost": 0.5, "models": ["m"], "method_id": "", "score": 0.3, "ifd": {"n": 2}}}  # fmt: skip

    assert {
        "id": "a", "topic": "maths", "instruction": "A", "provenance": {
            "tags": {"quality": "good"}, "calls": ["k1", "k2"], "cost": 1.5, "models": ["m"], "method_id": "x",
            "score": 0.3, "ifd": {"n": 2},
        },
    } == carried(made, before)  # fmt: skip
