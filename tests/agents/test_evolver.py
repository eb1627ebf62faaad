"""The evolver asks once and counts what it cannot read."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autoevol.agents.contract import EVOLVED_SCHEMA, OutputForm
from autoevol.agents.evolver import Evolver
from autoevol.agents.gateway.outcomes import Answer, NoAnswer
from autoevol.agents.messages import Evolved, EvolveTask, Failed, Instruction
from autoevol.agents.method import Method
from autoevol.agents.method_file import load_method
from autoevol.prompts import shipped
from tests.door import GivenDoor, said, seat

TASK = EvolveTask(
    id="apply/seed-1/r1", stage="apply", sample=2, instruction=Instruction("Add 1."), method=Method(("Go.",))
)


def _evolver(door: GivenDoor, form: OutputForm = "tags") -> Evolver:
    return Evolver(seat("evolver", door), "secret", shipped(), form)


async def test_it_gives_the_text_between_the_tags() -> None:
    """The reply names its task and carries its call."""
    door = GivenDoor("<plan>more</plan>\n<evolved>Add 1 and 2.</evolved>")

    reply = await _evolver(door)(TASK)

    assert isinstance(reply, Evolved)
    assert ("apply/seed-1/r1/reply", "apply/seed-1/r1") == (reply.id, reply.parent)
    assert ("Add 1 and 2.", "") == (reply.text, reply.fault)
    assert [("key", "evolver", 10, 5, 0.25)] == [
        (call.key, call.role, call.input_tokens, call.output_tokens, call.cost) for call in reply.calls
    ]
    assert ("apply/seed-1/r1", "apply", 2, None) == (
        door.asked[0].place, door.asked[0].stage, door.asked[0].sample, door.asked[0].decoding.json_schema,
    )  # fmt: skip


async def test_json_is_asked_for_with_its_schema() -> None:
    """An endpoint that can hold a model to a schema is told it."""
    door = GivenDoor('{"plan": "more", "new_text": "Add 1 and 2."}')

    reply = await _evolver(door, "json")(TASK)

    assert isinstance(reply, Evolved)
    assert "Add 1 and 2." == reply.text
    assert EVOLVED_SCHEMA == door.asked[0].decoding.json_schema


@pytest.mark.parametrize(
    ("answer", "text", "fault"),
    [
        (said("Add 1 and 2."), None, "unreadable"),
        (said("<evolved>Add 1 and"), None, "unreadable"),
        (said("<evolved>Add 1 and", cut=True), None, "truncated"),
        (said("<evolved>Add 1 and 2.</evolved> I chose", cut=True), "Add 1 and 2.", ""),
        (said("<evolved>Add 1.</evolved> Better: <evolved>Add", cut=True), None, "truncated"),
        (said("<evolved>Add 1.</evolved> Better: <evolved>Add"), "Add 1.", ""),
    ],
)
async def test_faults_are_told_apart(answer: Answer, text: str | None, fault: str) -> None:
    """Not in the form, or cut before the form was complete; a pair closed before the cut is complete."""
    reply = await _evolver(GivenDoor(answer))(TASK)

    assert isinstance(reply, Evolved)
    assert (text, fault, answer.text) == (reply.text, reply.fault, reply.raw)


async def test_a_cut_json_answer_is_truncated() -> None:
    """An object without its end is no object."""
    reply = await _evolver(GivenDoor(said('{"plan": "x", "new_text": "Add', cut=True)), "json")(TASK)

    assert isinstance(reply, Evolved)
    assert (None, "truncated") == (reply.text, reply.fault)


async def test_no_answer_is_a_row_with_its_reason() -> None:
    """A refused call is not an exception."""
    reply = await _evolver(GivenDoor(NoAnswer("key", "content_filter", "blocked", cost=0.5)))(TASK)

    assert isinstance(reply, Failed)
    assert ("content_filter", "blocked", 0.5, TASK.id) == (reply.reason, reply.detail, reply.cost, reply.parent)


async def test_identity_costs_nothing() -> None:
    """The control gives the seed back without a call, white space and all."""
    door = GivenDoor()
    task = EvolveTask(id="t", stage="test", instruction=Instruction(" Add 1. "), method=load_method("identity"))

    reply = await _evolver(door)(task)

    assert Evolved(id="t/reply", parent="t", text=" Add 1. ", raw=" Add 1. ") == reply
    assert [] == door.asked


@pytest.mark.parametrize(
    ("given", "text", "fault"), [("Add 1 and 2.", "Add 1 and 2.", ""), (" \n", None, "unreadable")]
)
async def test_a_given_text_needs_no_call(given: str, text: str | None, fault: str) -> None:
    """What another tool made stands as it is; where it made nothing, that is a failure like any other."""
    reply = await _evolver(GivenDoor())(replace(TASK, given=given))

    assert isinstance(reply, Evolved)
    assert (text, given, fault, ()) == (reply.text, reply.raw, reply.fault, reply.calls)
