"""The judge sees the pair in either order and may abstain."""

from __future__ import annotations

import json

import pytest

from autoevol.agents.contract import OutputForm
from autoevol.agents.gateway.outcomes import Answer, NoAnswer
from autoevol.agents.gateway.requests import Turn
from autoevol.agents.judge import Judge
from autoevol.agents.messages import Failed, Instruction, JudgeTask, Verdict
from autoevol.prompts import shipped
from tests.door import GivenDoor, said, seat


def _judge(door: GivenDoor, form: OutputForm = "tags") -> Judge:
    return Judge(seat("judge", door), "secret", form, shipped())


def _task(*, swap: bool = False, context: tuple[Turn, ...] = ()) -> JudgeTask:
    original, evolved = Instruction("Add 1.", context=context), Instruction("Add 1 and 2.", context=context)
    return JudgeTask(id="j", stage="apply", original=original, evolved=evolved, response="3", swap=swap)


def _lines(**fields: str) -> str:
    return "<verdict>\n" + "\n".join(f"{key}: {value}" for key, value in fields.items()) + "\n</verdict>"


@pytest.mark.parametrize(("swap", "word", "harder"), [
    (False, "B", "evolved"), (False, "A", "original"), (True, "A", "evolved"), (True, "B", "original"),
    (False, "same", "same"), (True, "version A", "evolved"), (False, "**B.**", "evolved"), (False, "unsure", None),
    (False, "maybe B", None),
])  # fmt: skip
async def test_letters_are_turned_back_into_texts(swap: bool, word: str, harder: str | None) -> None:
    """The order that was shown decides which letter is the evolved text."""
    door = GivenDoor(_lines(quote="and 2", valid="yes", self_contained="no", intent="unsure", harder=word))

    reply = await _judge(door)(_task(swap=swap))

    assert isinstance(reply, Verdict)
    assert (True, False, None, harder) == (reply.valid, reply.self_contained, reply.intent_kept, reply.harder)
    assert ("and 2", "") == (reply.evidence, reply.fault)
    user = door.asked[0].turns[1].text
    assert swap == (user.index("Add 1 and 2.") < user.index("\nAdd 1.\n"))
    assert f"A response to version {'A' if swap else 'B'}:" in user


async def test_nobody_is_told_which_text_is_evolved() -> None:
    """The prompt is the same for either order but for the letters and the place of the texts."""
    door = GivenDoor(_lines(harder="A"), _lines(harder="A"))

    await _judge(door)(_task())
    await _judge(door)(_task(swap=True))

    words = " ".join(turn.text for request in door.asked for turn in request.turns).casefold()
    assert door.asked[0].turns[0] == door.asked[1].turns[0]
    assert not any(word in words for word in ("evolved", "original", "rewrit"))


async def test_the_last_verdict_counts() -> None:
    """A model may think first, also in the form of a verdict."""
    text = (
        _lines(valid="no", harder="A") + "\nOn reflection:\n" + _lines(valid="no", intent="no", harder="B", VALID="yes")
    )

    reply = await _judge(GivenDoor(text))(_task())

    assert isinstance(reply, Verdict)
    assert (True, False, "evolved", None) == (reply.valid, reply.intent_kept, reply.harder, reply.self_contained)


@pytest.mark.parametrize(
    ("form", "answer", "fault"),
    [
        ("tags", said("valid: yes\nharder: B"), "unreadable"),
        ("tags", said("<verdict>It is fine.</verdict>"), "unreadable"),
        ("tags", said("<verdict>\nquote: Add\n</verdict>"), "unreadable"),
        ("tags", said("<verdict>\nvalid: yes", cut=True), "truncated"),
        ("json", said("valid: yes"), "unreadable"),
        ("json", said('{"valid": "yes", "harder": "B', cut=True), "truncated"),
    ],
)
async def test_an_unreadable_verdict_is_no_verdict(form: OutputForm, answer: Answer, fault: str) -> None:
    """It abstains from everything and says why."""
    reply = await _judge(GivenDoor(answer), form)(_task())

    assert isinstance(reply, Verdict)
    assert (None, None, None, None, "", fault) == (
        reply.valid, reply.self_contained, reply.intent_kept, reply.harder, reply.evidence, reply.fault,
    )  # fmt: skip


async def test_json_is_read() -> None:
    """The same fields in JSON."""
    value = {"quote": "and 2", "valid": "yes", "self_contained": "yes", "intent": "no", "harder": "A"}

    reply = await _judge(GivenDoor(json.dumps(value)), "json")(_task(swap=True))

    assert isinstance(reply, Verdict)
    assert (True, True, False, "evolved", "and 2") == (
        reply.valid, reply.self_contained, reply.intent_kept, reply.harder, reply.evidence,
    )  # fmt: skip


async def test_a_follow_up_is_judged_with_what_came_before() -> None:
    """Alone it could not be self-contained."""
    door = GivenDoor(_lines(harder="B"))

    await _judge(door)(_task(context=(Turn("user", "Start at 5."), Turn("assistant", "Done."))))

    assert "user: Start at 5.\nassistant: Done.\nuser: Add 1 and 2.\nB " in door.asked[0].turns[1].text


async def test_no_answer_is_failed() -> None:
    """The call itself gave nothing."""
    assert isinstance(await _judge(GivenDoor(NoAnswer("key", "unanswerable")))(_task()), Failed)
