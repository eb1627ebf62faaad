"""A process with an open gateway dies: SIGKILL at any moment, or Ctrl-C."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from autoevol.agents.gateway.books.journal import CallRecord, Journal, read_calls
from autoevol.agents.gateway.outcomes import Outcome
from tests.model_server import Body, ModelReply, ModelServer, body_hash, echo, model_server

JOB = textwrap.dedent("""
    import sys, anyio
    from pathlib import Path
    from autoevol.agents.gateway.endpoints import Budget, Endpoint
    from autoevol.agents.gateway.gateway import open_gateway
    from autoevol.agents.gateway.requests import Decoding, Request, Turn

    async def ask(gateway, number):
        place = f"p{number:03}"
        await gateway.ask(Request("default", "m", (Turn("user", place),), Decoding(20), 0, "evolver", place, "test"))

    async def main():
        endpoints = {"default": Endpoint(base_url=sys.argv[1], concurrency=4)}
        async with open_gateway(endpoints, Path(sys.argv[2]), Budget()) as gateway:
            async with anyio.create_task_group() as group:
                for number in range(40):
                    group.start_soon(ask, gateway, number)
            print(gateway.totals().all.calls)

    anyio.run(main)
""")


Start = Callable[[str, Path], subprocess.Popen[str]]


@pytest.fixture(scope="module")
def start() -> Generator[Start]:
    """Starts jobs; none outlives these tests."""
    with ExitStack() as stack:

        def job(base_url: str, folder: Path) -> subprocess.Popen[str]:
            command = [sys.executable, "-c", JOB, base_url, str(folder)]
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield job


@pytest.fixture(scope="module")
def echoing() -> Generator[ModelServer]:
    """One server for all: its address is on record with every call."""
    with model_server() as server:
        yield server


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, start: Start, echoing: ModelServer) -> Path:
    """The folder of a job that nothing befell."""
    folder = tmp_path_factory.mktemp("whole")
    start(echoing.base_url, folder).communicate(timeout=50)
    return folder


def _records(folder: Path) -> list[CallRecord | Outcome]:
    """Everything that is recorded, times apart."""
    with Journal(folder, read_only=True) as journal:
        calls = [replace(call, seconds=0) for call in read_calls(folder)]
        found = [journal.lookup(call.key) for call in calls]
    return [*calls, *(replace(each.outcome, seconds=0) for each in found if each is not None)]


@pytest.mark.parametrize("after", [1, 3, 17, 38])
def test_a_killed_job_pays_nothing_finished_again(
    tmp_path: Path, start: Start, echoing: ModelServer, whole: Path, after: int
) -> None:
    """Killed once the server has had so many calls: what was recorded is not sent again, and the rest is the same."""
    while echoing.received.acquire(blocking=False):
        pass
    earlier = len(echoing.bodies)
    job = start(echoing.base_url, tmp_path)
    echoing.wait_received(after)
    job.send_signal(signal.SIGKILL)
    job.communicate()
    finished = {call.place for call in read_calls(tmp_path)}
    sent_before = [str(body["messages"][0]["content"]) for body in echoing.bodies[earlier:]]
    out, _ = start(echoing.base_url, tmp_path).communicate(timeout=50)
    sent_again = {str(body["messages"][0]["content"]) for body in echoing.bodies[earlier + len(sent_before) :]}

    killed = _records(tmp_path)
    assert set() == finished & sent_again
    assert _records(whole) == killed
    assert 80 == len(killed)
    assert len(sent_before) <= int(out) - len(sent_again) <= len(sent_before) + 4


def test_ctrl_c_ends_at_once_and_the_run_can_go_on(tmp_path: Path, start: Start) -> None:
    """No attempt follows, the lock is free, nothing is printed by what was cut off."""
    hold = threading.Event()

    def respond(body: Body) -> ModelReply:
        return ModelReply(echo(body).text, hold=hold)

    with model_server(respond) as server:
        job = start(server.base_url, tmp_path)
        server.wait_received(4)
        job.send_signal(signal.SIGINT)
        _, problem = job.communicate(timeout=20)
        assert 4 == server.count
        hold.set()
        server.respond = echo
        out, _ = start(server.base_url, tmp_path).communicate(timeout=50)
        again = {body_hash(body) for body in server.bodies}

    assert problem.rstrip().endswith("KeyboardInterrupt")
    assert "never retrieved" not in problem
    assert "Unclosed" not in problem
    assert 44 == int(out)
    assert 40 == len(again)
