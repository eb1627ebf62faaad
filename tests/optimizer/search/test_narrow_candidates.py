"""A candidate that wins by making everything alike is refused."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from autoevol.agents.gateway.requests import Request
from tests.optimizer.search.rehearsal import Actors, data, luck, play

WORDS = ("Anna", "Bela", "Cara", "Dora", "Emma", "Fina", "Gina", "Hana", "Inga", "Jana", "Kira", "Lena", "Mona",
         "Nina", "Olga", "Pina", "Rosa", "Sara", "Tina", "Vera")  # fmt: skip


def _evolved(request: Request) -> str:
    """By the incumbent each text begins in a way of its own, by the candidate all begin alike."""
    told, text = request.turns[0].text, data(request)
    grade = int(found[1]) if (found := re.search(r"of grade (\d+)", told)) else 10
    lacking = luck(text) % 10 < grade
    extra = (
        f"There are also {'some' if lacking else luck(told) % 90 + 10} boxes with {luck(told) % 90 + 13} parts each."
    )
    name = WORDS[luck(text) % len(WORDS)]
    lead = "Imagine that you count" if grade == 0 else f"{name} and {WORDS[luck(text + 'b') % 20]} count"
    return f"<evolved>{lead} all day. {extra} {text} Say how many are left over in the end.</evolved>"


async def test_a_candidate_that_makes_all_texts_alike_is_refused(tmp_path: Path) -> None:
    """Its scores are better beyond doubt; the decision says both."""
    search: dict[str, Any] = {"steps": 1, "batch": 3, "candidates": 1, "dev": 40, "test": 0, "least_dev": 5}
    actors = Actors({0: 0}, evolved=_evolved)

    narrow = await play(tmp_path, actors, seeds=110, search={**search, "rungs": [], "diversity_margin": 0.1})

    decision = narrow.decision(0)
    assert decision["accepted"] is None
    assert "is better by" in decision["reason"]
    assert "less diverse: distinct openings fall from" in decision["reason"]
    assert "refused" in decision["standings"][1]
    assert decision["standings"][0]["diversity"]["openings"] > decision["standings"][1]["diversity"]["openings"]


async def test_the_margin_is_a_setting(tmp_path: Path) -> None:
    """With 1 every narrowing is allowed."""
    search: dict[str, Any] = {"steps": 1, "batch": 3, "candidates": 1, "dev": 40, "test": 0, "least_dev": 5}

    run = await play(
        tmp_path, Actors({0: 0}, evolved=_evolved), seeds=110, search={**search, "rungs": [], "diversity_margin": 1.0}
    )

    assert run.decision(0)["accepted"] is not None
