"""What a choice changed: figures of all rows beside those of the rows that are kept."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.messages import Instruction
from autoevol.optimizer.curate.before_after import before_after, change_lines, topic_of
from autoevol.optimizer.curate.rows import CurateRow, Rows
from autoevol.optimizer.dataset.seed import Seed
from autoevol.optimizer.dataset.whole import open_rows
from autoevol.optimizer.making import run_recipes
from autoevol.optimizer.record.settings import SeedSettings

ROWS: list[dict[str, Any]] = [
    {"instruction": "Write a poem about rain.", "response": "Drip.", "level": "easy",
     "provenance": {"ifd": {"ppl_ratio": 0.25}}},
    {"instruction": "Write poems about rain now.", "response": "Drop, drop.", "level": "hard"},
    {"instruction": "There are 3 red balls. How many balls are there?", "response": "3", "level": "easy",
     "own": {"n": 4}},
    {"instruction": "写一首关于雨的诗", "response": "雨", "level": "hard", "own": {"n": 2}},
]  # fmt: skip


def changed(folder: Path, kept: Collection[int], *paths: str) -> dict[str, Any]:
    """What the choice of these rows changes."""
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), encoding="utf-8")
    return before_after(Rows(open_rows(SeedSettings(source=str(path)))), kept, 0, paths)


def test_figures_stand_beside_their_own_before(tmp_path: Path) -> None:
    """Those that any row has; a figure that no kept row has is empty after."""
    change = changed(tmp_path, [1, 2, 3], "own.n")
    numbers = change["numbers"]

    assert {"before": 4, "after": 3} == change["rows"]
    assert {"words of the instruction", "words of the response", "IFD", "own.n"} == numbers.keys()
    assert (7.0, 7.666667) == tuple(numbers["words of the instruction"][when]["mean"] for when in ("before", "after"))
    assert {"rows": 2, "mean": 3.0, "p10": 2.0, "median": 2.0, "p90": 4.0} == numbers["own.n"]["after"]
    assert (0.25, None) == (numbers["IFD"]["before"]["mean"], numbers["IFD"]["after"])


def test_a_field_is_no_figure_of_ours_that_is_called_so(tmp_path: Path) -> None:
    """Both are told, each by its own name; so with a field of the name that the other would get."""
    path = tmp_path / "rows.jsonl"
    rows = [{"instruction": "Sing", "quality": n, "quality (field)": 7, "provenance": {"deita": {"quality": 100 + n}}}
            for n in range(3)]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    numbers = before_after(
        Rows(open_rows(SeedSettings(source=str(path)))), [2], 0, ["quality", "quality (field)"]
    )["numbers"]  # fmt: skip

    assert {
        "quality": ("", 102.0),
        "quality (field)": ("quality", 2.0),
        "quality (field) (field)": ("quality (field)", 7.0),
    } == {name: (each.get("path", ""), each["after"]["mean"]) for name, each in numbers.items() if "quality" in name}


def test_kinds_are_counted_in_the_same_order(tmp_path: Path) -> None:
    """Told by tags or fields where rows have any, else by what they ask for; of a problem by its question."""
    kinds = changed(tmp_path, [0, 3])["kinds"]

    assert ({"en": 3, "zh": 1}, {"en": 1, "zh": 1}) == (kinds["language"]["before"], kinds["language"]["after"])
    assert ({"easy": 2, "hard": 2}, {"easy": 1, "hard": 1}) == tuple(
        kinds["difficulty"][when] for when in ("before", "after")
    )
    assert {"write poem": 2, "how?": 1, "写": 1} == kinds["topic (verb and noun)"]["before"]
    assert {"before": 3, "after": 2} == kinds["topic (verb and noun)"]["different"]


@pytest.mark.parametrize(
    ("topic", "text"),
    [
        ("how?", "Ken got 5 dollars. If 2 were lost, and 1 was found, how much is left?"),
        ("how?", "Ken paid and left. How much money was he left with when he came home?"),
        ("how?", "If what he says is true, then how many are there?"),
        ("what?", "Ann has 3 hats. What's their price, in all?"),
        ("none found", "Ann knows how many hats there are."),
    ],
)
def test_topic_of_a_problem_is_its_question_word(topic: str, text: str) -> None:
    """Wherever in the last sentence it stands, and the last one of several; a sentence that asks nothing has none."""
    said = {"instruction": text}

    assert topic == topic_of(CurateRow(0, Seed("a", 1, Instruction(text, language="en")), said))


def test_coverage_is_nought_where_all_are_kept(tmp_path: Path) -> None:
    """And is worse for rows that say the same than for different ones."""
    whole, near, far = (changed(tmp_path, kept)["coverage"] for kept in ([0, 1, 2, 3], [0, 1], [0, 2, 3]))

    assert (0.0, 0.0) == (whole["kept"], whole["random"])
    assert near["kept"] > far["kept"] > 0
    assert changed(tmp_path, [])["coverage"] is None


def test_it_is_told_in_a_few_lines(tmp_path: Path) -> None:
    """For the story of the run."""
    lines = change_lines(changed(tmp_path, [1, 2, 3]))

    assert (
        "Before → after, in the mean: words of the instruction 7 → 7.67, words of the response 1.25 → 1.33." == lines[0]
    )
    assert "Kinds before → after: language 2 → 2, difficulty 2 → 2, topic (verb and noun) 3 → 3." == lines[1]
    assert lines[2].startswith("Coverage: a row is 0.")


async def test_it_is_on_the_page_of_the_run(tmp_path: Path) -> None:
    """With what the rows of a file call a figure, escaped as any text is."""
    rows = [{**row, "level": f"<b>{row['level']}</b>"} for row in ROWS]
    made = await run_recipes([{"recipe": "dedup", "jaccard": 0.1}], rows, runs=tmp_path)
    page = (made.folder / "report.html").read_text(encoding="utf-8")
    record = json.loads((made.folder / "1-dedup" / "curation.json").read_text(encoding="utf-8"))

    assert {"before": 4, "after": 3} == record["before_after"]["rows"]
    assert "What the choice changed" in page
    assert "&lt;b&gt;hard&lt;/b&gt;" in page
    assert "<b>hard</b>" not in page
