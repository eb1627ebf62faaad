"""A whole run in which an accepted method turns out to be worse: the search goes back, and everybody is told."""

from __future__ import annotations

import re
from pathlib import Path

from autoevol.agents.gateway.requests import Request
from autoevol.optimizer.pages.report import write_report
from tests.optimizer.search.rehearsal import Actors, clauses_of, data, luck, play, refined

ASIDES = (
    "Add a calendar date", "Let two people disagree", "Mention the weather", "Use a table of prices",
    "", "Bring in a second unit", "Ask for a proof", "Hide a ratio", "Count backwards",
)  # fmt: skip
TURN = 4  # the step whose candidate shines, and never again


def _evolve(request: Request) -> str:
    """The candidate of that step is good as long as it races, and bad on everything that it meets as incumbent."""
    told, text = request.turns[0].text, data(request)
    grade = int(re.findall(r"of grade (\d+)", told)[-1])
    if grade == 0 and not request.place.startswith(f"steps/{TURN:03d}/"):
        grade = 10
    own = luck(told) % 90 + 10
    extra = (
        f"There are also {'some' if luck(text) % 10 < grade else own} boxes with {own + 3} parts each, a third lost."
    )
    return f"<evolved>{extra} {text} Say how many are left over in the end.</evolved>"


async def test_the_search_goes_back_to_a_method_that_is_better_after_all(tmp_path: Path) -> None:
    """As where a provider changes its model: the items that both have met say so, without a call."""
    proposals = {n: refined((f"{aside} of grade 10.",)) if aside else 0 for n, aside in enumerate(ASIDES)}
    search = {"steps": 9, "batch": 3, "candidates": 1, "dev": 12, "dev_pool": 48, "test": 0, "least_dev": 5,
              "alpha": 0.9, "patience": None, "regret": None}  # fmt: skip

    run = await play(tmp_path, Actors(proposals, evolved=_evolve), start=3, seeds=120, search=search)

    accepted = run.decision(TURN)["accepted"]
    backs = {step: back for step in range(9) if (back := run.decision(step).get("back"))}
    assert accepted == run.candidate(TURN, 1)["method_id"]
    assert accepted == run.decision(TURN + 1)["standings"][0]["method_id"]
    ((step, back),) = backs.items()
    assert TURN < step < 9
    assert ("roll-back", run.start.id) == (back["kind"], back["method"])
    assert run.start.id == run.status["applied_method"]
    told = {one.place: one.turns[-1].text for one in run.asked}
    assert '"accepted": true' in told[f"steps/{step:03d}/c1/analyse"]
    assert '"accepted": true' not in told[f"steps/{step + 1:03d}/c1/analyse"]
    assert clauses_of(3, 3) == run.best()
    assert back["reason"] in write_report(run.folder).read_text(encoding="utf-8")
