"""Runs that go wrong, on a real server: one clear sentence, the right exit code, and nothing finished is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.books.journal import read_calls
from autoevol.agents.method_file import load_method
from autoevol.optimizer.cli import autoevol
from autoevol.optimizer.cli.boundary import guard
from tests.actors import act
from tests.model_server import Body, ModelReply, ModelServer, model_server
from tests.optimizer.calling import KEY, Call, decent
from tests.optimizer.small_run import evolve_with, only_run, optimize_with, results, write_config


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The results of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("whole")
    with model_server(act) as server:
        config = write_config(folder, server.base_url)
        assert 0 == guard(autoevol, [*optimize_with(config), "--runs", str(folder / "runs")])
    left = results(only_run(folder))
    assert {"dataset.jsonl", "dropped.jsonl", "method.md", "messages.jsonl", "test/confirmation.json"} <= set(left)
    return left


# ---------------------------------------------------------------- before anything is spent


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--profile", "nosuch"], "nosuch"),
        (["--method", "broken.md"], "broken.md breaks the contract: clause 1 holds a tag"),
        (["--method", "binary.md"], "binary.md is not UTF-8 text"),
        (["--method", "empty.md"], "empty.md breaks the contract: it has no clauses"),
        (["--config", "nothing.toml"], "nothing.toml"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_made(
    call: Call, config: Path, server: ModelServer, tmp_path: Path, more: list[str], words: str
) -> None:
    """Exit code 2, one line, no call, no folder."""
    (tmp_path / "broken.md").write_text("1. Put the text between <evolved> tags.\n", encoding="utf-8")
    (tmp_path / "binary.md").write_bytes(b"1. \xff\xfe\n")
    (tmp_path / "empty.md").write_text("", encoding="utf-8")

    said = call(*optimize_with(config), *more)

    assert (2, 0, "") == (said.code, server.count, said.out)
    assert words in said.err
    assert not (tmp_path / "runs").exists()


# ---------------------------------------------------------------- answers that are none


def _always(reply: ModelReply) -> Callable[[Body], ModelReply]:
    def respond(_body: Body) -> ModelReply:
        return reply

    return respond


def test_empty_answers_are_dropped_rows_and_not_an_error(call: Call, config: Path, server: ModelServer) -> None:
    """The run ends, says how many rows it made, and keeps each seed with its reason."""
    server.respond = _always(ModelReply(""))

    said = call(*evolve_with(config))

    assert 0 == said.code
    assert "3 seeds in, 0 rows out, 3 dropped" in said.out
    dropped = [json.loads(line) for line in (only_run(config.parent) / "dropped.jsonl").read_text().splitlines()]
    assert [("failed", "evolver: empty")] * 3 == [(row["reason"], row["detail"]) for row in dropped]


def test_chinese_seeds_are_evolved_by_the_method_in_chinese(call: Call, config: Path) -> None:
    """Also where nothing is searched, so that no seed was split off."""
    rows = [{"question": f"盒子里有{n + 3}个红球和{n + 5}个蓝球，一共有多少个球？"} for n in range(6)]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (config.parent / "seeds.jsonl").write_text(lines, encoding="utf-8")

    said = call(*evolve_with(config))

    assert 0 == said.code
    assert "zh" == load_method(str(only_run(config.parent))).language


@pytest.mark.parametrize("body", [b"<html>Welcome to the proxy</html>", b"", b'{"choices": "\xff"}'])
def test_an_address_that_does_not_speak_the_form_is_named(
    call: Call, config: Path, server: ModelServer, body: bytes
) -> None:
    """Nothing readable ever came: the address is wrong, not the seeds; they are not dropped for it."""
    server.respond = _always(ModelReply(body=body))

    stopped = call(*evolve_with(config))
    server.respond = act
    resumed = call("resume", "bad", "--quiet")

    assert (1, 0) == (stopped.code, resumed.code)
    assert server.base_url in stopped.err
    assert "autoevol resume" in stopped.err
    assert not list(only_run(config.parent).glob("dropped.jsonl.part"))


def test_one_answer_that_is_not_json_is_asked_again(
    call: Call, config: Path, server: ModelServer, whole: dict[str, str]
) -> None:
    """A proxy's error page in the middle of a run changes nothing."""
    server.faults.extend([None, None, None, None, ModelReply(body=b"<html>busy</html>")])

    said = call(*optimize_with(config), "--set", "endpoints.default.patience_s=30")

    assert 0 == said.code
    assert whole == results(only_run(config.parent))


# ---------------------------------------------------------------- stopped, and continued


