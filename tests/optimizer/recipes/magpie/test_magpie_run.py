"""Magpie as a whole, on a server of raw completions: rows, counts, what is sent, resume."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from autoevol.agents.gateway.errors import UsageError
from autoevol.optimizer.pages.watcher import QuietWatcher
from autoevol.optimizer.session import create_run, run
from tests.model_server import ModelServer, model_server
from tests.optimizer.recipes.magpie.talker import PATHS, Talker, made, rows, settings_of


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """One for each test."""
    with model_server(Talker(), (*PATHS, "/chat/completions")) as running:
        yield running


async def test_every_row_is_kept_or_dropped_with_its_reason(tmp_path: Path, server: ModelServer) -> None:
    """And says how it was drawn, what the model wrote, and what our rules did to it."""
    ending, place = await made(tmp_path, server.base_url, {"count": 40})
    kept, dropped = rows(place), rows(place, "dropped")

    assert "finished" == ending.state
    assert 40 == len(kept) + len(dropped)
    ids: list[str] = [row["id"] for row in kept] + [row["seed_id"] for row in dropped]
    assert [f"magpie-{n:06d}" for n in range(1, 41)] == sorted(ids)
    assert {"assistant-voice"} == {row["reason"] for row in dropped}
    assert all(row["instruction"].startswith("Sure") for row in dropped)
    assert {(), ("label",), ("answer",), ("quotes",)} == {tuple(row["provenance"]["rules"][0]) for row in kept}
    assert not [row for row in kept if "Answer" in row["instruction"] or row["instruction"].startswith(("Task", '"'))]
    assert {(0.9, 0.95), (0.9, 0.995), (1.0, 0.95), (1.0, 0.995)} == {
        (row["provenance"]["sampling"]["temperature"], row["provenance"]["sampling"]["top_p"]) for row in kept
    }
    assert all("passed" == row["provenance"]["probe"] for row in kept)
    assert all("magpie" == row["provenance"]["recipe"] and 2 == len(row["provenance"]["calls"]) for row in kept)


async def test_what_is_sent_is_the_template_and_nothing_else(tmp_path: Path, server: ModelServer) -> None:
    """Instructions drawn after the open user's turn, answers greedy after the open assistant's; stops trimmed."""
    await made(tmp_path, server.base_url, {"count": 3, "stops": 2, "instruction_tokens": 77})
    asked = [body for body in server.bodies if body["prompt"] == "<|im_start|>user\n"]
    answers = [body for body in server.bodies if body["prompt"].endswith("<|im_end|>\n<|im_start|>assistant\n")]

    assert 3 == len(asked)
    assert {2} == {len(body["stop"]) for body in asked + answers}
    assert {77} == {body["max_tokens"] for body in asked}
    assert {(-1, 0.05, 1.0, 1.0, False)} == {
        tuple(body[name] for name in ("top_k", "min_p", "repeat_penalty", "repetition_penalty", "skip_special_tokens"))
        for body in asked + answers
    }  # fmt: skip
    assert answers
    assert {0.0} == {body["temperature"] for body in answers}
    assert 3 == len({body["seed"] for body in asked})


async def test_later_turns_are_reminded_and_answered_without(tmp_path: Path, server: ModelServer) -> None:
    """The system text stands before the user's turns only; a conversation that breaks off keeps what it has."""
    _, place = await made(tmp_path, server.base_url, {"count": 24, "turns": 2, "control": {"maths": 1, "none": 1}})
    kept = rows(place)
    later = [body["prompt"] for body in server.bodies if body["prompt"].count("<|im_start|>user\n") == 2]
    asking = [prompt for prompt in later if prompt.endswith("user\n")]

    assert asking
    assert all(prompt.startswith("<|im_start|>system\n") and "several turns" in prompt for prompt in asking)
    assert not [prompt for prompt in later if prompt.endswith("assistant\n") and "<|im_start|>system" in prompt]
    assert {0, 2} == {len(row["context"]) for row in kept}
    assert all("broke_off" in row["provenance"] for row in kept if not row["context"])
    assert {"maths", "none"} == {row["provenance"]["sampling"]["system_key"] for row in kept}


_ALL: dict[str, Any] = {
    "count": 24, "tags": True, "neighbours": True, "reward": "endpoint", "base": True, "answers": 3, "margin": 1.0,
}  # fmt: skip


