"""What settings name and no row has: refused in a sentence that names it, or told in a line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.curate.rows import number_of
from autoevol.optimizer.making import run_recipes

ROWS: list[dict[str, Any]] = [
    {"question": f"What is {n} plus {n}? Say it in words.", "answer": f"It is {2 * n}. " * 40, "score": f"{n / 4}",
     "mood": "good", "topic": ("maths", "cooking")[n % 2], "level": {"of": n}}
    for n in range(12)
]  # fmt: skip


async def chosen(folder: Path, part: Mapping[str, Any], rows: Sequence[Mapping[str, Any]] = ROWS) -> Any:
    """What a selector makes of the rows."""
    return await run_recipes([dict(part)], rows, runs=folder)


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"recipe": "quotas", "by": {"topics": {"maths": 1}}},
         "No row has the field topics, by which quotas chooses. Did you mean topic?"),
        ({"recipe": "quotas", "by": {"topic": {}}, "prefer": "scor"}, "No row has the figure scor"),
        ({"recipe": "quotas", "by": {"scor": {}}, "levels": {"scor": 2}}, "No row has the figure scor"),
        ({"recipe": "quotas", "by": {"level": {}}}, "(what stands there is an object)"),
        ({"recipe": "quotas", "by": {"topic": {"cookin": 1}}},
         "No row has cookin as its topic; there are: cooking, maths."),
        ({"recipe": "dedup", "keep": "best", "score": "scor"},
         "No row has the figure scor, by which dedup chooses. Did you mean score?"),
        ({"recipe": "lima", "prefer": "scor"}, "No row has the figure scor, by which lima chooses."),
        ({"recipe": "lima", "topic": "topik"}, "No row has the field topik, by which lima chooses."),
        ({"recipe": "hybrid", "by": {"mood": 1}},
         "No row has the figure mood, by which hybrid chooses (what stands there is text)."),
        ({"recipe": "instag", "tags": "tagz", "vectors": "hashed"}, "No row has the list of tags tagz"),
        ({"recipe": "deita", "scores": ["score", "mood"], "vectors": "hashed"},
         "No row has the figure mood, by which deita chooses (what stands there is text)."),
        ({"recipe": "lima", "longest": 101}, "1-lima left no row (too-long 12)."),
    ],
)  # fmt: skip
async def test_what_no_row_has_is_refused(tmp_path: Path, part: Mapping[str, Any], said: str) -> None:
    """By its name, so that no row is thrown away for a slip of the pen."""
    with pytest.raises(UsageError) as refused:
        await chosen(tmp_path, part)

    assert said in refused.value.problem


async def test_a_value_that_no_row_has_is_told(tmp_path: Path) -> None:
    """Where rows of other values are kept."""
    part = {"recipe": "quotas", "count": 4, "by": {"topic": {"maths": 1, "cookin": 1}}}
    made = await chosen(tmp_path, part)

    assert 4 == len([*made.rows()])
    assert "No row has cookin as its topic; there are: cooking, maths." in made.summary


async def test_figures_may_be_written_as_text(tmp_path: Path) -> None:
    """As those of tables are."""
    made = await chosen(tmp_path, {"recipe": "hybrid", "by": {"score": 1}, "count": 3})

    assert [9, 10, 11] == [json.loads(row["score"]) * 4 for row in made.rows()]


@pytest.mark.parametrize(
    ("value", "number"),
    [("0.5", 0.5), (" -3e2 ", -300.0), (".5", 0.5), ("7.", 7.0), ("", None), ("nan", None), ("1_0", None),
     ("five", None), (True, None), (2, 2.0), ("٣", None)],
)  # fmt: skip
def test_numbers_are_known(value: object, number: float | None) -> None:
    """Plain ones, and none that another reader would not take for one."""
    assert number == number_of(value)


async def test_a_figure_of_each_turn_is_a_figure(tmp_path: Path) -> None:
    """Of a selector, and of a member of a panel; what is true or false is none."""
    rows = [{**row, "turns": [n % 3, 1], "sure": True} for n, row in enumerate(ROWS)]
    parts: list[dict[str, Any]] = [{"recipe": "deita", "vectors": "hashed", "scores": ["turns"], "count": 3}]
    parts += [{"recipe": "panel", "count": 3, "members": {"facility": {}, "deita": parts[0]}}]
    assert all([(await chosen(tmp_path, part, rows)).rows() for part in parts])

    for part in ({**parts[0], "scores": ["sure"]}, {**parts[1], "members": {"x": {**parts[0], "scores": ["sure"]}}}):
        with pytest.raises(UsageError, match="what stands there is true or false"):
            await chosen(tmp_path / "none", part, rows)
