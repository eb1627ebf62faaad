"""Texts of other tools go the way of every evolution, without the calls that they make needless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from autoevol.agents.agent import Agent
from autoevol.agents.evolver import Evolver
from autoevol.agents.messages import AnswerTask, EvolveTask, Instruction, Task
from autoevol.agents.method import Method
from autoevol.agents.responder import Responder
from autoevol.agents.team import Journey, Team
from autoevol.optimizer.dataset.seed import Seed
from autoevol.optimizer.scoring.examine.agreed import Agreed
from autoevol.optimizer.search.course import Plan
from autoevol.optimizer.search.evaluate import Contestant, Errand, Given
from autoevol.optimizer.search.trajectory import Trajectory, trajectory_of
from autoevol.prompts import shipped
from tests.door import GivenDoor, seat

SEED = Seed("seed-000001", 1, Instruction("Add 1."))
TWO_ROUNDS = Plan(2, True, ("unreadable", "identity", "empty-response"), frozenset({"unreadable"}))


async def _travel(errand: Errand, door: GivenDoor, plan: Plan = TWO_ROUNDS) -> Trajectory:
    cast: Mapping[type[Task], Agent[Any]] = {
        EvolveTask: Evolver(seat("evolver", door), "secret", shipped(), "tags"),
        AnswerTask: Responder(seat("responder", door), "direct", "", shipped()),
    }
    found: list[Journey] = []

    async def deliver(journey: Journey) -> None:
        found.append(journey)

    def route(journey: Journey) -> Sequence[Task]:
        return errand.next_tasks(plan, journey)

    await Team(cast, door).work([errand.first_task(0)], route, deliver)
    return trajectory_of(errand.plan(plan), SEED, found[0])


def _errand(*given: str | None) -> Errand:
    text, response = given
    return Errand(
        Contestant("other", Method(("x",), control="finished"), {SEED.id: Given(text or "", response)}), SEED, "s"
    )


async def test_text_and_answer_stand_and_cost_nothing() -> None:
    """One round, no call."""
    got = await _travel(_errand("Add 1 and 2.", "3"), GivenDoor())

    assert (("Add 1.", "Add 1 and 2."), "3", ()) == (got.stages, got.response, got.calls)


async def test_a_missing_answer_is_asked_for() -> None:
    """Of the responder, once."""
    door = GivenDoor("It is 3.")

    got = await _travel(_errand("Add 1 and 2.", None), door)

    assert ("It is 3.", ["responder"]) == (got.response, [request.role for request in door.asked])


async def test_a_given_answer_is_compared_with_answers_that_were_drawn() -> None:
    """It agrees with none of them, and does not stand in for any."""
    door = GivenDoor("#### 4", "#### 4")

    got = await _travel(_errand("Add 1 and 2.", "#### 3"), door, replace(TWO_ROUNDS, exams=(Agreed(3, 0.5),)))

    assert ("#### 3", [1, 2]) == (got.response, [request.sample for request in door.asked])
    assert 2 / 3 == got.measures["agreement"]


async def test_where_the_tool_made_nothing_the_item_failed() -> None:
    """It is a finding, and nothing is spent on it."""
    got = await _travel(_errand(None, None), GivenDoor())

    assert (None, ["unreadable"]) == (got.evolved, [finding.kind for finding in got.findings])


async def test_seeds_that_a_file_lacks_are_not_its_items() -> None:
    """Missing is not failed."""
    contestant = Contestant("other", Method(("x",)), {"seed-000002": Given("y")})

    assert (False, True) == (contestant.meets(SEED), Contestant("ours", Method(("x",))).meets(SEED))
