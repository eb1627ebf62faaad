"""The responder answers in the chosen form, inside the seed's own conversation."""

from __future__ import annotations

import pytest

from autoevol.agents.gateway.outcomes import Answer, NoAnswer
from autoevol.agents.gateway.requests import Turn
from autoevol.agents.messages import Answered, AnswerTask, Failed, Instruction
from autoevol.agents.responder import Responder, ResponderForm
from autoevol.prompts import shipped
from tests.door import GivenDoor, said, seat

INSTRUCTION = Instruction(
    "And {Rome} $x?", "You are a guide.", (Turn("user", "Paris?"), Turn("assistant", "Mild."))
)  # fmt: skip


def _responder(door: GivenDoor, form: ResponderForm = "direct", own: str = "") -> Responder:
    return Responder(seat("responder", door), form, own, shipped())


def _task(instruction: Instruction = INSTRUCTION) -> AnswerTask:
    return AnswerTask(id="t", stage="apply", instruction=instruction)


async def test_the_conversation_of_the_seed_is_real_turns() -> None:
    """System prompt first, then our form, then the turns as they were, the instruction last."""
    door = GivenDoor("Warm.")

    reply = await _responder(door, "own", "Use $5 words {only}.")(_task())

    assert isinstance(reply, Answered)
    assert ("Warm.", "", "") == (reply.text, reply.reasoning, reply.fault)
    assert (
        Turn("system", "You are a guide.\n\nUse $5 words {only}."),
        Turn("user", "Paris?"),
        Turn("assistant", "Mild."),
        Turn("user", "And {Rome} $x?"),
    ) == door.asked[0].turns


@pytest.mark.parametrize("language", ["en", "zh", "de"])
@pytest.mark.parametrize("form", ["direct", "step-by-step", "scratchpad"])
async def test_every_form_is_told(form: ResponderForm, language: str) -> None:
    """In the language of the instruction, in English where we have none."""
    door = GivenDoor("Yes.")

    await _responder(door, form)(_task(Instruction("Go?", language=language)))

    assert shipped().get(f"responder-{form}", language).text == door.asked[0].turns[0].text


@pytest.mark.parametrize(
    ("answer", "text", "reasoning", "fault"),
    [
        (said("<scratchpad>1+1</scratchpad>\n2", reasoning="hm"), "2", "hm\n\n1+1", ""),
        (said("2"), "2", "", ""),
        (said("In <scratchpad>x</scratchpad> tags"), "In <scratchpad>x</scratchpad> tags", "", ""),
        (said("<scratchpad>1+", cut=True), "", "1+", "truncated"),
        (said("<scratchpad>1+1</scratchpad>\n2 be", cut=True), "2 be", "1+1", "truncated"),
    ],
)
async def test_the_scratchpad_is_kept_apart(answer: Answer, text: str, reasoning: str, fault: str) -> None:
    """What the reader does not see goes to the trace; one that was never closed leaves nothing to see."""
    reply = await _responder(GivenDoor(answer), "scratchpad")(_task())

    assert isinstance(reply, Answered)
    assert (text, reasoning, fault) == (reply.text, reply.reasoning, reply.fault)


async def test_an_answer_that_is_only_scratchpad_is_empty() -> None:
    """It is a failure that counts, and its cost is kept."""
    reply = await _responder(GivenDoor("<scratchpad>1+1</scratchpad>"), "scratchpad")(_task())

    assert isinstance(reply, Failed)
    assert ("empty", 0.25) == (reply.reason, reply.cost)


async def test_tags_in_other_forms_are_text() -> None:
    """Only the scratchpad form takes a scratchpad away."""
    reply = await _responder(GivenDoor("<scratchpad>1</scratchpad> 2"))(_task())

    assert isinstance(reply, Answered)
    assert "<scratchpad>1</scratchpad> 2" == reply.text


async def test_no_answer_is_a_row_with_its_reason() -> None:
    """A call that gave nothing is no response."""
    reply = await _responder(GivenDoor(NoAnswer("key", "context_too_long")))(_task())

    assert isinstance(reply, Failed)
    assert "context_too_long" == reply.reason
