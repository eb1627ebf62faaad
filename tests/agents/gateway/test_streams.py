"""Streams of requests: pulled as capacity appears, answered in order."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import anyio
import pytest

from autoevol.agents.gateway.endpoints import Budget, Endpoint
from autoevol.agents.gateway.errors import BudgetReached
from autoevol.agents.gateway.gateway import Gateway, Parts, open_gateway
from autoevol.agents.gateway.outcomes import Answer
from autoevol.agents.gateway.requests import Decoding, Request, Turn
from autoevol.agents.gateway.simulated.scripted import ScriptedModel
from tests.model_server import Body, ModelReply, model_server


class _Source:
    """Numbered requests, and how many were pulled."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.pulled = 0
        self.closed = False

    async def __aiter__(self) -> AsyncGenerator[Request]:
        try:
            for number in range(self.number):
                self.pulled += 1
                yield Request("default", "m", (Turn("user", f"q{number}"),), Decoding(20), place=f"{number:06}")
        finally:
            self.closed = True


def _echo(request: Request) -> str:
    return request.turns[-1].text


def _open(folder: Path, budget: Budget | None = None, concurrency: int = 4) -> AbstractAsyncContextManager[Gateway]:
    endpoint = Endpoint(script="unused", concurrency=concurrency)
    parts = Parts(callers={"default": ScriptedModel(_echo)})
    return open_gateway({"default": endpoint}, folder, budget or Budget(), parts=parts)


async def test_outcomes_come_in_the_order_of_the_requests(tmp_path: Path) -> None:
    """However the answers come."""
    release = {name: threading.Event() for name in ("q0", "q1", "q2")}

    def respond(body: Body) -> ModelReply:
        text = str(body["messages"][0]["content"])
        if text == "q2":
            release["q1"].set()
        if text == "q3":
            release["q0"].set()
        return ModelReply(text, hold=release.get(text) if text != "q2" else None)

    with model_server(respond) as server:
        endpoints = {"default": Endpoint(base_url=server.base_url, concurrency=4)}
        async with open_gateway(endpoints, tmp_path, Budget(), on_notice=lambda _: None) as gateway:
            said = [outcome.text async for outcome in gateway.stream(_Source(30)) if isinstance(outcome, Answer)]

    assert [f"q{number}" for number in range(30)] == said


async def test_a_request_is_pulled_only_when_there_is_capacity(tmp_path: Path) -> None:
    """A million requests are neither a million tasks nor a million records."""
    hold = threading.Event()
    source = _Source(1_000_000)
    with model_server(lambda _: ModelReply("x", hold=hold)) as server:
        endpoints = {"default": Endpoint(base_url=server.base_url, concurrency=4)}
        async with open_gateway(endpoints, tmp_path, Budget(), on_notice=lambda _: None) as gateway:
            async with gateway.stream(source) as outcomes, anyio.create_task_group() as group:
                group.start_soon(anext, outcomes)
                await anyio.to_thread.run_sync(server.wait_received, 4)
                await anyio.wait_all_tasks_blocked()
                assert gateway.capacity == source.pulled
                hold.set()
            assert source.closed
            assert source.pulled < 100

    assert server.count < 100


async def test_leaving_early_ends_what_was_pulled(tmp_path: Path) -> None:
    """The source is closed and no task of the stream is left; what is out lands by itself or ends with the gateway."""
    source = _Source(1000)
    before = len(anyio.get_running_tasks())
    async with _open(tmp_path) as gateway:
        async with gateway.stream(source) as outcomes:
            async for outcome in outcomes:
                assert isinstance(outcome, Answer)
                if outcome.text == "q9":
                    break
        assert not [task for task in anyio.get_running_tasks() if "stream" in (task.name or "").lower()]

    assert before == len(anyio.get_running_tasks())
    assert source.closed
    assert source.pulled < 100


async def test_an_error_comes_at_its_place(tmp_path: Path) -> None:
    """What was finished before it is given first; then nothing more is pulled."""
    source = _Source(1000)
    said: list[object] = []

    async def read(gateway: Gateway) -> None:
        async for outcome in gateway.stream(source):
            said.append(outcome)  # noqa: PERF401 - what came before the error is looked at

    async with _open(tmp_path, Budget(calls=7), 1) as gateway:
        with pytest.raises(BudgetReached):
            await read(gateway)

    assert 7 == len(said)
    assert source.closed
    assert source.pulled < 50


async def test_an_error_of_the_source_reaches_who_reads(tmp_path: Path) -> None:
    """After the outcomes before it, as it is."""

    async def broken() -> AsyncGenerator[Request]:
        yield Request("default", "m", (Turn("user", "fine"),), Decoding(20))
        raise KeyError("source")

    said: list[object] = []

    async def read(gateway: Gateway) -> None:
        async for outcome in gateway.stream(broken()):
            said.append(outcome)  # noqa: PERF401 - what came before the error is looked at

    async with _open(tmp_path) as gateway:
        with pytest.raises(KeyError, match="source"):
            await read(gateway)

    assert 1 == len(said)


async def test_nothing_to_ask_is_no_outcome(tmp_path: Path) -> None:
    """An empty source ends at once; a stream that is never read pulls nothing."""
    unread = _Source(5)
    async with _open(tmp_path) as gateway:
        assert [] == [outcome async for outcome in gateway.stream(_Source(0))]
        async with gateway.stream(unread):
            pass

    assert 0 == unread.pulled