def _no_money(key: str) -> ModelReply:
    error = {"message": f"You exceeded your current quota, {key}", "code": "insufficient_quota"}
    return ModelReply(status=429, body=json.dumps({"error": error}).encode())


@pytest.mark.parametrize("after", [0, 17, 60])
def test_a_quota_that_ends_in_the_middle_loses_nothing(
    call: Call, config: Path, server: ModelServer, whole: dict[str, str], after: int
) -> None:
    """Exit code 1 and a sentence; once there is money the run goes on, pays nothing twice and ends the same."""
    server.faults.extend([*[None] * after, *[_no_money(KEY)] * 50])

    stopped = call(*optimize_with(config))
    server.faults.clear()
    resumed = call("resume", "bad", "--quiet")

    assert (1, "", 0) == (stopped.code, stopped.out, resumed.code)
    assert "no money or quota left" in stopped.err
    assert "Continue with: autoevol resume" in stopped.err
    assert {1} == set(server.answered.values())
    assert whole == results(only_run(config.parent))


def test_every_cap_stops_cleanly_and_a_raised_one_ends_as_if_nothing_had_been(
    call: Call, config: Path, server: ModelServer, whole: dict[str, str]
) -> None:
    """Raised again and again, the run gets a little further each time, and never over the cap."""
    said = call(*optimize_with(config), "--budget", "5calls")
    caps = [5]
    while said.code:
        assert "budget" in said.err
        assert server.count <= caps[-1]
        assert len(caps) < 12
        caps.append(caps[-1] + 25)
        said = call("resume", "bad", "--budget", f"{caps[-1]}calls", "--quiet")

    assert len(caps) > 3
    assert {1} == set(server.answered.values())
    assert whole == results(only_run(config.parent))


def test_a_record_that_cannot_be_written_stops_the_run_with_its_name(
    call: Call, config: Path, server: ModelServer, whole: dict[str, str]
) -> None:
    """A file stands where the steps should go; out of the way, the run goes on from its journal."""
    call(*optimize_with(config), "--budget", "1calls")
    steps = only_run(config.parent) / "steps"
    steps.write_text("in the way", encoding="utf-8")

    stopped = call("resume", "bad", "--budget", "9000calls", "--quiet")
    before = server.count
    steps.unlink()
    resumed = call("resume", "bad", "--budget", "9000calls", "--quiet")

    assert (1, 0) == (stopped.code, resumed.code)
    assert "steps/000" in stopped.err
    assert "cannot be" in stopped.err
    assert before > 10
    assert {1} == set(server.answered.values())
    assert whole == results(only_run(config.parent))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_run_folder_that_is_read_only_is_a_sentence(call: Call, config: Path, server: ModelServer) -> None:
    """Nothing is called for what could not be put on record."""
    call(*evolve_with(config), "--budget", "1calls")
    run, before = only_run(config.parent), server.count
    run.chmod(0o500)
    try:
        said = call("resume", "bad", "--budget", "9000calls", "--quiet")
    finally:
        run.chmod(0o700)

    assert (1, before) == (said.code, server.count)
    assert str(run.name) in said.err


@pytest.mark.parametrize("name", ["journal.sqlite", "events.jsonl", "settings.json"])
def test_a_damaged_record_is_named(call: Call, config: Path, server: ModelServer, name: str) -> None:
    """Nothing is guessed and nothing is called."""
    call(*evolve_with(config), "--budget", "3calls")
    run, before = only_run(config.parent), server.count
    (run / name).write_bytes(b"\x00 this was once a record \xff\n" * 300)
    for rest in run.glob("journal.sqlite-*"):
        rest.unlink()

    said = call("resume", "bad", "--budget", "9000calls", "--quiet")

    assert said.code in {1, 2}
    assert before == server.count
    assert name in said.err


