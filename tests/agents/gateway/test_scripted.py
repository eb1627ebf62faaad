"""The scripted model: the first line that fits and is not used up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from autoevol.agents.gateway.books.journal import read_calls
from autoevol.agents.gateway.endpoints import Budget, Endpoint
from autoevol.agents.gateway.errors import ScriptExhausted, UsageError
from autoevol.agents.gateway.gateway import Parts, open_gateway
from autoevol.agents.gateway.outcomes import Answer, NoAnswer, Outcome
from autoevol.agents.gateway.requests import Decoding, Request, Turn
from autoevol.agents.gateway.simulated.scripted import ScriptedModel, read_script


def _request(text: str = "hello", role: str = "evolver") -> Request:
    return Request("default", "m", (Turn("user", text),), Decoding(20), 0, role, text, "test")


def _script(folder: Path, *lines: dict[str, object]) -> Path:
    path = folder / "script.jsonl"
    path.write_text("\n\n".join(json.dumps(line) for line in lines), encoding="utf-8")
    return path


def _said(outcome: Outcome) -> str:
    return outcome.text if isinstance(outcome, Answer) else outcome.reason


async def test_lines_answer_by_role_in_order(tmp_path: Path) -> None:
    """A line without a condition answers once."""
    path = _script(
        tmp_path,
        {"role": "evolver", "text": "one"},
        {"role": "judge", "text": "no"},
        {"role": "evolver", "text": "two"},
    )
    model = ScriptedModel(read_script(path))

    said = [_said(await model.call(_request(role=role), "k")) for role in ("evolver", "evolver", "judge")]

    assert ["one", "two", "no"] == said
    with pytest.raises(ScriptExhausted, match="evolver"):
        await model.call(_request(), "k")


async def test_lines_answer_by_what_the_chat_holds(tmp_path: Path) -> None:
    """A line with a condition answers as often as it fits, or so many times."""
    path = _script(
        tmp_path,
        {"match": "apples", "text": "fruit"},
        {"pattern": "(?i)how +MANY", "text": "three", "times": 2},
        {"reason": "content_filter", "times": 1},
        {"text": "cut", "finish": "length", "reasoning": "hm"},
    )
    model = ScriptedModel(read_script(path))

    said = [_said(await model.call(_request(text), "k")) for text in ("apples", "red apples", "how many", "How  many")]
    rest = [await model.call(_request("how many"), "k") for _ in range(2)]

    assert ["fruit", "fruit", "three", "three"] == said
    assert isinstance(rest[0], NoAnswer)
    assert isinstance(rest[1], Answer)
    assert ("cut", "length", "hm") == (rest[1].text, rest[1].finish, rest[1].reasoning)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"text": "x"', "Line 2"),
        ('{"txt": "x"}', "Line 2"),
        ("{}", "give a text or a reason"),
        ('{"text": "x", "pattern": "("}', "the pattern is none"),
        ('{"reason": "bored"}', "Line 2"),
        ('{"text": "x", "times": 0}', "Line 2"),
    ],
)
def test_a_wrong_line_is_said_by_its_number(tmp_path: Path, line: str, words: str) -> None:
    """With what is wrong."""
    path = tmp_path / "script.jsonl"
    path.write_text(f'{{"text": "fine"}}\n{line}\n')

    with pytest.raises(UsageError, match="Line 2") as caught:
        read_script(path)
    assert words in caught.value.problem


def test_a_script_that_is_not_there_is_said(tmp_path: Path) -> None:
    """As a usage error."""
    with pytest.raises(UsageError, match="cannot be read"):
        read_script(tmp_path / "none.jsonl")


async def test_a_resumed_run_goes_on_where_the_script_was(tmp_path: Path) -> None:
    """Lines that answered before the restart are not said again; scripts are free."""
    endpoints = {
        "default": Endpoint(script=str(_script(tmp_path, {"text": "one"}, {"reason": "empty"}, {"text": "two"})))
    }

    async with open_gateway(endpoints, tmp_path / "run", Budget(usd=1)) as gateway:
        first = [_said(await gateway.ask(_request(text))) for text in ("a", "b")]
    async with open_gateway(endpoints, tmp_path / "run", Budget(usd=1)) as gateway:
        second = [_said(await gateway.ask(_request(text))) for text in ("a", "b", "c")]
        with pytest.raises(ScriptExhausted):
            await gateway.ask(_request("d"))
        cost = gateway.totals().all.cost

    assert ["one", "empty"] == first
    assert ["one", "empty", "two"] == second
    assert 0.0 == cost
    assert [0.0] * 3 == [call.cost for call in read_calls(tmp_path / "run")]


async def test_a_function_can_stand_in_for_an_endpoint(tmp_path: Path) -> None:
    """It gives a text or an outcome; an empty text is no answer."""

    def speak(request: Request) -> str | Outcome:
        text = request.turns[-1].text
        return NoAnswer("", "context_too_long") if text == "long" else text.upper() if text != "mute" else ""

    parts = Parts(callers={"default": ScriptedModel(speak)})
    endpoints = {"default": Endpoint(base_url="http://nowhere.invalid/v1")}
    async with open_gateway(endpoints, tmp_path, Budget(), parts=parts, on_notice=lambda _: None) as gateway:
        said = [_said(await gateway.ask(_request(text))) for text in ("hello", "long", "mute")]

    assert ["HELLO", "context_too_long", "empty"] == said
