"""The refiner gives clauses and a reason, or says that none could be read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from autoevol.agents.contract import OutputForm
from autoevol.agents.gateway.outcomes import Answer, NoAnswer
from autoevol.agents.messages import Analysis, ClauseEdit, Failed, MethodFinding, Proposal, RefineTask
from autoevol.agents.method import Method, Operator
from autoevol.agents.refiner import Refiner
from autoevol.prompts import shipped
from tests.door import GivenDoor, said, seat

OLD = Method(("Go.", "Check."), name="general")
ANALYSIS = Analysis(
    id="a", findings=(MethodFinding("often", ("1", "2"), "e", "r"), MethodFinding("rare", ("1",), "e", "r")), raw=""
)


def _task(method: Method = OLD, *, bold: bool = True) -> RefineTask:
    operator: Operator = "bold" if bold else "small"
    return RefineTask(id="c1", stage="steps/000", method=method, analysis=ANALYSIS, operator=operator)


def _refiner(door: GivenDoor, form: OutputForm = "tags") -> Refiner:
    return Refiner(seat("refiner", door), "secret", shipped(), form)


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
    """Small edits keep what works, bold ones leave a local best; findings have numbers, and no quote to copy."""
    door = GivenDoor("<clauses>\n1. Go far.\n</clauses>")

    await _refiner(door)(_task(bold=bold))

    user = door.asked[0].turns[1].text
    assert shipped().get(name, "en").text in user
    assert '{"finding": 1, "problem": "often", "cases": 2, "rule": "r"}\n{"finding": 2, "problem": "rare"' in user
    assert bold != ("1. Go.\n2. Check." in user), "a list that is shown is a list that is copied"


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
        ("tags", "<clauses>\nclause: 2\ntext: Check twice.\n</clauses>", ("Go.", "Check twice.")),
        ("tags", '<clauses>\n- **text**: "1. Look."\n- clause: add\n</clauses>', ("Go.", "Check.", "Look.")),
        ("tags", "<clauses>\nclause: 7\ntext: Look.\n</clauses>", ("Go.", "Check.", "Look.")),
        ("tags", "<clauses>\nclause: remove 1\nreason: idle\n</clauses>", ("Check.",)),
        ("tags", "<clauses>\nclause: delete 1\ntext: Go.\n</clauses>", ("Check.",)),
        ("tags", "<clauses>\nclause: 1\ntext: A.\nclause: 1\ntext: B.\n</clauses>", ("B.", "Check.")),
        ("tags", "<clauses>\n条款：2\n内容：“再检查。”\n理由：漏了\n</clauses>", ("Go.", "再检查。")),
        ("tags", "<clauses>\n条款：新增\n内容：再检查。\n</clauses>", ("Go.", "Check.", "再检查。")),
        ("tags", "<clauses>\n条款：删除 2\n</clauses>", ("Go.",)),
        ("json", '{"edits": [{"edit": "add", "clause": 0, "text": "Look."}]}', ("Go.", "Check.", "Look.")),
        ("json", '{"edits": [{"edit": "remove", "clause": 2, "text": "Look."}]}', ("Go.",)),
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
        ("tags", "<clauses>\ntext: Go far.\n</clauses>"),
        ("tags", "<clauses>\nclause: 1\nreason: it is idle\n</clauses>"),
        ("tags", "<clauses>\nclause: remove 9\n</clauses>"),
        ("json", '{"edits": [{"clause": true, "text": "Go far."}]}'),
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


@pytest.mark.parametrize("form", ["tags", "json"])
async def test_a_small_edit_says_what_it_answers_and_why(form: OutputForm) -> None:
    """The reasons are the reason of the method where it gives none of its own."""
    text = {
        "tags": "<clauses>\nfinding: 2, 1\ntext: Look.\nclause: 1\nreason: too idle\n</clauses>",
        "json": '{"edits": [{"finding": "2, 1", "text": "Look.", "clause": 1, "reason": "too idle"}]}',
    }

    reply = await _refiner(GivenDoor(text[form]), form)(_task(bold=False))

    assert isinstance(reply, Proposal)
    assert (ClauseEdit("replace", 1, "Look.", "too idle", (2, 1)),) == reply.edits
    assert ("too idle", "too idle") == (reply.why, reply.method and reply.method.why)


async def test_an_edit_that_changes_nothing_is_none() -> None:
    """The old method is read as such, so that the checks can say so."""
    reply = await _refiner(GivenDoor("<clauses>\nclause: 1\ntext: Go.\n</clauses>"))(_task(bold=False))

    assert isinstance(reply, Proposal)
    assert (OLD.clauses, ()) == (reply.method and reply.method.clauses, reply.edits)


@pytest.mark.parametrize(
    ("clauses", "told"),
    [
        (("Go.", "Check."), "at most 2 clause(s) and 60 words"),
        (tuple(f"Do {n}." for n in range(7)), "at most 1 clause(s) and 60 words"),
        (("go " * 59, "go " * 59, "go " * 59, "go " * 59, "go " * 29), "at most 2 clause(s) and 35 words"),
        (tuple(f"Do {n}." for n in range(8)), "The list is full"),
        (("go " * 59, "go " * 59, "go " * 59, "go " * 59, "go " * 59), "The list is full"),
    ],
)
async def test_a_small_edit_is_told_how_much_may_be_added(clauses: tuple[str, ...], told: str) -> None:
    """What does not fit is refused later, so it is said beforehand."""
    door = GivenDoor("<clauses>\n1. Go far.\n</clauses>")

    await _refiner(door)(_task(Method(clauses), bold=False))

    assert told in door.asked[0].turns[1].text


async def test_the_edits_of_a_new_list_are_what_lies_between() -> None:
    """All for the one reason that the model gave."""
    reply = await _refiner(GivenDoor("<why>idle</why>\n<clauses>\n- Look.\n- Check.\n- Rest.\n</clauses>"))(_task())

    assert isinstance(reply, Proposal)
    assert (ClauseEdit("replace", 1, "Look.", "idle"), ClauseEdit("add", 0, "Rest.", "idle")) == reply.edits


OTHER = Method(("Run.", "Rest.", "Sleep."))


@pytest.mark.parametrize(
    ("form", "text", "clauses"),
    [
        ("tags", "<clauses>A2, B1, b 3</clauses>", ("Check.", "Run.", "Sleep.")),
        ("tags", "<clauses>\nB2\nA1\n</clauses>", ("Rest.", "Go.")),
        ("tags", "<clauses>\n1. A1 and B1\n2. B1\n</clauses>", ("Go.", "Run.")),
        ("tags", "<clauses>\nA1. Run.\nRest twice.\n</clauses>", ("Run.", "Rest twice.")),
        ("tags", "<clauses>A1, B9</clauses>", ("Go.",)),
        ("json", '{"why": "w", "clauses": ["A1", "B3"]}', ("Go.", "Sleep.")),
    ],
)
async def test_a_merge_names_the_clauses_of_both(form: OutputForm, text: str, clauses: tuple[str, ...]) -> None:
    """Labels stand for clauses, each once; a line of its own words is a new clause."""
    door = GivenDoor(text)

    reply = await _refiner(door, form)(replace(_task(), operator="merge", other=OTHER))

    assert isinstance(reply, Proposal)
    assert clauses == (reply.method and reply.method.clauses)
    user = door.asked[0].turns[1].text
    assert "A1. Go.\nA2. Check.\n" in user
    assert "B1. Run.\nB2. Rest.\nB3. Sleep.\n" in user
    assert "at most 5 clauses" in user


async def test_where_nothing_was_looked_at_nothing_is_said_to_be_wrong() -> None:
    """The baseline sees the method alone."""
    door = GivenDoor("<clauses>\n- Look.\n</clauses>")

    await _refiner(door)(replace(_task(), analysis=Analysis(id="", findings=(), raw="")))

    assert "FINDINGS" not in door.asked[0].turns[1].text


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