def test_a_run_goes_on_from_another_folder_without_the_files_of_the_person(
    call: Call, config: Path, server: ModelServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Relative paths were anchored, and a method file that is gone or changed was frozen with the run."""
    (tmp_path / "mine.md").write_text("1. Add a second stage to the count.\n", encoding="utf-8")
    arguments = ["evolve", "--seeds", "seeds.jsonl", "--config", "run.json", "--method", "mine.md", "--yes", "--quiet"]
    assert 0 == call(*arguments, "--name", "plain").code
    assert 1 == call(*arguments, "--budget", "9calls", "--name", "moved").code
    (plain,), (moved,) = (list((tmp_path / "runs").glob(f"*-{name}")) for name in ("plain", "moved"))
    (tmp_path / "mine.md").write_text("1. Something else altogether.\n", encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")

    said = call("resume", moved, "--budget", "9000calls", "--quiet")

    assert 0 == said.code
    assert results(plain) == results(moved)


def test_seeds_in_another_order_are_other_seeds(call: Call, config: Path, server: ModelServer) -> None:
    """Ids are places in the file, so the run would mix them up; it is refused until the old file is back."""
    call(*evolve_with(config), "--budget", "2calls")
    seeds = config.with_name("seeds.jsonl")
    old, before = seeds.read_text(encoding="utf-8"), server.count
    seeds.write_text("".join(reversed(old.splitlines(keepends=True))), encoding="utf-8")

    refused = call("resume", "bad", "--budget", "9000calls", "--quiet")
    seeds.write_text(old, encoding="utf-8")

    assert (2, before) == (refused.code, server.count)
    assert "have changed since this run began. Put the old file back" in refused.err
    assert 0 == call("resume", "bad", "--budget", "9000calls", "--quiet").code


# ---------------------------------------------------------------- other processes


def _start(arguments: list[str], cwd: Path, program: str = "") -> subprocess.Popen[str]:
    program += "from autoevol.optimizer.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL, text=True,
    )  # fmt: skip


def test_a_second_process_on_a_run_is_refused_and_harms_nothing(
    call: Call, config: Path, server: ModelServer, whole: dict[str, str]
) -> None:
    """The first one goes on and ends as if nothing had been."""
    release = threading.Event()

    def slow(body: Body) -> ModelReply:
        reply = act(body)
        return ModelReply(reply.text, reply.finish, tokens=reply.tokens, hold=release)

    server.respond = slow
    first = _start(optimize_with(config), config.parent)
    server.wait_received(2)
    events = only_run(config.parent) / "events.jsonl"
    whole_events = events.read_bytes()
    events.write_bytes(whole_events + b'{"an event": "that is just being wri')
    second = call("resume", "bad", "--quiet")
    again = call("resume", "bad", "--quiet", "--budget", "1calls")
    under_way = events.read_bytes()
    report = events.with_name("report.html").exists()
    events.write_bytes(whole_events)
    release.set()
    _, err = first.communicate(timeout=40)

    assert {1} == {second.code, again.code}
    assert "is in use by process" in second.err
    assert (under_way.endswith(b"just being wri"), report) == (True, False)
    assert (0, "") == (first.returncode, err)
    assert {1} == set(server.answered.values())
    assert whole == results(only_run(config.parent))


@pytest.mark.parametrize("limit", [25_000, 140_000])
def test_a_disk_that_fills_up_anywhere_loses_nothing(
    config: Path, server: ModelServer, whole: dict[str, str], limit: int
) -> None:
    """Files that may not grow stand for the full disk; with room again the run ends the same."""
    limited = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY)); "
    broken = _start(optimize_with(config), config.parent, limited)
    _, err = broken.communicate(timeout=40)
    run, before = only_run(config.parent), server.count
    # So early that the journal was only just made, or in the middle.
    kept = len(list(read_calls(run / "journal.sqlite"))) if before else 0
    resumed = guard(autoevol, ["resume", str(run), "--quiet"])

    assert (1, 0) == (broken.returncode, resumed)
    decent(err)
    assert "autoevol resume" in err
    assert len(list(read_calls(run / "journal.sqlite"))) - kept == server.count - before
    assert whole == results(only_run(config.parent))


def test_records_that_were_deleted_are_made_again(
    call: Call, config: Path, server: ModelServer, whole: dict[str, str]
) -> None:
    """Settings, journal and events are the truth; all else is rebuilt from them without a call."""
    call(*optimize_with(config))
    run, before = only_run(config.parent), server.count
    for path in list(run.iterdir()):
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in {"settings.json", "journal.sqlite", "events.jsonl"}:
            path.unlink()

    said = call("resume", "bad", "--quiet")

    assert (0, before) == (said.code, server.count)
    assert whole == results(run)


def test_no_file_of_any_of_this_holds_the_key(call: Call, config: Path, server: ModelServer, tmp_path: Path) -> None:
    """Not in records, nor in what was quoted from a server that repeats it."""
    server.faults.extend([None, None, ModelReply(status=400, text=f"bad {KEY}"), *[_no_money(KEY)] * 20])

    call(*evolve_with(config, seeds=6))
    server.faults.clear()
    call("resume", "bad", "--quiet")

    files: list[Any] = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) > 5
    assert [] == [path for path in files if KEY.encode() in path.read_bytes()]
