"""The embedded model, really loaded and really asked: concurrent, kept to itself, silent, gone when we are."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest
from anyio import to_thread

from autoevol.agents.gateway.engine.local_engine import LocalEngine, engine
from autoevol.agents.gateway.engine.model_files import locate
from autoevol.agents.gateway.errors import ModelFileError, UsageError

pytestmark = pytest.mark.model

RULES = " ".join(f"Rule {number}: keep the number {number * 7} as it is." for number in range(10))


def post(base_url: str, key: str, body: Mapping[str, object]) -> tuple[int, dict[str, Any]]:
    """Status and JSON of one chat completion."""
    request = urllib.request.Request(f"{base_url}/chat/completions", json.dumps(body).encode())
    request.add_header("Content-Type", "application/json")
    request.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def question(text: str, **more: object) -> dict[str, object]:
    """A short call."""
    turns = [{"role": "system", "content": RULES}, {"role": "user", "content": text}]
    return {"messages": turns, "max_tokens": 12, "temperature": 0, "seed": 1, **more}


async def ask(running: LocalEngine, body: Mapping[str, object]) -> tuple[int, dict[str, Any]]:
    """One chat completion, without blocking the loop."""
    return await to_thread.run_sync(post, running.base_url, running.key, body)


def words(answer: tuple[int, dict[str, Any]]) -> str:
    """The text of an answer."""
    return str(answer[1]["choices"][0]["message"]["content"])


async def test_serves_calls_side_by_side(smollm2: str) -> None:
    """More calls than slots are all answered, under the model's name; a call alone gets the same words each time."""
    bodies = [question(f"Name {number} fruits.") for number in range(2, 6)]
    beside: dict[int, tuple[int, dict[str, Any]]] = {}

    async with engine(smollm2, 2, context=1024) as running:
        alone = [words(await ask(running, bodies[0])) for _ in range(3)]

        async def ask_into(place: int) -> None:
            beside[place] = await ask(running, bodies[place])

        async with anyio.create_task_group() as group:
            for place in range(len(bodies)):
                group.start_soon(ask_into, place)

    assert [200] * 4 == [status for status, _ in beside.values()]
    assert {smollm2} == {answer["model"] for _, answer in beside.values()}
    assert all(words(answer) for answer in beside.values())
    # Beside others it may get others: sums are grouped differently, and a tie falls the other way.
    assert 1 == len(set(alone[1:]))


async def test_a_shared_beginning_is_computed_once(smollm2: str) -> None:
    """The second call of the same role reads the role's text from the cache, and is told so."""
    async with engine(smollm2, 2, context=1024) as running:
        _, first = await ask(running, question("Name two fruits."))
        _, second = await ask(running, question("Count to three."))

    assert 0 == first["usage"]["prompt_tokens_details"]["cached_tokens"]
    assert second["usage"]["prompt_tokens_details"]["cached_tokens"] > second["usage"]["prompt_tokens"] * 0.8


async def test_refuses_a_wrong_key(smollm2: str) -> None:
    """Another program of this machine cannot use the model, and the key is not shown by accident."""
    async with engine(smollm2, 1, context=512) as running:
        status, _ = await to_thread.run_sync(post, running.base_url, "guess", question("Hello"))

    assert 401 == status
    assert running.key not in repr(running)


async def test_a_prompt_over_the_context_is_told(smollm2: str) -> None:
    """Too long is a 400 with a reason, not a cut prompt."""
    async with engine(smollm2, 1, context=512) as running:
        status, answer = await ask(running, question("apple " * 600))

    assert 400 == status
    assert "exceed_context_size_error" == answer["error"]["type"]


async def test_two_engines_at_once(smollm2: str) -> None:
    """Each has its own address and key; ending one leaves the other."""
    async with engine(smollm2, 1, context=512) as first:
        async with engine(smollm2, 1, context=512) as second:
            assert first.base_url != second.base_url
            assert 401 == (await to_thread.run_sync(post, second.base_url, first.key, question("Hello")))[0]
        assert 200 == (await ask(first, question("Hello")))[0]


async def test_ends_while_a_call_is_under_way(smollm2: str) -> None:
    """Leaving does not wait for the answer; the one who waits for it is told."""
    async with engine(smollm2, 1, context=2048) as running:
        stream = await to_thread.run_sync(open_stream, running.base_url, running.key)
    try:
        await to_thread.run_sync(read_to_the_end, stream)
    finally:
        stream.close()

    await to_thread.run_sync(wait_until_refused, running.base_url)


async def test_is_silent(smollm2: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither loading, nor serving, nor refusing, nor ending writes on the terminal."""
    async with engine(smollm2, 2, context=512) as running:
        await ask(running, question("Hello"))
        await ask(running, question("apple " * 600))

    assert ("", "") == tuple(capfd.readouterr())


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_nothing_is_left_behind(smollm2: str, end: signal.Signals) -> None:
    """However the program ends, the model's process ends with it, in the middle of a generation."""
    program = f"""
import anyio
from autoevol.agents.gateway.engine.local_engine import engine
async def main():
    async with engine({smollm2!r}, 1, context=2048) as running:
        print(running.base_url, running.key, flush=True)
        await anyio.sleep_forever()
anyio.run(main)
"""
    user = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert user.stdout is not None
    base_url, key = user.stdout.readline().split()
    stream = open_stream(base_url, key)

    os.kill(user.pid, end)
    read_to_the_end(stream)
    stream.close()
    user.communicate()

    wait_until_refused(base_url)
    assert -end == user.returncode or end == signal.SIGINT


async def test_a_broken_file_is_told_in_words(smollm2: str, tmp_path: Path) -> None:
    """A model file that ends early is refused with what llama.cpp says about it."""
    broken = tmp_path / "broken.gguf"
    with locate(smollm2).open("rb") as whole:
        broken.write_bytes(whole.read(4_000_000))

    with pytest.raises(ModelFileError, match=r"broken\.gguf cannot be loaded: .*corrupted or incomplete"):
        async with engine(str(broken), 1, context=512):
            pass


async def test_the_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the error names the command that brings it."""
    monkeypatch.setitem(sys.modules, "xllamacpp", None)

    with pytest.raises(UsageError, match=r"pip install 'autoevol\[local\]'"):
        async with engine("smollm2-135m"):
            pass


def open_stream(base_url: str, key: str) -> socket.socket:
    """Ask for a long answer and read its beginning, so that a generation is under way."""
    host, port = base_url.removeprefix("http://").removesuffix("/v1").split(":")
    body = json.dumps(question("Write a long story.", max_tokens=1500, stream=True, ignore_eos=True)).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    stream = socket.create_connection((host, int(port)))
    stream.sendall(head.encode() + body)
    assert stream.recv(15).startswith(b"HTTP/1.1 200")
    return stream


def read_to_the_end(stream: socket.socket) -> None:
    """Read until the other side is gone; the answer must not be whole."""
    end = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := stream.recv(65536):
            end = (end + piece)[-200:]
    assert b"[DONE]" not in end


def wait_until_refused(base_url: str) -> None:
    """Connect until nobody listens there any more: a process that ends closes its sockets one by one."""
    host, port = base_url.removeprefix("http://").removesuffix("/v1").split(":")
    while True:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) != 0:
                return
            with contextlib.suppress(ConnectionResetError):
                probe.recv(1)
