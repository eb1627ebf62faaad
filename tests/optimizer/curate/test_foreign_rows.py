"""Rows of files that were made elsewhere, and settings that cannot mean what they say."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from autoevol.optimizer.curate.quotas import cell_weights
from autoevol.optimizer.curate.rows import Rows, carried, kept_object
from autoevol.optimizer.dataset.plain import json_form
from autoevol.optimizer.dataset.rows import encode_line
from autoevol.optimizer.dataset.whole import open_rows
from autoevol.optimizer.record.making.recipes import PARTS, Making
from autoevol.optimizer.record.settings import SeedSettings
from tests.model_server import ModelServer
from tests.optimizer.cli.conftest import Cli, cli
from tests.optimizer.curate.test_curate_rows import rows_in
from tests.optimizer.curate.test_vector_selectors import ROWS, server, settings_file, write

__all__ = ["cli", "server"]


def test_values_that_json_lacks_get_a_form_of_it(tmp_path: Path) -> None:
    """Numbers that are none, dates, decimals, bytes; a row of a file that has them can be written again."""
    deep: list[Any] = []
    for _ in range(300):
        deep = [deep]
    odd = {"a": (nan, -inf, Decimal("1.5")), 1: {"d": date(2026, 1, 2), "b": b"ab", "c": b"\xff"}, "t": True}
    [row] = rows_in(tmp_path, {"question": "A", "answer": "B", "score": nan, "more": {"x": [inf, 1]}, "deep": deep})

    assert {
        "a": [None, None, 1.5], "1": {"d": "2026-01-02", "b": "ab", "c": "/w=="}, "t": True,
    } == json_form(odd)  # fmt: skip
    assert row.value("score") is None
    assert [None, 1] == json.loads(encode_line(kept_object(row, "dedup", 1, {})))["more"]["x"]


def test_a_row_of_a_table_can_be_kept(tmp_path: Path) -> None:
    """Dates, decimals and bytes of Parquet."""
    arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    row = {"question": "A", "answer": "B", "at": datetime(2026, 1, 2, tzinfo=UTC), "price": Decimal("0.25"), "b": b"x"}
    parquet.write_table(arrow.Table.from_pylist([row]), tmp_path / "rows.parquet")
    [read] = Rows(open_rows(SeedSettings(source=str(tmp_path / "rows.parquet"))))
    kept = json.loads(encode_line(kept_object(read, "dedup", 1, {})))

    assert ("2026-01-02T00:00:00+00:00", 0.25, "x") == (kept["at"], kept["price"], kept["b"])


@pytest.mark.parametrize(
    "said",
    [
        {"curated": None}, {"given": "x"}, {"calls": None}, {"cost": "0.1"}, {"models": [[1]]}, {"calls": "k"},
        {"line": "3", "curated": {"by": "x"}},
    ],
)  # fmt: skip
def test_what_another_program_calls_as_we_do_moves_to_given(said: dict[str, Any], tmp_path: Path) -> None:
    """Our names are taken where they have our form; the rest of a provenance stays where it is."""
    [row] = rows_in(tmp_path, {"question": "A", "answer": "B", "provenance": {**said, "of": "them"}})
    spent = {"calls": ["k"], "cost": 0.5, "models": ["m"]}
    kept = kept_object(row, "dedup", 1, spent)["provenance"]
    scored = carried({"id": "a", "provenance": spent}, row.said)["provenance"]

    assert (said, "them") == (kept["given"]["provenance"], kept["of"])
    assert ([{"by": "dedup", "rank": 1}], ["k"], 0.5) == (kept["curated"], kept["calls"], kept["cost"])
    assert {**spent, "of": "them", "given": {"provenance": said}} == scored


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"recipe": "hybrid", "by": {"x": nan}}, "finite number"),
        ({"recipe": "quotas", "by": {"x": {"a": inf}}}, "finite number"),
        ({"recipe": "quotas", "by": {"x": {}}, "at_most": {"y": {"a": 1}}}, "y is none of them"),
        ({"recipe": "quotas", "by": {"x": {}}, "levels": {"z": 3}}, "z is none of them"),
        ({"recipe": "quotas", "by": {"x": {}}, "at_most": {"x": {"a": -1}}}, "greater than or equal to 0"),
        ({"recipe": "dedup", "preset": "paper"}, "paper is none of the presets that there are here (recommended)"),
        ({"recipe": "evol-instruct", "preset": "alpaca"}, "'recommended', 'paper' or 'official-code'"),
    ],
)
def test_settings_that_mean_nothing_are_refused(part: dict[str, Any], words: str) -> None:
    """Weights that are no numbers, bounds for what is not budgeted, presets that there are not."""
    with pytest.raises(ValidationError) as told:
        TypeAdapter[Any](Making).validate_python(part)

    assert words in str(told.value)


@pytest.mark.parametrize("name", sorted(PARTS))
def test_every_preset_that_is_said_to_be_there_is(name: str) -> None:
    """And none else is taken."""
    members: dict[str, Any] = {"diverse": {}, "facility": {}}
    needs: dict[str, dict[str, Any]] = {"hybrid": {"by": {"score": 1}}, "panel": {"members": members}}
    needed = needs.get(name, {})
    for preset in ("recommended", "paper", "official-code"):
        if preset == "recommended" or preset in PARTS[name].PRESETS:
            assert preset == PARTS[name].model_validate({"preset": preset, **needed}).preset
        else:
            with pytest.raises(ValidationError, match="none of the presets"):
                PARTS[name].model_validate({"preset": preset, **needed})


def test_a_value_may_be_a_star() -> None:
    """Then it is one of those that have no share of their own."""
    assert {("*",): 1.0, ("a",): 2.0, ("b",): 3.0} == cell_weights(
        {("*",): 1, ("a",): 5, ("b",): 3}, [{"*": 4.0, "a": 2.0}]
    )


def test_no_vector_is_paid_for_a_row_that_is_out(cli: Cli, server: ModelServer, tmp_path: Path) -> None:
    """Where rows lack the figures, or are too low; where none is left with a vector, that is said."""
    marks = [n % 7 / 10 for n in range(20)]
    rows: list[dict[str, Any]] = [{**row, "ifd": mark} for row, mark in zip(ROWS, marks, strict=False)]
    rows += ROWS[20:]
    write(tmp_path, "rows.jsonl", rows)
    parts: list[dict[str, Any]] = [
        {"recipe": "facility", "score": "ifd", "first": 0.5, "below": 0.5, "count": 5},
        {"recipe": "hybrid", "by": {"ifd": 1}, "choose": "pareto", "diversity": 0.5, "count": 5},
        {"recipe": "deita", "scores": ["ifd"], "count": 5},
    ]
    asked: list[int] = []
    for part in parts:
        before = len(server.bodies)
        assert 0 == cli("curate", "--config", settings_file(tmp_path, server, part), "--quiet").code
        asked.append(sum(len(body["input"]) for body in server.bodies[before:]))
    write(tmp_path, "rows.jsonl", [{"id": "a", "instruction": "poison", "output": "x", "ifd": 1}, *ROWS])
    none = cli("curate", "--config", settings_file(tmp_path, server, parts[2]), "--quiet")

    assert [sum(mark < 0.5 for mark in marks), 20, 20] == asked
    assert 2 == none.code
    assert "No row has a vector" in none.err
