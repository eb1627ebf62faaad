"""A small model often repeats how it was asked; no agent may take that for an answer."""

from __future__ import annotations

import pytest

from autoevol.agents.cast import SeatSpec, build_cast
from autoevol.agents.contract import OutputForm
from autoevol.agents.gateway.requests import Decoding
from autoevol.agents.messages import (
    Analysis,
    AnalysisTask,
    Case,
    Evolved,
    EvolveTask,
    Instruction,
    JudgeTask,
    MethodFinding,
    Proposal,
    RefineTask,
    RoleName,
    Task,
    Verdict,
)
from autoevol.agents.method import Method
from tests.door import GivenDoor

ROLES: tuple[RoleName, ...] = ("evolver", "analyst", "refiner", "judge")


def _tasks(language: str) -> list[Task]:
    method = Method(("Go.",), language=language)
    old, new = (Instruction(text, language=language) for text in ("Add 1.", "Add 1 and 2."))
    analysis = Analysis(id="a", findings=(MethodFinding("p", ("x",), "", "r"),), raw="")
    return [
        EvolveTask(id="e", stage="s", instruction=old, method=method),
        AnalysisTask(id="a", stage="s", method=method, cases=(Case("x", (old.text, new.text), "", (), None),)),
        RefineTask(id="r", stage="s", method=method, analysis=analysis),
        JudgeTask(id="j", stage="s", original=old, evolved=new, response="3"),
    ]


@pytest.mark.parametrize("form", ["tags", "json"])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_an_echo_of_the_question_is_unreadable(form: OutputForm, language: str) -> None:
    """The whole question, data and all, given back as the answer."""
    spec = SeatSpec("default", "m", Decoding(100), form)
    for task in _tasks(language):
        first = GivenDoor("x")
        await build_cast(first, dict.fromkeys(ROLES, spec), secret="s")[type(task)](task)
        echo = "\n".join(turn.text for turn in first.asked[0].turns)

        reply = await build_cast(GivenDoor(echo), dict.fromkeys(ROLES, spec), secret="s")[type(task)](task)

        assert isinstance(reply, Evolved | Analysis | Proposal | Verdict)
        assert "unreadable" == reply.fault