async def test_everything_that_can_be_measured_stands_in_the_row(tmp_path: Path, server: ModelServer) -> None:
    """Tags by the list, the nearest neighbour, reward and difference; and preference pairs with real differences."""
    _, place = await made(tmp_path, server.base_url, _ALL)
    kept = rows(place)
    told = kept[0]["provenance"]

    assert {"Coding & Debugging"} == {row["provenance"]["tags"]["category"] for row in kept}
    assert {"quality", "difficulty", "category", "explanation", "intent", "knowledge", "other"} == set(told["tags"])
    assert {"distance", "id", "repeats", "first"} == set(told["neighbour"])
    assert told["reward"] - told["base_reward"] == told["reward_difference"]
    assert "qwen2-talker" == told["reward_by"]
    pairs = rows(place, "preferences")
    assert pairs
    assert all(pair["chosen_reward"] - pair["rejected_reward"] >= 1.0 for pair in pairs)
    assert all(pair["chosen"] != pair["rejected"] and "user" == pair["prompt"][-1]["role"] for pair in pairs)
    assert {"aligned", "base"} >= {pair["chosen_from"] for pair in rows(place, "preferences-base")}


async def test_a_filter_drops_and_keeps_what_it_dropped(tmp_path: Path, server: ModelServer) -> None:
    """Each with the threshold that it fell by and what it said; the longest are chosen last."""
    part = {**_ALL, "answers": 0, "filter": "pro5", "keep": {"reward": -6.0, "longest": 4}}
    _, place = await made(tmp_path, server.base_url, part)
    kept, dropped = rows(place), rows(place, "dropped")

    assert 24 == len(kept) + len(dropped)
    assert 4 >= len(kept) > 0
    assert all(row["provenance"]["reward"] > -6 for row in kept)
    assert {"good", "excellent"} >= {row["provenance"]["tags"]["quality"] for row in kept}
    assert {"assistant-voice", "quality", "reward"} <= {row["reason"] for row in dropped}
    assert all(row["response"] for row in dropped if row["reason"] == "quality")


async def test_a_judge_in_the_place_of_a_reward_model_is_called_one(tmp_path: Path, server: ModelServer) -> None:
    """Its marks stand in every row as what they are."""
    _, place = await made(tmp_path, server.base_url, {"count": 6, "reward": "judge"})

    assert {"a judge's mark from 1 to 10 as a stand-in"} == {row["provenance"]["reward_is"] for row in rows(place)}
    assert {True} == {1 <= row["provenance"]["reward"] <= 10 for row in rows(place)}


async def test_a_user_simulator_is_not_called_magpie(tmp_path: Path, server: ModelServer) -> None:
    """It asks chats only, and every row says what it is."""
    _, place = await made(tmp_path, server.base_url, {"count": 4, "mode": "user-simulator"})

    assert {("user-simulator", True)} == {
        (row["provenance"]["recipe"], row["provenance"]["not_magpie"]) for row in rows(place)
    }
    assert {"/v1/chat/completions"} == set(server.paths)


async def test_the_template_of_an_unknown_model_is_had_from_the_server(tmp_path: Path, server: ModelServer) -> None:
    """And where the server does not tell it, the person must."""
    _, place = await made(tmp_path, server.base_url, {"count": 4}, model="mystery")
    assert {"server"} == {row["provenance"]["template"] for row in rows(place)}

    server.respond = Talker(template=False)
    with pytest.raises(UsageError, match="tells its chat template"):
        await made(tmp_path / "other", server.base_url, {"count": 4}, model="mystery")


def test_a_killed_run_goes_on_to_the_same_rows(tmp_path: Path, server: ModelServer) -> None:
    """Killed in the middle, by a signal that nobody can catch; what was paid for is not asked again."""
    part = {"count": 12, "reward": "endpoint", "answers": 2}
    _, whole = anyio.run(made, tmp_path / "whole", server.base_url, part)
    paid = server.paid
    place = create_run(settings_of(server.base_url, part), tmp_path / "cut")
    words = [sys.executable, "-m", "autoevol.optimizer", "resume", str(place), "--quiet"]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        while server.paid < paid + paid // 2:
            assert process.poll() is None
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    assert not (place / "1-magpie/dataset.jsonl").exists()
    before = server.paid
    anyio.run(run, place, QuietWatcher())

    assert _results(whole) == _results(place)
    assert before < server.paid <= 2 * paid + 6  # what was in flight when it died is asked again


async def test_rows_that_are_there_already_are_refused(tmp_path: Path, server: ModelServer) -> None:
    """Magpie would lose them."""
    (tmp_path / "seeds.jsonl").write_text('{"instruction": "Count to ten."}\n', encoding="utf-8")
    with pytest.raises(UsageError, match="from nothing"):
        await made(tmp_path, server.base_url, {"count": 2}, seeds={"source": str(tmp_path / "seeds.jsonl")})


def _results(place: Path) -> dict[str, str]:
    files = (place / "1-magpie").glob("*.jsonl")
    return {path.name: path.read_text(encoding="utf-8") for path in files}
