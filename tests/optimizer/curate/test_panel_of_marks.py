"""Members of a panel that a judge marks rows for, over loopback HTTP: what they cost, and what later parts find."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from autoevol.optimizer.making import MadeRun, run_recipes
from tests.model_server import ModelServer, model_server
from tests.optimizer.curate.test_deita_marks import ROWS, Judge, entries, graded
from tests.optimizer.curate.test_panel import rows_of

DIRECT: dict[str, Any] = {"recipe": "deita", "way": "direct", "vectors": "hashed", "threshold": 1.0, "count": 6}


@pytest.fixture
def judge() -> Judge:
    """Who marks."""
    return Judge()


@pytest.fixture
def server(judge: Judge) -> Iterator[ModelServer]:
    """An endpoint of chats."""
    with model_server(judge) as running:
        yield running


async def panel_of(server: ModelServer, runs: Path, members: dict[str, Any], *later: dict[str, Any]) -> MadeRun:
    """A run of a panel, whose calls have a price, and of further parts."""
    default = {"base_url": server.base_url, "prices": {"m": {"input": 2.0, "output": 8.0}}}
    said: Any = {"endpoints": {"default": default}, "model": "m", "secret": "0" * 32}
    parts = [{"recipe": "panel", "members": members}, *later]
    return await run_recipes(parts, ROWS, settings=said, runs=runs, uncapped=True)


async def test_a_call_of_two_members_is_paid_once(server: ModelServer, judge: Judge, tmp_path: Path) -> None:
    """Also where one of them made more: what rows cost in all is what was paid, for any order of the members."""
    members = {f"by{samples}": {**DIRECT, "samples": samples} for samples in (1, 3)}
    one = await panel_of(server, tmp_path / "a", members)
    sent = judge.kinds["mark"]
    other = await panel_of(server, tmp_path / "b", dict(reversed(members.items())))
    calls, costs = ([{row["id"]: row["provenance"][what] for row in made.rows()} for made in (one, other)]
                    for what in ("calls", "cost"))  # fmt: skip
    paid = json.loads((one.folder / "status.json").read_text(encoding="utf-8"))["cost_usd"]

    assert (36, 36) == (sent, len({key for keys in calls[0].values() for key in keys}))
    assert costs[0] == costs[1]
    assert math.isclose(paid, math.fsum(costs[0].values()))


@pytest.mark.parametrize("of_member", [False, True])
async def test_marks_are_found_whatever_the_member_is_called(
    server: ModelServer, judge: Judge, tmp_path: Path, *, of_member: bool
) -> None:
    """By the name of its selector: a later `deita` asks nobody again, after the panel or over the rows of a member."""
    first = await panel_of(server, tmp_path / "a", {"best": {**DIRECT, "samples": 1}})
    asked = judge.kinds.total()
    rows = rows_of(first.folder / ("1-panel/members/best/dataset.jsonl" if of_member else "dataset.jsonl"))
    entry = rows[0]["provenance"]["curated"][0]
    again = await graded(server, tmp_path / "b", rows, way="direct", samples=1, count=6)

    assert ("best", "deita", asked) == (entry["by"], entry["selector"], judge.kinds.total())
    assert {row["id"]: row["provenance"]["curated"][0]["score"] for row in rows} == {
        name: said["score"] for name, said in entries(again).items()
    }
