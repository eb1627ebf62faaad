"""The agents of Self-Instruct: what they are told, what they read, and what they leave as it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.bootstrap.asking import (
    Draw,
    Instances,
    InstanceTask,
    Invented,
    InventTask,
    Pair,
    SortTask,
    Thought,
)
from autoevol.agents.bootstrap.blocks import instances_in, instances_of, listed, tasks_in, tasks_of
from autoevol.agents.bootstrap.instancer import Instancer
from autoevol.agents.bootstrap.inventor import Inventor
from autoevol.agents.bootstrap.sorter import Sorter
from autoevol.agents.contract import OutputForm
from autoevol.agents.messages import Failed
from autoevol.prompts import shipped
from tests.door import GivenDoor, said, seat

_SHOWN = (Thought("Write a  NASA\nreport:"), Thought("Add two numbers."))
_CHAT = Draw()
_RAW = Draw("completion", 0.7, 0.5, 300, 2.0)


def _invent(draw: Draw = _CHAT, *, whole: bool = False) -> InventTask:
    return InventTask(id="t", stage="s", shown=_SHOWN, count=3, whole=whole, draw=draw)


async def _invented(door: GivenDoor, task: InventTask, form: OutputForm = "tags") -> Invented:
    reply = await Inventor(seat("generator", door), "secret", shipped(), form)(task)
    assert isinstance(reply, Invented)
    return reply


async def test_a_chat_is_shown_tasks_between_marks() -> None:
    """The list between the tags is read, with every letter as it stands."""
    door = GivenDoor(
        "Sure!\n<tasks>\n1. Explain the HTTP PUT verb.\n2) Name **two** uses of LaTeX\n   in maths.\n</tasks>"
    )
    reply = await _invented(door, _invent())

    assert ("Explain the HTTP PUT verb.", "Name **two** uses of LaTeX in maths.") == tuple(
        thought.instruction for thought in reply.thoughts
    )
    ask = door.asked[0].turns[-1].text
    assert "1. Write a NASA report\n2. Add two numbers.\nTASKS" in ask


async def test_a_raw_model_goes_on_with_the_list() -> None:
    """The text breaks off after the next number; what follows the last wanted one is stopped and cut off."""
    door = GivenDoor(" Name a river.\n4. Count to 3.5 slowly\n5. Sing.\n6. One too many.")
    reply = await _invented(door, _invent(_RAW))

    asked = door.asked[0]
    assert asked.turns[0].text.endswith("\n\n1. Write a NASA report\n2. Add two numbers.\n3.")
    assert ("completion", 0.7, 0.5, 300) == (
        asked.form, asked.decoding.temperature, asked.decoding.top_p, asked.decoding.max_tokens
    )  # fmt: skip
    assert '{"presence_penalty": 2.0}' == asked.decoding.extra
    assert ("\n\n", "\n6.", "\n6 .") == asked.decoding.stop
    assert ["Name a river.", "Count to 3.5 slowly", "Sing."] == [each.instruction for each in reply.thoughts]


async def test_whole_tasks_are_read_in_blocks() -> None:
    """Instruction, input and output; a block without an output is none, and `<noinput>` is no input."""
    text = (
        "Instruction: Add the numbers.\nInput:\n3, 4\nOutput:\n7\n###\n"
        "Instruction: Tell a joke.\nInput:\n<noinput>\nOutput:\nA fish walks\ninto a bar.\n###\nInstruction: Half"
    )
    expected = (
        Thought("Add the numbers.", Pair("3, 4", "7")), Thought("Tell a joke.", Pair("", "A fish walks\ninto a bar."))
    )  # fmt: skip
    chat = await _invented(GivenDoor(f"<tasks>{text}</tasks>"), _invent(whole=True))
    rest = text.removeprefix("Instruction:")
    raw = await _invented(GivenDoor(rest), _invent(_RAW, whole=True))

    assert expected == chat.thoughts == raw.thoughts


async def test_json_is_held_to_a_schema() -> None:
    """The fields of whole tasks, or plain texts."""
    door = GivenDoor(
        '{"tasks": ["Name a river.", "", 3]}', '{"tasks": [{"instruction": "A", "input": "b", "output": "c"}]}'
    )

    plain = await _invented(door, _invent(), "json")
    whole = await _invented(door, _invent(whole=True), "json")
    assert (Thought("Name a river."),) == plain.thoughts
    assert (Thought("A", Pair("b", "c")),) == whole.thoughts
    assert all(request.decoding.json_schema for request in door.asked)


async def test_a_list_that_was_cut_is_read_as_far_as_it_goes() -> None:
    """And said to be cut; an answer without a list is unreadable, one that is not there failed."""
    reply = await _invented(GivenDoor(said("<tasks>\n1. Name a river.\n2. Nam", cut=True)), _invent())
    nothing = await _invented(GivenDoor("I would rather not."), _invent())

    assert (2, True, "") == (len(reply.thoughts), reply.truncated, reply.fault)
    assert ((), "unreadable") == (nothing.thoughts, nothing.fault)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<classification>yes</classification>", True),
        ("It is <classification> No. </classification>", False),
        ("<classification>maybe</classification>", None),
        ("yes", None),
    ],
)
async def test_the_sorter_reads_yes_and_no(text: str, expected: bool | None) -> None:
    """Within the tags only."""
    sorter = Sorter(seat("generator", GivenDoor(text)), "secret", shipped(), "tags")
    reply = await sorter(SortTask(id="t", stage="s", instruction="Is it spam?"))

    assert not isinstance(reply, Failed)
    assert expected == reply.classification


@pytest.mark.parametrize(("form", "yes"), [("tags", "<classification>yes</classification>"), ("json", '"yes"')])
async def test_the_sorter_shows_a_chat_31_examples_as_turns(form: OutputForm, yes: str) -> None:
    """Each answered in the form that is asked for; the task comes last, between marks."""
    door = GivenDoor("")
    await Sorter(seat("generator", door), "secret", shipped(), form)(SortTask(id="t", stage="s", instruction="Spam?"))

    turns = door.asked[0].turns
    answers = [turn.text for turn in turns if turn.speaker == "assistant"]
    assert (31, 12) == (len(answers), sum(yes in answer for answer in answers))
    assert "Spam?\nTASK" in turns[-1].text
    assert turns[-1].text.endswith("\nOne of a few labels?")
    assert turns[1].text.endswith("\nOne of a few labels?")


@pytest.mark.parametrize(("text", "expected"), [(" Yes", True), (" no.", False), ("Yesterday", None)])
async def test_the_sorter_asks_a_raw_model_with_31_examples(text: str, expected: bool | None) -> None:
    """12 are classifications, 19 are not; its answer ends with the line."""
    door = GivenDoor(text)
    task = SortTask(id="t", stage="s", instruction="Is it\nspam?", draw=Draw("completion", 0.0, 1.0, 3))
    reply = await Sorter(seat("generator", door), "secret", shipped(), "tags")(task)

    assert not isinstance(reply, Failed)
    assert expected == reply.classification
    prompt = door.asked[0].turns[0].text
    assert (12, 19) == (prompt.count("labels? Yes"), prompt.count("labels? No"))
    assert prompt.endswith("Task: Is it spam?\nOne of a few labels?")


async def test_labels_come_first_for_a_classification() -> None:
    """What follows the label is the input."""
    text = "Example 1\nClass label: spam\nWin now!\nExample 2\nClass label: no spam\nHello Mara."
    door = GivenDoor(f"<instances>\n{text}\n</instances>")
    instancer = Instancer(seat("generator", door), "secret", shipped(), "tags")
    reply = await instancer(InstanceTask(id="t", stage="s", instruction="Spam?", labels_first=True, count=2))

    assert isinstance(reply, Instances)
    assert (Pair("Win now!", "spam"), Pair("Hello Mara.", "no spam")) == reply.pairs


async def test_a_copied_output_takes_no_input_with_it() -> None:
    """Who answers anew has all that is needed; an input that was copied is none."""
    text = (
        "Example 1\nInput: 4, 9, 2\nOutput: [the answer]\n"
        "Example 2\nInput: [the input; leave this line out where there is none]\nOutput: 15"
    )
    instancer = Instancer(seat("generator", GivenDoor(f"<instances>{text}</instances>")), "secret", shipped(), "tags")
    reply = await instancer(InstanceTask(id="t", stage="s", instruction="Add these numbers.", count=2))

    assert isinstance(reply, Instances)
    assert (Pair("4, 9, 2", ""),) == reply.pairs
    assert ["15"] == [pair.output for pair in reply.copied]


async def test_words_of_the_prompt_are_no_instance() -> None:
    """A place holder of the form, and an example that was shown, are told apart from what is the model's own."""
    text = (
        "Example 1\nClass label: no spam\nHello Mara, the meeting is moved to ten o'clock. The room stays"
        " the same. Tom\n"
        "Example 2\nClass label: spam\n[an input for which this label is right]\n"
        "Example 3\nClass label: spam\n[1, 2]"
    )
    instancer = Instancer(seat("generator", GivenDoor(f"<instances>{text}</instances>")), "secret", shipped(), "tags")
    reply = await instancer(InstanceTask(id="t", stage="s", instruction="Spam?", labels_first=True, count=3))

    assert isinstance(reply, Instances)
    assert (2, (Pair("[1, 2]", "spam"),)) == (len(reply.copied), reply.pairs)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Output: 7", [Pair("", "7")]),
        ("Example 1\nInput: 3, 4\nOutput: 7", [Pair("3, 4", "7")]),
        ("\nLeft: 3\nRight: 4\nOutput:\n7\nExample 2\nOutput: 8", [Pair("Left: 3\nRight: 4", "7"), Pair("", "8")]),
        ("**Input:** None\n**Output:** x\n\n\n\ny", [Pair("", "x\n\ny")]),
        ("示例 1\n输入：三\n输出：四", [Pair("三", "四")]),
        ("Nothing of the form.", []),
    ],
)  # fmt: skip
def test_instances_are_read_from_blocks(text: str, expected: list[Pair]) -> None:
    """Whatever the fields of the input are called."""
    assert expected == instances_in(text, labels_first=False)


@given(st.text(), st.booleans(), st.integers(1, 9))
def test_readers_take_any_text(text: str, labels_first: bool, first: int) -> None:
    """They never fail, and give no empty instruction."""
    assert all(listed(text, first))
    assert all(each.instruction for each in tasks_in(text, first))
    assert isinstance(instances_in(text, labels_first=labels_first), list)


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.text() | st.integers(), lambda s: st.lists(s) | st.dictionaries(st.text(), s)
)


@given(_JSON)
def test_readers_take_any_json(value: Any) -> None:
    """What has not the form is not there, and nothing that is there is empty."""
    assert [] == instances_of({"output": value})
    assert [Pair("", "x")] == instances_of([value, {"input": 3, "output": "x"}])[-1:]
    assert all(thought.instruction for thought in tasks_of(value))
