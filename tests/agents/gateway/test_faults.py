"""Everything that goes wrong with a call, over a real server and with a clock that jumps."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import socket
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from autoevol.agents.gateway.books.journal import read_calls
from autoevol.agents.gateway.endpoints import Budget, Endpoint, Price
from autoevol.agents.gateway.errors import (
    AccessDenied,
    AutoEvolError,
    EndpointDown,
    QuotaSpent,
    SessionStopped,
    StorageError,
    UnknownModel,
)
from autoevol.agents.gateway.gateway import Gateway, Parts, open_gateway
from autoevol.agents.gateway.outcomes import Answer, NoAnswer
from autoevol.agents.gateway.requests import Decoding, Request, Turn
from tests.clocks import JumpingClock
from tests.model_server import Body, ModelReply, ModelServer, echo, model_server


def _request(text: str = "hello") -> Request:
    return Request("default", "m", (Turn("user", text),), Decoding(20), 0, "evolver", text, "test")


def _endpoints(server: ModelServer | str, **more: object) -> dict[str, Endpoint]:
    address = server if isinstance(server, str) else server.base_url
    return {
        "default": Endpoint.model_validate({"base_url": address, "prices": {"m": Price(input=0, output=0)}, **more})
    }


def _error(status: int, message: str = "", *, code: str | None = None, **headers: str) -> ModelReply:
    body = json.dumps({"error": {"message": message, "code": code}}).encode()
    return ModelReply(
        status=status, body=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def _text(body: Body) -> str:
    return str(body["messages"][-1]["content"])


async def _stopped(gateway: Gateway, text: str, by: type[AutoEvolError]) -> None:
    with pytest.raises(by):
        await gateway.ask(_request(text))


def _broken(_: Body) -> ModelReply:
    return _error(500, "boom")


class _Tried:
    """One gateway on a jumping clock, and what it said."""

    def __init__(self) -> None:
        self.clock = JumpingClock()
        self.notices: list[str] = []

    def open(
        self, server: ModelServer | str, folder: Path, budget: Budget | None = None, **more: object
    ) -> AbstractAsyncContextManager[Gateway]:
        return open_gateway(
            _endpoints(server, **more), folder, budget or Budget(), on_notice=self.notices.append,
            parts=Parts(clock=self.clock),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "reply"),
    [
        (AccessDenied, _error(401, "wrong key")),
        (AccessDenied, _error(403, "not allowed")),
        (UnknownModel, _error(404, "no such model")),
        (QuotaSpent, _error(429, "no money", code="insufficient_quota", retry_after="1")),
        (QuotaSpent, _error(402, "no money")),
    ],
)
async def test_what_no_other_call_can_escape_stops_the_session(
    tmp_path: Path, expected: type[SessionStopped], reply: ModelReply
) -> None:
    """After exactly one call; the queue is not sent; the sentence names the endpoint."""
    tried = _Tried()
    with model_server(lambda _: reply) as server:
        async with tried.open(server, tmp_path, concurrency=1) as gateway:
            raised: list[AutoEvolError] = []

            async def ask(text: str) -> None:
                try:
                    await gateway.ask(_request(text))
                except SessionStopped as error:
                    raised.append(error)

            async with anyio.create_task_group() as group:
                for number in range(10):
                    group.start_soon(ask, f"q{number}")

    assert 1 == server.count
    assert [expected] * 10 == [type(error) for error in raised]
    assert all("'default'" in error.problem and error.fix for error in raised)
    assert [] == list(read_calls(tmp_path))


@pytest.mark.parametrize(
    ("expected", "reply"),
    [
        ("bad_request", _error(400, "unsupported parameter")),
        ("bad_request", _error(422, "no")),
        ("context_too_long", _error(400, "the request exceeds the context size", code="exceed_context_size_error")),
        ("context_too_long", _error(413, "")),
        ("content_filter", _error(400, "", code="content_filter")),
        ("content_filter", ModelReply("no", finish="content_filter")),
        ("empty", ModelReply("")),
        ("empty", ModelReply(None)),
    ],
)
async def test_what_is_wrong_with_the_call_is_its_outcome(tmp_path: Path, expected: str, reply: ModelReply) -> None:
    """One call each, recorded, and not made again."""
    tried = _Tried()
    with model_server(lambda _: reply) as server:
        for _ in range(2):
            async with tried.open(server, tmp_path) as gateway:
                outcome = await gateway.ask(_request())
                assert isinstance(outcome, NoAnswer)
                assert expected == outcome.reason

    assert 1 == server.count
    assert [expected] == [call.kind for call in read_calls(tmp_path)]


@pytest.mark.parametrize(
    "fault",
    [
        _error(500, "boom"),
        _error(503, "full"),
        _error(529, "full"),
        ModelReply(cut="reset"),
        ModelReply("x" * 5000, cut="half"),
        ModelReply(body=b"<html>"),
        ModelReply(body=b""),
        ModelReply(body=b"garbage", headers={"content-encoding": "gzip"}),
        ModelReply(status=200, body=b'{"error": {"message": "upstream"}}'),
    ],
    ids=["500", "503", "529", "reset", "half", "html", "nothing", "gzip", "error-in-200"],
)  # fmt: skip
async def test_a_fault_that_passes_is_tried_again(tmp_path: Path, fault: ModelReply) -> None:
    """With a wait, and the row is an answer."""
    tried = _Tried()
    with model_server() as server:
        server.faults.append(fault)
        async with tried.open(server, tmp_path, concurrency=4) as gateway:
            outcome = await gateway.ask(_request())
            totals = gateway.totals().all

    assert isinstance(outcome, Answer)
    assert 2 == server.count == totals.calls
    assert 1 == len(tried.clock.waits)
    assert 0.25 <= tried.clock.waits[0] <= 0.5


async def test_a_rate_limit_uses_up_no_try(tmp_path: Path) -> None:
    """Twenty in a row, each with the wait that the provider asks for, in any of its forms."""
    tried = _Tried()
    with model_server() as server:
        server.faults.extend([_error(429, "slow", retry_after_ms="1500", retry_after="9")] * 10)
        server.faults.extend([_error(429, "slow", retry_after="7")] * 10)
        async with tried.open(server, tmp_path, concurrency=4) as gateway:
            outcome = await gateway.ask(_request())

    assert isinstance(outcome, Answer)
    assert 21 == server.count
    assert 10 * 1.5 + 10 * 7 <= tried.clock.time


async def test_a_rate_limit_without_a_word_waits_longer_each_time(tmp_path: Path) -> None:
    """With jitter, up to a minute."""
    tried = _Tried()
    with model_server() as server:
        server.faults.extend([_error(429)] * 9)
        async with tried.open(server, tmp_path, concurrency=4) as gateway:
            await gateway.ask(_request())

    longest = [min(60, 2**number) for number in range(9)]
    assert 10 == server.count
    assert sum(longest) / 2 <= tried.clock.time <= 2 * sum(longest)


async def test_nothing_but_rate_limits_ends_the_patience(tmp_path: Path) -> None:
    """The session stops with a sentence, not after days."""
    tried = _Tried()
    with model_server(lambda _: _error(429, retry_after="100")) as server:
        async with tried.open(server, tmp_path) as gateway:
            with pytest.raises(EndpointDown, match="too many requests"):
                await gateway.ask(_request())

    assert server.count < 15


async def test_a_call_that_fails_while_others_succeed_is_unanswerable(tmp_path: Path) -> None:
    """After six tries; it is recorded and counts; the others are not held up."""
    tried = _Tried()

    def respond(body: Body) -> ModelReply:
        return _error(500, "poison") if _text(body) == "poison" else echo(body)

    with model_server(respond) as server:
        async with tried.open(server, tmp_path) as gateway:
            assert isinstance(await gateway.ask(_request("good")), Answer)
            outcome = await gateway.ask(_request("poison"))
            assert isinstance(await gateway.ask(_request("also good")), Answer)
        texts = [_text(body) for body in server.bodies]

    assert isinstance(outcome, NoAnswer)
    assert ("unanswerable", 6) == (outcome.reason, texts.count("poison"))
    assert 1 <= texts.count("ping") <= 4
    assert [] == tried.notices
    assert ["answer", "answer", "unanswerable"] == [call.kind for call in read_calls(tmp_path)]


async def test_an_answer_that_stays_unreadable_ends_the_call(tmp_path: Path) -> None:
    """After four tries, where others are readable."""
    tried = _Tried()

    def respond(body: Body) -> ModelReply:
        return ModelReply(body=b"<html>") if _text(body) == "poison" else echo(body)

    with model_server(respond) as server:
        async with tried.open(server, tmp_path) as gateway:
            outcome = await gateway.ask(_request("poison"))

    assert isinstance(outcome, NoAnswer)
    assert "unreadable_reply" == outcome.reason
    assert 4 == [_text(body) for body in server.bodies].count("poison")


async def test_what_never_speaks_the_chat_form_is_not_waited_for(tmp_path: Path) -> None:
    """An address that answers pages is a wrong address."""
    tried = _Tried()
    with model_server(lambda _: ModelReply(body=b"<html>")) as server:
        async with tried.open(server, tmp_path) as gateway:
            with pytest.raises(EndpointDown, match="does not speak the chat form"):
                await gateway.ask(_request())

    assert server.count <= 4


async def test_an_outage_is_waited_out_and_leaves_no_mark(tmp_path: Path) -> None:
    """One line when it begins, one when it ends; every call gets its answer; only probes are sent meanwhile."""
    tried = _Tried()
    down = False
    probes = 0

    def respond(body: Body) -> ModelReply:
        nonlocal down, probes
        if _text(body) == "ping":
            probes += 1
            down = down and probes < 8
        return _error(500, "boom") if down else echo(body)

    with model_server(respond) as server:
        async with tried.open(server, tmp_path, concurrency=4) as gateway:
            await gateway.ask(_request("first"))
            down = True
            async with anyio.create_task_group() as group:
                for number in range(40):
                    group.start_soon(gateway.ask, _request(f"q{number}"))
        texts = [_text(body) for body in server.bodies]

    assert 41 == len([call for call in read_calls(tmp_path) if call.kind == "answer"])
    assert ["does not answer", "answers again"] == [
        part for notice in tried.notices for part in ("does not answer", "answers again") if part in notice
    ]
    assert 8 == texts.count("ping")
    assert server.count < 41 + 8 + 10 + 2 * 4


async def test_the_last_call_of_an_outage_is_not_blamed_for_a_late_answer(tmp_path: Path) -> None:
    """What was on its way when the endpoint went comes after the first fault of another: that says nothing of it."""
    tried = _Tried()
    late, told = threading.Event(), threading.Event()
    tries = 0

    def respond(body: Body) -> ModelReply:
        nonlocal tries
        if _text(body) == "late":
            return ModelReply("here", hold=late)
        tries += _text(body) == "alone"
        if tries:
            late.set()
        return replace(_error(503, "out"), hold=told if tries > 1 else None)

    with model_server() as server:
        async with tried.open(server, tmp_path, concurrency=2, patience_s=600) as gateway:
            await gateway.ask(_request("first"))
            server.respond = respond

            async def ask_late() -> None:
                await gateway.ask(_request("late"))
                told.set()

            async with anyio.create_task_group() as group:
                group.start_soon(ask_late)
                await anyio.to_thread.run_sync(server.wait_received, 2)
                group.start_soon(_stopped, gateway, "alone", EndpointDown)

    assert ["answer"] * 2 == [call.kind for call in read_calls(tmp_path)]


async def test_an_outage_ends_with_the_patience(tmp_path: Path) -> None:
    """The sentence says how long it was; what was finished is kept."""
    tried = _Tried()
    with model_server() as server:
        async with tried.open(server, tmp_path, patience_s=600) as gateway:
            await gateway.ask(_request("first"))
            server.respond = _broken
            with pytest.raises(EndpointDown, match=r"has not answered for 1\d min"):
                await gateway.ask(_request("second"))

    assert 1 == len(list(read_calls(tmp_path)))
    assert sum(tried.clock.waits) < 700


async def test_a_refused_connection_is_said_after_three_tries(tmp_path: Path) -> None:
    """A few seconds, then a sentence with the address; and no attempt is charged tokens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    tried = _Tried()

    async with tried.open(address, tmp_path) as gateway:
        with pytest.raises(EndpointDown, match=address):
            await gateway.ask(_request())
        spent = gateway.totals().all

    assert (3, 0) == (spent.calls, spent.tokens)
    assert sum(tried.clock.waits) < 5


