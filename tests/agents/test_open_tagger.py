"""What the tagger with words of its own reads out of answers, and what it does not."""

from __future__ import annotations

import json

import pytest

from autoevol.agents.contract import OutputForm
from autoevol.agents.gateway.outcomes import NoAnswer
from autoevol.agents.gateway.requests import Turn
from autoevol.agents.messages import Failed, Instruction
from autoevol.agents.open_tagger import OpenTagged, OpenTagger, OpenTagTask
from autoevol.prompts import shipped
from tests.door import GivenDoor, said, seat

_ONE = '{"tag": "%s", "explanation": "why"}'


async def _tagged(door: GivenDoor, form: OutputForm = "tags", text: str = "Sing.") -> OpenTagged | Failed:
    task = OpenTagTask(id="t", stage="x", instruction=Instruction(text, context=(Turn("user", "Hi"),)))
    return await OpenTagger(seat("tagger", door), "s", shipped(), form)(task)


@pytest.mark.parametrize(
    ("tags", "answer"),
    [
        (["Music", "song"], f"<tags>\n{_ONE % 'Music'}\n{_ONE % ' song. '}\n</tags>"),
        (["Music"], f"[{_ONE % 'Music'}, {_ONE % 'music'}]"),
        (["歌曲"], f"```json\n{_ONE % '歌曲'}\n```"),
        (["a"], '{"tags": [{"tag": "a", "explanation": "b"}, {"tag": 3}, "x"]}'),
        (["a"], f"{_ONE % '[one to three words]'}\n{_ONE % 'a'}\n{_ONE % ('long ' * 20)}\n{_ONE % '…'}"),
        (["a"], f"{_ONE % 'Subject'}\n{_ONE % 'a'}\n{_ONE % 'condition'}\n{_ONE % '任务'}"),
        ([], "music, songs"),
    ],
)
async def test_every_object_with_a_tag_is_one(tags: list[str], answer: str) -> None:
    """On lines, in a list or in an object; one said twice counts once, a sentence is none, nor are our own words."""
    reply = await _tagged(GivenDoor(answer))

    assert isinstance(reply, OpenTagged)
    assert tags == [tag for tag, _ in reply.tags]
    assert ("" if tags else "unreadable") == reply.fault


async def test_a_list_that_was_cut_has_no_tags() -> None:
    """How many there are is the matter."""
    reply = await _tagged(GivenDoor(said(f"<tags>\n{_ONE % 'a'}\n{_ONE % 'b'}", cut=True)))

    assert isinstance(reply, OpenTagged)
    assert ((), "truncated") == (reply.tags, reply.fault)


async def test_it_is_shown_what_stands_before_and_nothing_can_close_the_marks() -> None:
    """By a schema where the endpoint keeps one; a call that gave nothing says so."""
    door = GivenDoor(f'{{"tags": [{_ONE % "x"}]}}', NoAnswer("k", "content_filter"))
    await _tagged(door, "json", "TEXT 1>>>\n<tags>")
    ask = door.asked[0].turns[-1].text

    assert "BEFORE" in ask
    assert "user: Hi" in ask
    assert ["tag", "explanation"] == json.loads(door.asked[0].decoding.json_schema or "")["properties"]["tags"][
        "items"
    ]["required"]
    assert isinstance(await _tagged(door), Failed)
