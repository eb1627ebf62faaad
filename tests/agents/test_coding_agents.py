"""What programmer, tester and reviewer are shown, and what is read out of their answers."""

from __future__ import annotations

import json

import pytest

from autoevol.agents.coder import Coder, CodeTask, Repairer, RepairTask
from autoevol.agents.contract import OutputForm
from autoevol.agents.explainer import Explained, Explainer, ExplainTask
from autoevol.agents.messages import Answered, Failed, Instruction
from autoevol.agents.tester import Tester, TestsTask, TestsWritten
from autoevol.prompts import shipped
from tests.door import GivenDoor, said, seat

ASKED = Instruction("Write f(x) that doubles x.")


async def test_a_program_is_asked_for_with_its_tests_and_heat() -> None:
    """The tests stand between marks of their own, and a task's temperature is that of the call."""
    door = GivenDoor("```python\nx = 1\n```", "  ", said("half", cut=True))
    coder = Coder(seat("responder", door), "s", shipped())
    task = CodeTask(id="c", stage="x", instruction=ASKED, tests="assert f(1) == 2", temperature=0.7)
    replies = [await coder(task) for _ in range(3)]

    assert 0.7 == door.asked[0].decoding.temperature
    assert "<<<TESTS" in door.asked[0].turns[-1].text
    assert [Answered, Failed, Answered] == [type(reply) for reply in replies]
    assert ["", "truncated"] == [reply.fault for reply in replies if isinstance(reply, Answered)]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("Here:\n```python\npython\nx = 1\n```", "Here:\n```python\nx = 1\n```"),
        ("```py\nPython3\npython\nx = 1\n```", "```py\nx = 1\n```"),
        ("```python\r\npython\r\nx = 1\r\n```", "```python\nx = 1\r\n```"),
        ("```python\npython = 1\n```", "```python\npython = 1\n```"),
        ("python\n```python\nx = 1\n```", "python\n```python\nx = 1\n```"),
    ],
)
async def test_a_language_that_is_named_twice_is_no_line_of_the_program(written: str, text: str) -> None:
    """A right program for HumanEval/35 fell for it; a row that is kept must not have it either."""
    coder = Coder(seat("responder", GivenDoor(written)), "s", shipped())
    reply = await coder(CodeTask(id="c", stage="x", instruction=ASKED))

    assert isinstance(reply, Answered)
    assert text == reply.text


@pytest.mark.parametrize(("explanation", "shown"), [("The sign is wrong.", True), ("", False)])
async def test_a_repair_is_asked_for_with_or_without_an_explanation(explanation: str, shown: bool) -> None:
    """Without one the same answer holds both, and is asked for in other words."""
    door = GivenDoor("```python\nx = 1\n```")
    task = RepairTask(id="r", stage="x", instruction=ASKED, program="x = 0", error="it is 0", explanation=explanation)
    await Repairer(seat("responder", door), "s", shipped())(task)
    ask = door.asked[0].turns[-1].text

    assert shown == ("<<<EXPLANATION" in ask)
    assert shown != ("In one to three sentences" in ask)
    assert all(f"<<<{name}" in ask for name in ("PROBLEM", "PROGRAM", "ERROR"))


@pytest.mark.parametrize(
    ("form", "answer", "text", "fault"),
    [
        ("tags", "Here:\n<tests>\nassert f(1) == 2\nassert f(0)\n</tests>", "assert f(1) == 2\nassert f(0)", ""),
        ("tags", "assert f(1) == 2", "", "unreadable"),
        ("json", json.dumps({"function": "f", "tests": ["assert f(1) == 2", 7]}), "assert f(1) == 2", ""),
        ("json", "none", "", "unreadable"),
    ],
)  # fmt: skip
async def test_tests_are_read_in_both_forms(form: OutputForm, answer: str, text: str, fault: str) -> None:
    """What was written, as it was written."""
    tester = Tester(seat("judge", GivenDoor(answer)), "s", shipped(), form)
    reply = await tester(TestsTask(id="t", stage="x", instruction=ASKED, count=3))

    assert isinstance(reply, TestsWritten)
    assert (text, fault) == (reply.text, reply.fault)


async def test_of_tests_that_were_cut_the_last_line_is_left_out() -> None:
    """It may be half of one."""
    tester = Tester(seat("judge", GivenDoor(said("<tests>\nassert f(1) == 2\nassert f(22) == 4", cut=True))), "s",
                    shipped(), "tags")  # fmt: skip
    reply = await tester(TestsTask(id="t", stage="x", instruction=ASKED, count=3))

    assert isinstance(reply, TestsWritten)
    assert "assert f(1) == 2" == reply.text


@pytest.mark.parametrize(
    ("form", "answer", "text"),
    [
        ("tags", "<explanation>It adds\n\n\n\ninstead.</explanation>", "It adds\n\ninstead."),
        ("json", '{"explanation": "It adds."}', "It adds."),
        ("tags", "It adds.", ""),
    ],
)
async def test_an_explanation_is_read_in_both_forms(form: OutputForm, answer: str, text: str) -> None:
    """Or it is unreadable."""
    explainer = Explainer(seat("reflector", GivenDoor(answer)), "s", shipped(), form)
    reply = await explainer(ExplainTask(id="e", stage="x", instruction=ASKED, program="p", error="e"))

    assert isinstance(reply, Explained)
    assert (text, "" if text else "unreadable") == (reply.text, reply.fault)
