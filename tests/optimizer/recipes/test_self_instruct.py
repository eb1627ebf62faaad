"""Self-Instruct from seed tasks to rows, over a real server, however it is hurried or broken off."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from autoevol.optimizer.recipes.self_instruct.pool import rouge_l
from tests.model_server import ModelReply, model_server
from tests.optimizer.recipes.bootstrap_stage import begin, finish, rows_of, think
from tests.optimizer.small_run import results

_BOTH = ("/completions",)


async def test_rows_come_from_seed_tasks(tmp_path: Path) -> None:
    """As many as are wanted, each answered anew, none like another, and nothing is lost."""
    with model_server(think) as server:
        run = begin(tmp_path, server.base_url)
        ending = await finish(run)

    rows, dropped = rows_of(run), rows_of(run, "dropped")
    status = json.loads((run / "status.json").read_text(encoding="utf-8"))
    (part,) = status["parts"]
    assert ("finished", 20, 20) == (ending.state, len(rows), len({row["id"] for row in rows}))
    assert part["in"] + part["created"] == part["out"] + sum(part["dropped"].values())
    assert len(dropped) == sum(part["dropped"].values())
    assert {"similar", "keyword", "too-short"} <= set(part["dropped"])
    assert all(row["response"].startswith("The answer is") for row in rows)
    came = [row["provenance"] for row in rows]
    assert {"self-instruct"} == {each["recipe"] for each in came}
    assert all(8 == len(each["parents"]) and each["task"] and each["own_output"] for each in came)
    assert any(parent.startswith("1-self-instruct") for each in came for parent in each["parents"])
    tasks = [each["task"] for each in came]
    assert all(rouge_l(one, other) <= 0.7 for n, one in enumerate(tasks) for other in tasks[:n])
    figures = json.loads((run / "1-self-instruct" / "figures.json").read_text(encoding="utf-8"))
    assert (20, 20) == (figures["tasks"], sum(figures["rouge_l_to_nearest_seed"]["bins"]))
    assert {each["task"].split()[0].lower() for each in came} == {each["verb"] for each in figures["roots"]["top"]}


@pytest.mark.parametrize("part", [{}, {"preset": "paper"}, {"preset": "alpaca"}])
async def test_the_result_does_not_depend_on_concurrency(part: dict[str, object], tmp_path: Path) -> None:
    """One call at a time or eight: every record is the same, since admission is in the order of requests."""
    found: list[dict[str, str]] = []
    with model_server(think, _BOTH) as server:
        for concurrency in (1, 8):
            run = begin(tmp_path / str(concurrency), server.base_url, concurrency=concurrency, **part)
            assert "finished" == (await finish(run)).state
            kept = results(run)
            found.append({name: kept[name] for name in kept if name.endswith("jsonl") or "figures" in name})

    assert found[0] == found[1]
    assert 20 <= found[0]["dataset.jsonl"].count("\n")


@pytest.mark.parametrize("after", [1, 30])
async def test_broken_off_and_resumed_it_is_as_if_nothing_happened(after: int, tmp_path: Path) -> None:
    """A key that is refused in the middle stops it; going on pays for nothing twice and leaves the same records."""
    with model_server(think) as server:
        whole = begin(tmp_path / "whole", server.base_url)
        await finish(whole)
        paid = server.paid
    with model_server(think) as server:
        server.faults.extend([*(None for _ in range(after)), ModelReply("no", status=401)])
        run = begin(tmp_path / "broken", server.base_url)
        stopped = await finish(run)
        again = await finish(run)
        assert paid == server.paid

    assert ("stopped", "finished") == (stopped.state, again.state)
    for name in ("dataset.jsonl", "dropped.jsonl", "1-self-instruct/figures.json"):
        assert results(whole)[name] == results(run)[name]


async def test_killed_in_the_middle_it_ends_the_same(tmp_path: Path) -> None:
    """SIGKILL to the process while answers are under way; only what was not journaled is asked again."""
    with model_server(think) as server:
        whole = begin(tmp_path / "whole", server.base_url)
        await finish(whole)
    with model_server(think) as server:
        run = begin(tmp_path / "killed", server.base_url)
        command = [sys.executable, "-m", "autoevol.optimizer", "resume", str(run), "--quiet"]
        with subprocess.Popen(command) as process:  # noqa: ASYNC220  our own; nothing else is at work
            server.wait_received(25, 60)
            process.kill()
        assert "finished" == (await finish(run)).state
        again = server.count

    for name in ("dataset.jsonl", "dropped.jsonl", "1-self-instruct/figures.json"):
        assert results(whole)[name] == results(run)[name]
    assert again <= 77 + 8


async def test_a_raw_model_is_asked_as_published(tmp_path: Path) -> None:
    """A numbered list that breaks off after the ninth number, few-shot examples before a task; seeds are rows, too."""
    with model_server(think, _BOTH) as server:
        run = begin(tmp_path, server.base_url, preset="official-code", count=4)
        await finish(run)
        bodies = server.bodies

    lists = [body for body in bodies if body["prompt"].endswith("\n9.")]
    sorting = [body for body in bodies if body["prompt"].endswith("One of a few labels?")]
    assert lists
    assert (0.7, 0.5, 2.0, 1024) == tuple(
        lists[0][name] for name in ("temperature", "top_p", "presence_penalty", "max_tokens")
    )
    assert (12, 19) == tuple(sorting[0]["prompt"].count(f"labels? {word}\n") for word in ("Yes", "No"))
    rows = rows_of(run)
    assert [f"seed-{n:06d}" for n in range(1, 13)] == [row["id"] for row in rows[:12]]
    assert {"1-self-instruct-000001.i1", "1-self-instruct-000001.i2"} <= {row["id"] for row in rows}


async def test_a_generator_without_ideas_ends_the_run(tmp_path: Path) -> None:
    """It says how far it came, and keeps the answers that nobody can read."""
    with model_server(lambda body: ModelReply("I have no idea.")) as server:
        run = begin(tmp_path, server.base_url, patience=3)
        ending = await finish(run)

    assert "finished" == ending.state
    assert "Only 0 of 20 tasks were made: the last 3 calls in a row gave none that is new." in ending.summary
    assert {"unreadable"} == {row["reason"] for row in rows_of(run, "dropped")}
    assert "I have no idea." == rows_of(run, "dropped")[0]["detail"]
