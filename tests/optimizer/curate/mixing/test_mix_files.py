"""A mix on disk: rows, what was left, manifest; the same bytes every time and for any order of the rows."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

from autoevol.optimizer.curate.mixing.ratio import by_ratio, read_amount
from autoevol.optimizer.curate.mixing.stages import two_stages
from autoevol.optimizer.curate.mixing.writing import write_mix
from autoevol.optimizer.dataset.exports.reading import open_file

from .mixing_stage import pool_of, some_rows


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_two_stages_hold_what_the_paper_says(tmp_path: Path) -> None:
    """All specialised rows first; then all general ones and the share of the specialised, which grows with k."""
    shares = [Fraction(1, 64), Fraction(1, 8)]
    with pool_of(tmp_path, maths=some_rows(64, ("sums", "products")), chat=some_rows(20)) as pool:
        write_mix(pool, two_stages(pool, ["maths"], ["chat"], shares, 1), tmp_path / "out")
    first, few, more = (
        {row["id"] for row in _rows(tmp_path / "out" / name)}
        for name in ("stage1.jsonl", "stage2-1-64.jsonl", "stage2-1-8.jsonl")
    )
    told = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))

    assert {f"maths/r{n}" for n in range(64)} == first
    assert (21, 28) == (len(few), len(more))
    assert few < more
    assert {"products": 4, "sums": 4} == told["files"]["stage2-1-8.jsonl"]["sets"]["maths"]["groups"]


def test_the_order_of_the_rows_does_not_matter(tmp_path: Path) -> None:
    """Rows with and without ids, and the same row twice: the same bytes, as when it is done again."""
    rows = [*some_rows(30, ("x", "y")), *some_rows(9, ids=False), *some_rows(3, ids=False)]
    texts: list[bytes] = []
    for number, each in enumerate((rows, rows, rows[::-1])):
        folder = tmp_path / str(number)
        folder.mkdir()
        with pool_of(folder, a=each) as pool:
            write_mix(pool, by_ratio(pool, {"a": read_amount("60")}, None, 4, 5), folder / "out")
        texts.append((folder / "out" / "mix.jsonl").read_bytes())
    ids = [json.loads(line)["id"] for line in texts[0].splitlines()]

    assert texts[0] == texts[1] == texts[2]
    assert 60 == len(set(ids))


def test_every_row_is_somewhere(tmp_path: Path) -> None:
    """Drawn, not drawn, or not usable with the reason; repeated and short sets are told."""
    bad: list[object] = [
        {"question": "Why?", "answer": ""},
        7,
        {"question": "Why?", "answer": "So.", "odd": float("nan")},
    ]
    with pool_of(tmp_path, a=[*some_rows(10), *bad], b=some_rows(2)) as pool:
        mix = by_ratio(pool, {"a": read_amount("4"), "b": read_amount("9")}, None, 3, 1)
        write_mix(pool, mix, tmp_path / "out")
    rows, dropped = _rows(tmp_path / "out" / "mix.jsonl"), _rows(tmp_path / "out" / "dropped.jsonl")
    reasons = sorted(row["reason"] for row in dropped)

    assert 10 == len(rows) == len({row["id"] for row in rows})
    assert ["no-response", *["not-drawn"] * 6, "unreadable", "unreadable"] == reasons
    assert (
        "a: down-sampled from 10 to 4 rows.", "b: up-sampled from 2 to 6 rows (3.00 times).",
        "b: 3 rows short of 9; --copies lets rows stand more often.",
    ) == tuple(mix.notes)  # fmt: skip


def test_a_row_keeps_what_was_said_of_it(tmp_path: Path) -> None:
    """Text, fields and provenance; where it comes from is added, and the files can be read again."""
    row: dict[str, object] = {
        "id": "m1", "instruction": "Say hi.", "response": "Hi\u2028!", "system": "Be kind.", "context": [],
        "topic": "manners", "provenance": {"recipe": "magpie", "curated": [{"by": "dedup"}]},
    }  # fmt: skip
    with pool_of(tmp_path, a=[row]) as pool:
        write_mix(pool, by_ratio(pool, {}, None, 1, 1), tmp_path / "out")
    (kept,) = _rows(tmp_path / "out" / "mix.jsonl")
    (read,) = open_file(str(tmp_path / "out" / "mix.jsonl")).met()

    assert {**row, "id": "a/m1", "provenance": kept["provenance"]} == kept
    assert {"set": "a", "id": "m1", "group": "manners"} == kept["provenance"].pop("mixed")
    assert row["provenance"] == kept["provenance"]
    assert "a/m1" == getattr(read, "id", None)


def test_files_of_an_earlier_mix_do_not_stay(tmp_path: Path) -> None:
    """Where it is replaced: what nobody wrote now would be taken for a file of the new mix; others are left alone."""
    with pool_of(tmp_path, maths=some_rows(9), chat=some_rows(3)) as pool:
        out = tmp_path / "out"
        write_mix(pool, two_stages(pool, ["maths"], ["chat"], [Fraction(1, 3)], 1), out)
        (out / "mine.jsonl").write_text("mine", encoding="utf-8")
        write_mix(pool, by_ratio(pool, {}, None, 1, 1), out, force=True)

    assert {"README.md", "dropped.jsonl", "manifest.json", "mine.jsonl", "mix.jsonl"} == {
        path.name for path in out.iterdir()
    }
