"""The estimate's least and most enclose what real runs of the loop finish, part by part."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.books.bills import finished_calls
from autoevol.optimizer.record.config import resolve
from autoevol.optimizer.record.estimate import Sizes, estimate, part_of
from autoevol.optimizer.record.forecast import Course, remaining
from tests.optimizer.search.rehearsal import Actors, play

SEARCH = {"steps": 3, "candidates": 2, "batch": 4, "dev": 10, "test": 4, "least_dev": 5, "rungs": [4]}
SIZES = Sizes(train=26, dev=10, test=4, total=40, seed_tokens=20)


@pytest.mark.parametrize(
    ("actors", "said"),
    [
        (Actors(proposals={0: 0, 1: 5}), {}),
        (Actors(), {}),
        (Actors(proposals=dict.fromkeys(range(9), "nothing to propose")), {}),
        (Actors(answer=lambda _: ""), {}),
        (Actors(proposals={0: 0}), {"profile": "paper"}),
        (Actors(proposals={0: 0}), {"profile": "official-code"}),
        (Actors(proposals={0: 0}), {"profile": "official-code", "search": {"dev": 30}}),
        (
            Actors(),
            {
                "profile": "official-code",
                "quirks": ["-dev-overlaps-train", "-texts-only", "-whole-method", "-same-conversation"],
            },
        ),
        (Actors(), {"profile": "paper", "quirks": ["-observed-rate", "-paper-rules", "-fixed-dev"]}),
        (Actors(proposals={0: 0}), {"quirks": ["+rolling-dev", "+texts-only", "+observed-rate"]}),
        (Actors(proposals={0: 0}), {"search": {"rounds": 2, "patience": None}}),
        (Actors(proposals={0: 0, 3: 5}), {"search": {"strategy": "best-of-n"}}),
        (Actors(proposals={0: 4, 1: 5}), {"search": {"strategy": "evolutionary"}}),
        (Actors(proposals={0: 0, 1: 5}), {"search": {"strategy": "gepa"}}),
        (Actors(), {"search": {"strategy": "mipro", "metric_calls": 30, "minibatch": 2}}),
        (Actors(), {"recipe": "evolve"}),
        (Actors(), {"judge": False, "apply_limit": 7}),
    ],
)
async def test_a_run_stays_inside_its_estimate(tmp_path: Path, actors: Actors, said: dict[str, Any]) -> None:
    """Each role in each part; and when the run has ended in its last part, what is left there is what was not used."""
    said = {**said, "search": {**SEARCH, **said.get("search", {})}}
    played = await play(tmp_path, actors, start=8, **said)
    endpoint = {"model": "m", "endpoints": {"default": {"base_url": "u"}}}
    method = {"search": {"method": str(tmp_path / "start.md"), **said["search"]}}
    forecast = estimate(resolve(None, {**endpoint, **said, **method}), SIZES)

    entries = finished_calls(played.folder)
    made = Counter[tuple[str, str]]()
    for entry in entries:
        made[part_of(entry.stage), entry.role] += entry.sum.calls

    most: dict[tuple[str, str], int] = {(line.stage, line.role): line.calls for line in forecast.lines}
    assert {} == {place: calls for place, calls in made.items() if calls > most.get(place, 0)}
    applied = "apply" if any(entry.stage == "apply" for entry in entries) else "test"
    least = {(line.stage, line.role): line.least_calls for line in forecast.lines if line.least_calls}
    assert {} == {place: calls for place, calls in least.items() if made[place] < calls}
    left = remaining(forecast, entries, Course(applied, 0, 3))
    assert left.calls <= forecast.calls - sum(made.values())
