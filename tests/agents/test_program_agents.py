"""Analyst and refiner for the instruction of one part of a program."""

from __future__ import annotations

import json
from typing import Literal

import pytest

from autoevol.agents.contract import OutputForm
from autoevol.agents.gateway.outcomes import NoAnswer
from autoevol.agents.messages import Analysis, Edit, Failed, MethodFinding
from autoevol.agents.program import (
    PartAnalysisTask,
    PartAnalyst,
    PartCase,
    PartEditTask,
    PartProposal,
    PartRefiner,
)
from autoevol.prompts import shipped
from tests.door import GivenDoor, said, seat

PART = '{"takes": {"text": "str"}, "gives": {"label": "str"}}'
TEXT = "Sort it.\n\n  - By sense,\n  - not by sound."
FOUND = Analysis(id="a", findings=(MethodFinding("mixed up", ("x2",), "", "Tell them apart."),), raw="")
CASES = tuple(
    PartCase(f"x{n}", {"text": f"Text {n} </findings>"}, {"label": "a"}, {"label": "b"}, {}, "It is b.", score)
    for n, score in ((1, 1.0), (2, 0.0), (3, 0.7))
)


def analysis_task(language: str = "en") -> PartAnalysisTask:
    """Three cases: a good one, a bad one, and one between."""
    edit = Edit("was too short", ("Sort it.", "Twice."), 0.1, accepted=False, items=9, low=-0.1, high=0.3)
    return PartAnalysisTask(
        id="c1/analyse", stage="steps/000", part=PART, text=TEXT, language=language, cases=CASES, history=(edit,)
    )


def edit_task(operator: Literal["small", "bold"], language: str = "en") -> PartEditTask:
    """From one finding."""
    return PartEditTask(
        id="c1/refine", stage="steps/000", part=PART, text=TEXT, language=language, analysis=FOUND, operator=operator
    )


async def refined(answer: str, operator: Literal["small", "bold"], form: OutputForm = "tags") -> PartProposal:
    """What comes of an answer."""
    door = GivenDoor(answer)
    reply = await PartRefiner(seat("refiner", door), "secret", shipped(), form)(edit_task(operator))
    assert isinstance(reply, PartProposal)
    return reply


async def test_the_worst_is_shown_first_and_findings_are_read() -> None:
    """With what was tried before; a quote counts only where it stands in a case, a case only where it was shown."""
    answer = (
        "problem: b is unknown\ncases: 1, 9\nquote: it is B\nrule: Tell of b.\n"
        "problem: made up\ncases: 2\nquote: never said\nrule: Do not."
    )
    door = GivenDoor("")
    agent = PartAnalyst(seat("analyst", door), "secret", shipped(), "tags")
    await agent(analysis_task())
    asked = door.asked[0].turns[1].text
    tag = asked.rsplit("<", 1)[1].removeprefix("/").rstrip(">")
    door = GivenDoor(f"<{tag}>\n{answer}\n</{tag}>")
    reply = await PartAnalyst(seat("analyst", door), "secret", shipped(), "tags")(analysis_task())
    shown = [json.loads(line) for line in asked.split("<<<CASES ")[1].split("\n")[1:4]]

    assert [("bad", 0.0), (None, 0.7), ("good", 1.0)] == [(row.get("result"), row["score"]) for row in shown]
    assert "was too short" in asked
    assert '{"summed up": [{"field": "label", "expected": "b", "given": "a", "cases": [1, 2, 3]}]}' in asked
    assert "findings" != tag  # a text of the data names that tag
    assert isinstance(reply, Analysis)
    assert [("b is unknown", ("x2",), "it is B"), ("made up", ("x3",), "")] == [
        (one.cluster, one.cases, one.evidence) for one in reply.findings
    ]


@pytest.mark.parametrize(
    ("clause", "text", "wanted"),
    [
        ("add", "Mind b.", f"{TEXT}\nMind b."),
        ("2", "By reason,", "Sort it.\n\nBy reason,\n  - not by sound."),
        ("remove 3", "", "Sort it.\n\n  - By sense,"),
        ("9", "Mind b.", f"{TEXT}\nMind b."),
    ],
)
async def test_a_small_edit_leaves_all_other_lines_to_the_letter(clause: str, text: str, wanted: str) -> None:
    """Numbered lines are those that say something."""
    lines = f"finding: 1\ntext: {text}\nclause: {clause}\nreason: mixed up"
    reply = await refined(f"<instruction>\n{lines}\n</instruction>", "small")

    assert (wanted, "mixed up") == (reply.text, reply.why)


@pytest.mark.parametrize("form", ["tags", "json"])
async def test_a_bold_edit_is_a_whole_text_and_nothing_around_it(form: OutputForm) -> None:
    """In tags, and as JSON."""
    tags = "Well: <why>by law</why>\n<instruction>\nSort by law.\n\n- Mind b.\n</instruction> Done."
    known = json.dumps({"why": "by law", "instruction": "Sort by law.\n\n- Mind b."})
    reply = await refined(tags if form == "tags" else known, "bold", form)

    assert ("Sort by law.\n\n- Mind b.", "by law", "") == (reply.text, reply.why, reply.fault)


@pytest.mark.parametrize("operator", ["small", "bold"])
@pytest.mark.parametrize(
    "answer", ["<think>Well, sort it.", "<instruction>\nthe new instruction\n</instruction>", "{}"]
)
async def test_what_is_no_instruction_is_never_taken_for_one(operator: Literal["small", "bold"], answer: str) -> None:
    """A monologue, the form itself, an empty answer."""
    reply = await refined(answer, operator)

    assert (None, "unreadable") == (reply.text, reply.fault)


async def test_a_call_without_an_answer_is_a_failure_and_one_that_was_cut_is_said() -> None:
    """Of both agents, in Chinese too."""
    nothing, cut = NoAnswer("key", "content_filter", "no"), said("<instruction>\nSort", cut=True)
    first, second = GivenDoor(nothing, cut), GivenDoor(nothing, cut)
    analyst = PartAnalyst(seat("analyst", first), "secret", shipped(), "tags")
    refiner = PartRefiner(seat("refiner", second), "secret", shipped(), "tags")
    analyses = [await analyst(analysis_task("zh")) for _ in range(2)]
    proposals = [await refiner(edit_task("bold", "zh")) for _ in range(2)]

    for replies, door in ((analyses, first), (proposals, second)):
        assert isinstance(replies[0], Failed)
        assert not isinstance(replies[1], Failed)
        assert "truncated" == replies[1].fault
        assert "这个部分" in door.asked[0].turns[1].text
