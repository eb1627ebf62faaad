"""What the fields of a row mean, told by flags or found out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.agents.gateway.requests import Turn
from autoevol.optimizer.dataset.seed import Seed
from autoevol.optimizer.dataset.source import open_seeds
from autoevol.optimizer.record.settings import SeedSettings


def seeds(folder: Path, *rows: object, **settings: Any) -> list[Seed]:
    """The seeds of these rows."""
    path = folder / "seeds.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return list(open_seeds(SeedSettings(source=str(path), **settings)))


@pytest.mark.parametrize(
    ("row", "text", "response"),
    [
        ({"instruction": "Sum up.", "input": "A long text.", "output": "Short."}, "Sum up.\n\nA long text.", "Short."),
        ({"instruction": "Sum up.", "input": "", "output": "Short."}, "Sum up.", "Short."),
        ({"instruction": "Sum up.", "input": "<noinput>", "response": "S."}, "Sum up.", "S."),
        ({"instruction": "Sum up.", "input": None, "output": None}, "Sum up.", None),
        ({"question": "1+1?", "answer": "2"}, "1+1?", "2"),
        ({"question": "1+1?", "answer": 2}, "1+1?", "2"),
        ({"question": "1+1?", "input": "not joined", "answer": " "}, "1+1?", None),
        ({"prompt": "Go.", "response": "Gone."}, "Go.", "Gone."),
        ({"prompt": "Go.", "completion": "Gone."}, "Go.", "Gone."),
        ({"prompt": "Go."}, "Go.", None),
        ({"instruction": "Relate.", "instances": [{"input": "a:b", "output": "c"}, {"input": "x", "output": "y"}]},
         "Relate.\n\na:b", "c"),
        ({"instruction": "Relate.", "instances": []}, "Relate.", None),
        ({"messages": [{"role": "user", "content": "Hi"}]}, "Hi", None),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}]}, "Hi", None),
        ({"messages": json.dumps([{"role": "user", "content": "Hi"}])}, "Hi", None),
        ({"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Ho"}]}, "Hi", "Ho"),
        ({"prompt": "whole", "messages": [{"role": "user", "content": "part"}]}, "part", None),
    ],
)  # fmt: skip
def test_known_fields_are_found(tmp_path: Path, row: dict[str, object], text: str, response: str | None) -> None:
    """Standard names need no flag."""
    [seed] = seeds(tmp_path, row)

    assert (text, response) == (seed.instruction.text, seed.response)


def test_flags_name_any_field(tmp_path: Path) -> None:
    """Every part can be named, and an empty name switches a part off."""
    row = {"task": "Do.", "extra": "this", "gold": "done", "role": "Be kind.", "output": "other"}
    [named] = seeds(tmp_path, row, instruction="task", input="extra", response="gold", system="role")
    [bare] = seeds(tmp_path, row, instruction="task", response="")

    assert ("Do.\n\nthis", "done", "Be kind.") == (named.instruction.text, named.response, named.instruction.system)
    assert ("Do.", None) == (bare.instruction.text, bare.response)


def test_a_chat_may_have_any_name(tmp_path: Path) -> None:
    """The flag for chats wins over an instruction that stands beside it."""
    [seed] = seeds(tmp_path, {"talk": [{"from": "user", "value": "Hi"}], "prompt": "no"}, messages="talk")

    assert "Hi" == seed.instruction.text


@pytest.mark.parametrize("part", ["instruction", "input", "response", "system", "messages"])
def test_an_unknown_name_lists_the_fields(tmp_path: Path, part: str) -> None:
    """A slip of the pen in a flag is answered with what is there."""
    with pytest.raises(UsageError, match=r"'nope'.*`question`, `answer`"):
        seeds(tmp_path, {"question": "a", "answer": "b"}, **{part: "nope"})


def test_two_ways_at_once_are_refused(tmp_path: Path) -> None:
    """An instruction and a chat cannot both be what evolves."""
    with pytest.raises(UsageError, match="--messages-field"):
        seeds(tmp_path, {"a": "x", "b": []}, instruction="a", messages="b")


def test_rows_without_a_known_field_say_how_to_name_them(tmp_path: Path) -> None:
    """Nothing is guessed from unknown names."""
    with pytest.raises(UsageError, match=r"`foo`, `bar`.*--instruction-field"):
        seeds(tmp_path, {"foo": "x", "bar": "y"})


def test_a_stray_first_row_does_not_decide(tmp_path: Path) -> None:
    """The field that most of the first rows have is the one."""
    found = seeds(tmp_path, {"prompt": "stray"}, {"question": "a?"}, {"question": "b?"})

    assert ["a?", "b?"] == [seed.instruction.text for seed in found]


def test_each_user_turn_is_a_seed_of_its_own(tmp_path: Path) -> None:
    """What came before is context, the answer that follows is the response, the system prompt goes with all."""
    chat = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "What is 2+2?"},
        {"role": "assistant", "content": "4"},
        {"role": "user", "content": "And 3+3?"},
    ]
    first, second, third = seeds(tmp_path, {"messages": chat})

    assert ["seed-000001.t1", "seed-000001.t2", "seed-000001.t3"] == [first.id, second.id, third.id]
    assert {"seed-000001"} == {first.row, second.row, third.row}
    assert (("Hi", ()), "Hello") == ((first.instruction.text, first.instruction.context), first.response)
    assert (Turn("user", "Hi"), Turn("assistant", "Hello")) == second.instruction.context
    assert ("4", None) == (second.response, third.response)
    assert {"Be brief."} == {seed.instruction.system for seed in (first, second, third)}


def test_ids_count_good_rows(tmp_path: Path) -> None:
    """A row that gives nothing takes no number; a chat of one turn has a plain id."""
    found = seeds(tmp_path, {"messages": []}, {"messages": [{"role": "user", "content": "Hi"}]})

    assert [("seed-000001", 2)] == [(seed.id, seed.line) for seed in found]


def test_system_prompts_are_kept(tmp_path: Path) -> None:
    """A field beside the instruction, and one beside a chat that has its own."""
    [plain] = seeds(tmp_path, {"prompt": "Go.", "system": "Be kind."})
    chat = [{"role": "system", "content": "Own."}, {"role": "user", "content": "Hi"}]
    [both] = seeds(tmp_path, {"messages": chat, "system": "Field."})

    assert ("Be kind.", "Field.\n\nOwn.") == (plain.instruction.system, both.instruction.system)


def test_context_of_our_own_data_is_read_again(tmp_path: Path) -> None:
    """A data set of AutoEvol can be evolved further; documents under the same name in other sets are left alone."""
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}]
    [ours] = seeds(tmp_path, {"instruction": "And now?", "context": turns})
    [other] = seeds(tmp_path, {"question": "Where?", "context": ["a document"]})

    assert ((Turn("user", "Hi"), Turn("assistant", "Ho")), ()) == (ours.instruction.context, other.instruction.context)


def test_language_is_told_row_by_row(tmp_path: Path) -> None:
    """From the instruction itself, not from what it asks to translate; a setting overrules it."""
    rows = [{"instruction": "写一首诗。"}, {"instruction": "Translate this.", "input": "今天天气很好，我们去公园。"}]

    assert ["zh", "en"] == [seed.instruction.language for seed in seeds(tmp_path, *rows)]
    assert ["de", "de"] == [seed.instruction.language for seed in seeds(tmp_path, *rows, language="de")]
