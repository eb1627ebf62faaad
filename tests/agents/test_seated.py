"""What framed agents share: how a prompt is rendered, how an answer is held to its form, how its fields are read."""

from __future__ import annotations

import json

import pytest

from autoevol.agents.contract import OutputForm
from autoevol.agents.gateway.outcomes import NoAnswer
from autoevol.agents.guards import Guarded, HarmJudge, HarmTask
from autoevol.agents.messages import Failed, Instruction, Task
from autoevol.agents.operations import Compared, Comparer, GainTask
from autoevol.agents.seated import Framed
from autoevol.prompts import PromptError, shipped
from tests.door import GivenDoor, said, seat

NAMES = ("added", "gain")


def _framed(form: OutputForm, door: GivenDoor | None = None) -> Framed:
    return Framed(seat("judge", door or GivenDoor()), "secret", shipped(), form)


def test_a_form_in_json_wants_no_tag() -> None:
    """The same call asks for either form; a variable that is missing is an error."""
    tags, as_json = (_framed(form).form("make-gain", "en", tag="verdict-12") for form in ("tags", "json"))

    assert "<verdict-12>" in tags
    assert "verdict-12" not in as_json
    with pytest.raises(PromptError):
        _framed("tags").form("make-gain", "en")


@pytest.mark.parametrize(("form", "held"), [("tags", None), ("json", '{"type": "object"}')])
async def test_only_json_is_held_to_a_schema(form: OutputForm, held: str | None) -> None:
    """Between tags a model writes freely."""
    door = GivenDoor("answer")

    await _framed(form, door).put(Task(id="t", stage="s"), (), '{"type": "object"}')

    assert held == door.asked[0].decoding.json_schema


def test_what_stands_before_a_question_comes_first() -> None:
    """The system turn is the prompt itself; the user turn ends with what is asked."""
    told, asked = _framed("tags").turns("analyst-free", "en", before="NOTES\n\n", cases="CASE 1")

    assert ("system", "user") == (told.speaker, asked.speaker)
    assert asked.text.startswith("NOTES\n\n")
    assert "CASE 1" in asked.text


@pytest.mark.parametrize(("form", "text"), [
    ("tags", "<verdict>\nadded: old\ngain: no\n</verdict>\n<verdict>\nadded: a limit\nGain: no\ngain: yes\n</verdict>"),
    ("json", '{"added": "old", "gain": "no"} then {"added": "a limit", "gain": "yes", "more": 1}'),
])  # fmt: skip
def test_the_last_fields_of_an_answer_count(form: OutputForm, text: str) -> None:
    """Of several verdicts the last one, and in it the last line of a name."""
    assert {"added": "a limit", "gain": "yes"} == _framed(form).fields(said(text), "verdict", NAMES, "gain")


def test_a_number_in_json_is_read_as_it_is_written() -> None:
    """Fields come as text; one that is not there is not made up."""
    answer = said(json.dumps({"gain": 3}))

    assert {"gain": "3"} == _framed("json").fields(answer, "verdict", NAMES, "gain")


async def test_a_verdict_that_was_about_to_be_replaced_does_not_count() -> None:
    """A second verdict that the token limit cut might have said the opposite."""
    judge = seat("judge", GivenDoor(said("<verdict>\nharmful: no\n</verdict> or <verdict>\nharm", cut=True)))
    task = HarmTask(id="h", stage="s", instruction=Instruction("Q"), response="A")

    reply = await HarmJudge(judge, "secret", shipped(), "tags")(task)

    assert isinstance(reply, Guarded)
    assert (None, "truncated") == (reply.unsafe, reply.fault)


@pytest.mark.parametrize(("word", "gain"), [("**Yes.**", True), ("no", False), ("是", True), ("perhaps", None)])
async def test_a_word_is_read_however_it_is_set(word: str, gain: bool | None) -> None:
    """Stars, points and brackets round a yes or no say nothing; any other word is an abstention."""
    comparer = Comparer(seat("judge", GivenDoor(f"<verdict>added: x\ngain: {word}</verdict>")), "s", shipped(), "tags")

    reply = await comparer(GainTask(id="g", stage="s", before=Instruction("A"), after=Instruction("B")))

    assert isinstance(reply, Compared)
    assert gain == reply.gain


def test_a_call_that_gave_nothing_is_told_with_its_cost() -> None:
    """The reply of a failed call names the task, the reason and the call."""
    task, outcome = Task(id="t", stage="s"), NoAnswer("key", "content_filter", "refused", cost=0.5)

    reply = _framed("tags").failed(task, outcome)

    assert isinstance(reply, Failed)
    assert ("t/reply", "t", "content_filter", "refused") == (reply.id, reply.parent, reply.reason, reply.detail)
    assert [("key", 0.5)] == [(call.key, call.cost) for call in reply.calls]
