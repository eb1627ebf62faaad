"""The refiner gives clauses and a reason, or says that none could be read."""

from __future__ import annotations

import json

import pytest

from autoevol.agents.contract import OutputForm
from autoevol.agents.gateway.outcomes import Answer, NoAnswer
from autoevol.agents.messages import Analysis, Failed, MethodFinding, Proposal, RefineTask
from autoevol.agents.method import Method, Operator
from autoevol.agents.refiner import Refiner
from autoevol.prompts import shipped
from tests.door import GivenDoor, said, seat

OLD = Method(("Go.", "Check."), name="general")
ANALYSIS = Analysis(
    id="a", findings=(MethodFinding("rare", ("1",), "e", "r"), MethodFinding("often", ("1", "2"), "e", "r")), raw=""
)


def _task(method: Method = OLD, *, bold: bool = True) -> RefineTask:
    operator: Operator = "bold" if bold else "small"
    return RefineTask(id="c1", stage="steps/000", method=method, analysis=ANALYSIS, operator=operator)


def _refiner(door: GivenDoor, form: OutputForm = "tags") -> Refiner:
    return Refiner(seat("refiner", door), "secret", form, shipped())


async def test_a_proposal_is_a_method_with_its_history() -> None:
    """It has the parent's id and language, the reason, and no name or control that it did not earn."""
    reply = await _refiner(GivenDoor("<why>too\nshort</why>\n<clauses>\n1. Go far.\n2. Check.\n</clauses>"))(_task())

    assert isinstance(reply, Proposal)
    assert Method(("Go far.", "Check."), parent=OLD.id, why="too short") == reply.method
    assert ("too short", "") == (reply.why, reply.fault)


@pytest.mark.parametrize(
    ("bold", "name"), [(False, "refiner-small"), (True, "refiner-bold")],
)  # fmt: skip
async def test_it_is_told_how_bold_to_be(bold: bool, name: str) -> None:
    """Small edits keep what works, bold ones leave a local best; the largest cluster comes first."""
    door = GivenDoor("<clauses>\n1. Go far.\n</clauses>")

    await _refiner(door)(_task(bold=bold))

    user = door.asked[0].turns[1].text
    assert shipped().get(name, "en").text in user
    assert user.index("often") < user.index("rare")


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        (
            "<clauses>\nHere they are:\n- Go far.\n  Really far.\n- Check.\n</clauses>",
            ("Go far. Really far.", "Check."),
        ),
        ("<clauses>\nGo far.\nCheck.\n</clauses>", ("Go far.", "Check.")),
        ("<clauses>\n```\n1) Go far.\n```\n</clauses>", ("Go far.",)),
        ("<clauses>\n1、走远。\n2．检查。\n</clauses>", ("走远。", "检查。")),
        ("<clauses>\n1. Add 3.5 to it.\n2. 10 to 20 words.\n</clauses>", ("Add 3.5 to it.", "10 to 20 words.")),
        ("<clauses>\n1. Go\x1b[31m far.\n</clauses>", ("Go[31m far.",)),
    ],
)
async def test_lists_are_read_as_people_write_them(text: str, clauses: tuple[str, ...]) -> None:
    """Numbers, bullets or bare lines; control characters, which a terminal would obey, are left out."""
    reply = await _refiner(GivenDoor(text))(_task())

    assert isinstance(reply, Proposal)
    assert reply.method is not None
    assert clauses == reply.method.clauses


@pytest.mark.parametrize(
    ("form", "answer", "fault"),
    [
        ("tags", said("1. Go far."), "unreadable"),
        ("tags", said("<clauses>\n</clauses>"), "unreadable"),
        ("tags", said("<why>x</why><clauses>\n1. Go", cut=True), "truncated"),
        ("json", said('{"why": "x", "clauses": []}'), "unreadable"),
        ("json", said('{"why": "x", "clauses": [1, 2]}'), "unreadable"),
        ("json", said('{"why": "x", "clauses": "Go far."}'), "unreadable"),
        ("json", said('{"why": "x", "clauses": ["Go', cut=True), "truncated"),
    ],
)
async def test_no_clauses_is_a_fault(form: OutputForm, answer: Answer, fault: str) -> None:
    """A candidate that could not be read is never the old method in disguise."""
    reply = await _refiner(GivenDoor(answer), form)(_task())

    assert isinstance(reply, Proposal)
    assert (None, fault) == (reply.method, reply.fault)


@pytest.mark.parametrize(
    ("form", "text", "clauses"),
    [
        ("tags", "<why>x</why>\n<clauses>\n2. Check twice.\n</clauses>", ("Go.", "Check twice.")),
        ("tags", "<clauses>\n1) Go far.\n3. Rest.\n</clauses>", ("Go far.", "Check.", "Rest.")),
        ("tags", "<clauses>\n9. Rest.\n</clauses>", ("Go.", "Check.", "Rest.")),
        ("json", '{"why": "x", "edits": [{"clause": 1, "text": "1. Go far."}]}', ("Go far.", "Check.")),
        ("json", '{"why": "x", "edits": [{"clause": 2, "text": ""}]}', ("Go.",)),
    ],
)
async def test_a_small_edit_changes_only_the_clauses_that_it_names(
    form: OutputForm, text: str, clauses: tuple[str, ...]
) -> None:
    """The others stay; a number beyond the list adds, an empty text drops."""
    reply = await _refiner(GivenDoor(text), form)(_task(bold=False))

    assert isinstance(reply, Proposal)
    assert reply.method is not None
    assert clauses == reply.method.clauses


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("tags", "<clauses>\nnumber of the clause. its new text\n</clauses>"),
        ("tags", "<clauses>\nGo far.\n</clauses>"),
        ("json", '{"why": "x", "edits": []}'),
        ("json", '{"why": "x", "edits": [{"clause": "1", "text": "Go far."}, 7]}'),
        ("json", '{"why": "x", "edits": "Go far."}'),
    ],
)
async def test_a_small_edit_that_names_no_clause_is_a_fault(form: OutputForm, text: str) -> None:
    """Nothing is guessed, and the old method is never proposed in disguise."""
    reply = await _refiner(GivenDoor(text), form)(_task(bold=False))

    assert isinstance(reply, Proposal)
    assert (None, "unreadable") == (reply.method, reply.fault)


async def test_json_clauses_lose_their_numbers() -> None:
    """The numbers are ours to write."""
    value = {"why": "more", "clauses": ["1. Go far.", "Check.", " "]}

    reply = await _refiner(GivenDoor(json.dumps(value)), "json")(_task(Method(("走。",), language="zh")))

    assert isinstance(reply, Proposal)
    assert reply.method is not None
    assert (("Go far.", "Check."), "zh", "more") == (reply.method.clauses, reply.method.language, reply.why)


async def test_no_answer_is_failed() -> None:
    """The call itself gave nothing."""
    assert isinstance(await _refiner(GivenDoor(NoAnswer("key", "bad_request")))(_task()), Failed)
