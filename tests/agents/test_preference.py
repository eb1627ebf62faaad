"""A judge's preference between two versions of a row, in either order."""

from __future__ import annotations

import pytest

from autoevol.agents.contract import OutputForm
from autoevol.agents.gateway.outcomes import NoAnswer
from autoevol.agents.messages import Failed, Instruction
from autoevol.agents.preference import Preference, Preferred, PreferTask
from autoevol.agents.reflector import Side
from autoevol.prompts import shipped
from tests.door import GivenDoor, seat


async def _asked(door: GivenDoor, *, swap: bool = False, side: Side = "response", form: OutputForm = "tags") -> object:
    task = PreferTask(
        id="p", stage="1-reflection", old=(Instruction("Add 1 and 1."), "old answer"),
        new=(Instruction("Add 1 and 1."), "new answer"), side=side, swap=swap,
    )  # fmt: skip
    return await Preference(seat("judge", door), "secret", shipped(), form)(task)


@pytest.mark.parametrize(("expected", "swap", "text"), [
    ("new", False, "<better>B</better>"), ("old", False, "<better> a </better>"), ("new", True, "<better>A.</better>"),
    ("old", True, "<better>B"), ("same", True, "<better>same</better>"), ("same", False, "<better>相同</better>"),
    ("new", True, '{"better": "A"}'), (None, False, "A or B, who knows"), (None, False, "<better>A or B</better>"),
])  # fmt: skip
async def test_letters_are_turned_back_into_versions(expected: str | None, swap: bool, text: str) -> None:
    """The order that was shown decides which letter is the new text; anything unclear is no preference."""
    door = GivenDoor(text)
    reply = await _asked(door, swap=swap)

    assert isinstance(reply, Preferred)
    assert expected == reply.pick
    ask = door.asked[0].turns[0].text
    assert swap == (ask.index("new answer") < ask.index("old answer"))
    assert 1 == ask.count("Add 1 and 1.")


async def test_instructions_are_compared_with_their_responses() -> None:
    """Four texts between marks, held to a schema where the endpoint wants JSON."""
    door = GivenDoor('{"better": "B"}')
    reply = await _asked(door, side="instruction", form="json")

    assert isinstance(reply, Preferred)
    assert "new" == reply.pick
    assert 4 == door.asked[0].turns[0].text.count("<<<")
    assert door.asked[0].decoding.json_schema


async def test_a_refused_call_is_said() -> None:
    """The reason goes on."""
    reply = await _asked(GivenDoor(NoAnswer("key", "content_filter")))

    assert isinstance(reply, Failed)
    assert "content_filter" == reply.reason
