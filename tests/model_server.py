"""A model server for tests: real HTTP on loopback, OpenAI chat form, answers that are functions of the body.

    with model_server(lambda body: ModelReply("an answer")) as server:
        endpoint = Endpoint(base_url=server.base_url)
        ...
        assert 3 == server.count

It runs in a thread with an event loop of its own, so it serves the test's process and any process that the test starts.
Faults are put in front of the answers: each request takes the next of `server.faults` before `respond` is asked. Good
answers announce a limit that no test reaches, unless their own headers say something about limits.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, cast

__all__ = ["Body", "ModelReply", "ModelServer", "body_hash", "echo", "model_server"]

Body = dict[str, Any]

# Where nothing is announced, the gateway looks for the limit from four calls a second on, and a test would wait for it.
_AMPLE = {"x-ratelimit-limit-requests-minute": "60000"}


@dataclass(frozen=True)
class ModelReply:
    """What the server sends back.

    Args:
        text: the content of the message; None sends `null`.
        finish: the finish reason.
        status: the HTTP status; any other than 200 sends `body`, or an error object with `text` as its message.
        headers: further headers.
        body: sent as it is instead of a completion.
        reasoning: sent as `reasoning_content` where it is not None.
        tokens: (input, output) as reported; None reports words; an empty tuple reports nothing.
        message, usage: further fields of the message and of the usage.
        hold: nothing is sent before this event is set.
        cut: `reset` closes the connection without an answer, `half` in the middle of the body.
    """

    text: str | None = "ok"
    finish: str | None = "stop"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes | None = None
    reasoning: str | None = None
    tokens: tuple[int, ...] | None = None
    message: Mapping[str, object] = field(default_factory=dict[str, object])
    usage: Mapping[str, object] = field(default_factory=dict[str, object])
    hold: threading.Event | None = None
    cut: Literal["", "reset", "half"] = ""


Respond = Callable[[Body], ModelReply]


def body_hash(body: Body) -> str:
    """16 hex digits that name a request body."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]


def echo(body: Body) -> ModelReply:
    """Say the last turn again, with the name of the whole body, so that two bodies never get the same answer."""
    return ModelReply(f"{body['messages'][-1]['content']} [{body_hash(body)}]")


class ModelServer:
    """A running server and what it saw. Lists grow in the order of arrival.

    Attributes:
        base_url: address for `Endpoint.base_url`.
        bodies: every body received, also those that were answered by a fault.
        headers, paths: the headers of each, names in lower case, and its path.
        answered: how often each body (by `body_hash`) was answered with status 200 and a whole body.
        faults: replies sent before `respond` is asked; None lets a request through.
        in_flight, peak: requests being answered now, and the most at once.
    """

    def __init__(self, respond: Respond, served: tuple[str, ...]) -> None:
        self.respond = respond
        self.served = served
        self.bodies: list[Body] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self.answered: Counter[str] = Counter()
        self.faults: deque[ModelReply | None] = deque()
        self.in_flight = 0
        self.peak = 0
        self.base_url = ""
        self.received = threading.Semaphore(0)
        self._closing = asyncio.Event()

    @property
    def count(self) -> int:
        """Requests received, faults included."""
        return len(self.bodies)

    @property
    def paid(self) -> int:
        """Requests that were answered with status 200 and a whole body: what a provider would charge for."""
        return sum(self.answered.values())

    def wait_received(self, calls: int, timeout: float = 20) -> None:
        """Wait in a test's thread until so many more requests have come in."""
        for _ in range(calls):
            assert self.received.acquire(timeout=timeout), "the model server got no request"

    async def serve(self, ready: threading.Event) -> None:
        """Serve until `close`."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=2**24)
        self.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        ready.set()
        await self._closing.wait()
        server.close()

    def close(self) -> None:
        """Stop serving; called in the server's own thread."""
        self._closing.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while not self._closing.is_set() and await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False when the connection is not used again."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        raw = await reader.readexactly(int(headers.get("content-length", "0")))
        if method != "POST" or not path.partition("?")[0].endswith(self.served):
            return await self._send(writer, 404, {}, _error("no such address"))
        body = cast("Body", json.loads(raw))
        self.bodies.append(body)
        self.headers.append(headers)
        self.paths.append(path)
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        self.received.release()
        try:
            reply = (self.faults.popleft() if self.faults else None) or self.respond(body)
            return await self._reply(writer, body, reply)
        finally:
            self.in_flight -= 1

    async def _reply(self, writer: asyncio.StreamWriter, body: Body, reply: ModelReply) -> bool:
        # The event belongs to the test's thread, so it cannot be awaited here.
        while reply.hold is not None and not reply.hold.is_set() and not self._closing.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.002)
        if reply.cut == "reset":
            return False
        content = reply.body
        if content is None:
            content = _completion(body, reply) if reply.status == 200 else _error(reply.text or "")
        if reply.cut == "half":
            await self._send(writer, reply.status, reply.headers, content, only=len(content) // 2)
            return False
        if reply.status == 200:
            self.answered[body_hash(body)] += 1
        names = "".join(reply.headers).lower()
        announced = _AMPLE if reply.status == 200 and "ratelimit" not in names else {}
        return await self._send(writer, reply.status, {**announced, **reply.headers}, content)

    async def _send(
        self,
        writer: asyncio.StreamWriter,
        status: int,
        headers: Mapping[str, str],
        content: bytes,
        only: int | None = None,
    ) -> bool:
        lines = {"content-type": "application/json", "content-length": str(len(content)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        writer.write(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode("latin-1") + content[:only])
        await writer.drain()
        return True


def _completion(body: Body, reply: ModelReply) -> bytes:
    words = sum(len(str(turn["content"]).split()) for turn in body["messages"])
    tokens = (words, len((reply.text or "").split())) if reply.tokens is None else reply.tokens
    message: dict[str, object] = {"role": "assistant", "content": reply.text, **reply.message}
    if reply.reasoning is not None:
        message["reasoning_content"] = reply.reasoning
    completion: dict[str, object] = {
        "id": body_hash(body),
        "object": "chat.completion",
        "model": body.get("model", ""),
        "system_fingerprint": "test",
        "choices": [{"index": 0, "message": message, "finish_reason": reply.finish}],
    }
    if tokens:
        completion["usage"] = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], **reply.usage}
    return json.dumps(completion).encode()


def _error(message: str) -> bytes:
    return json.dumps({"error": {"message": message, "type": "error", "code": None}}).encode()


@contextmanager
def model_server(respond: Respond = echo, served: tuple[str, ...] = ("/chat/completions",)) -> Generator[ModelServer]:
    """A server on a free port of loopback, for as long as the block lasts; other paths than those served are 404."""
    server = ModelServer(respond, served)
    ready = threading.Event()
    loop = asyncio.new_event_loop()

    def live() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(server.serve(ready))

    thread = threading.Thread(target=live, name="model-server", daemon=True)
    thread.start()
    assert ready.wait(10), "the model server did not start"
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(server.close)
        thread.join(10)