async def test_a_refused_connection_is_said_to_many_calls_at_once(tmp_path: Path) -> None:
    """As soon as to one; it is not taken for an outage that is worth a quarter of an hour."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    tried = _Tried()

    async with tried.open(address, tmp_path, concurrency=40) as gateway, anyio.create_task_group() as group:
        for number in range(40):
            group.start_soon(_stopped, gateway, f"q{number}", EndpointDown)

    assert [] == [notice for notice in tried.notices if "waiting" in notice]
    assert sum(tried.clock.waits) < 5


async def test_a_name_that_there_is_not_is_said(tmp_path: Path) -> None:
    """As a refused connection."""
    tried = _Tried()
    async with tried.open("http://no-such-host.invalid/v1", tmp_path) as gateway:
        with pytest.raises(EndpointDown, match=r"no-such-host\.invalid"):
            await gateway.ask(_request())


async def test_a_silent_server_is_a_time_out(tmp_path: Path) -> None:
    """The attempt ends, may have been charged, and is made again."""
    tried = _Tried()
    hold = threading.Event()
    with model_server() as server:
        server.faults.append(ModelReply(hold=hold))
        async with tried.open(server, tmp_path, first_byte_s=0.05) as gateway:
            outcome = await gateway.ask(_request())
            spent = gateway.totals().all
        hold.set()

    assert isinstance(outcome, Answer)
    assert 2 == spent.calls
    assert spent.output_tokens == 20 + outcome.usage.output_tokens


async def test_a_call_that_backs_off_holds_no_slot(tmp_path: Path) -> None:
    """With one slot, others go while it waits."""
    order: list[str] = []

    class Waiting(JumpingClock):
        def call_at(self, when: float, call: Callable[[], None]) -> asyncio.Handle:
            held.append(call)
            return asyncio.get_running_loop().call_soon(lambda: None)

    held: list[Callable[[], None]] = []
    tried = _Tried()
    tried.clock = Waiting()

    async def ask(gateway: Gateway, text: str) -> None:
        await gateway.ask(_request(text))
        order.append(text)

    with model_server() as server:
        server.faults.append(_error(500))
        async with tried.open(server, tmp_path, concurrency=1) as gateway, anyio.create_task_group() as group:
            group.start_soon(ask, gateway, "fails first")
            await anyio.to_thread.run_sync(server.wait_received, 1)
            await ask(gateway, "goes on")
            tried.clock.time += 60
            for call in held:
                call()

    assert ["goes on", "fails first"] == order


async def test_cancelling_stops_attempts_at_once(tmp_path: Path) -> None:
    """Whatever it waits for: nothing is sent afterwards, and no task is left."""
    tried = _Tried()
    hold = threading.Event()
    with model_server(lambda _: ModelReply("x", hold=hold)) as server:
        before = len(anyio.get_running_tasks())
        async with tried.open(server, tmp_path, concurrency=2) as gateway, anyio.create_task_group() as group:
            for number in range(50):
                group.start_soon(gateway.ask, _request(f"q{number}"))
            await anyio.to_thread.run_sync(server.wait_received, 2)
            group.cancel_scope.cancel()
        assert before == len(anyio.get_running_tasks())
        hold.set()

    assert 2 == server.count


async def test_what_is_out_comes_in_before_the_session_stops(tmp_path: Path) -> None:
    """The account is empty, but three calls that were sent before still answer: whoever asked gets them."""
    tried = _Tried()
    hold = threading.Event()

    def respond(body: Body) -> ModelReply:
        return _error(402, "no money") if _text(body) == "last" else ModelReply("paid", hold=hold)

    with model_server(respond) as server:
        async with tried.open(server, tmp_path, concurrency=8) as gateway, anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(gateway.ask, _request(f"q{number}"))
            await anyio.to_thread.run_sync(server.wait_received, 3)
            group.start_soon(_stopped, gateway, "last", QuotaSpent)
            await anyio.to_thread.run_sync(server.wait_received, 1)
            hold.set()

    assert ["answer"] * 3 == [call.kind for call in read_calls(tmp_path)]


async def test_an_answer_that_cannot_be_recorded_is_not_used(tmp_path: Path) -> None:
    """The run's folder is removed while a call is out: a sentence, and the answer goes to nobody."""
    tried = _Tried()
    hold = threading.Event()
    folder = tmp_path / "run"
    with model_server(lambda _: ModelReply("x", hold=hold)) as server:
        async with tried.open(server, folder) as gateway, anyio.create_task_group() as group:
            group.start_soon(_stopped, gateway, "hello", StorageError)
            await anyio.to_thread.run_sync(server.wait_received, 1)
            shutil.rmtree(folder)
            hold.set()

    assert 1 == server.count


async def test_a_storm_of_faults_loses_no_call(tmp_path: Path) -> None:
    """Every fifth reply is some fault, in a fixed order: all rows come, each paid once."""
    tried = _Tried()
    faults = [_error(500), _error(429, retry_after="1"), ModelReply(cut="reset"), ModelReply(cut="half"), _error(529)]
    named = random.Random("faults")
    with model_server() as server:
        server.faults.extend(named.choice(faults) if named.random() < 0.2 else None for _ in range(400))
        async with tried.open(server, tmp_path, concurrency=8) as gateway, anyio.create_task_group() as group:
            for number in range(150):
                group.start_soon(gateway.ask, _request(f"q{number}"))

    assert ["answer"] * 150 == [call.kind for call in read_calls(tmp_path)]
    paid = {body for body, times in server.answered.items() if times > 1}
    assert len(paid) <= 1  # only probes have equal bodies
