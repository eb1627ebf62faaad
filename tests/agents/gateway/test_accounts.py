"""Several keys, addresses and processes behind one endpoint, and an endpoint that stands in for another."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import time
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from autoevol.agents.gateway.books.journal import Journal, read_calls
from autoevol.agents.gateway.endpoints import Abilities, Budget, Endpoint, Price, Replica
from autoevol.agents.gateway.errors import QuotaSpent, UsageError
from autoevol.agents.gateway.gateway import Parts, open_gateway
from autoevol.agents.gateway.outcomes import Answer
from autoevol.agents.gateway.requests import Decoding, Request, Turn, request_key
from autoevol.agents.gateway.simulated.provider.process import start_provider
from autoevol.agents.gateway.simulated.provider.running import serve
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings
from tests.clocks import JumpingClock
from tests.model_server import Body, ModelReply, echo, model_server

FREE = {"m": Price(input=0, output=0), "other": Price(input=0, output=0)}


def _request(text: str, model: str = "m") -> Request:
    return Request("default", model, (Turn("user", text),), Decoding(20), 0, "evolver", text, "test")


def _no_money(_: Body) -> ModelReply:
    body = json.dumps({"error": {"message": "no money", "code": "insufficient_quota"}}).encode()
    return ModelReply(status=429, body=body)


def _broken(_: Body) -> ModelReply:
    return ModelReply("boom", status=500)


async def test_an_empty_account_is_left_and_the_others_go_on(tmp_path: Path) -> None:
    """Nothing more is sent to it, no call is lost, and the person is told once."""
    notices: list[str] = []
    with model_server(_no_money) as empty, model_server() as good:
        endpoint = Endpoint(
            base_url=empty.base_url, replicas=(Replica(base_url=good.base_url),), concurrency=1, prices=FREE
        )
        async with open_gateway({"default": endpoint}, tmp_path, Budget(), on_notice=notices.append) as gateway:
            outcomes = [await gateway.ask(_request(str(number))) for number in range(12)]

    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert (1, 12) == (empty.count, good.count)
    assert 1 == len(notices)
    assert "no money" in notices[0]


async def test_where_every_account_is_empty_the_session_stops(tmp_path: Path) -> None:
    """One call to each."""
    with model_server(_no_money) as first, model_server(_no_money) as second:
        endpoint = Endpoint(
            base_url=first.base_url, replicas=(Replica(base_url=second.base_url),), concurrency=1, prices=FREE
        )
        async with open_gateway({"default": endpoint}, tmp_path, Budget(), on_notice=lambda _: None) as gateway:
            with pytest.raises(QuotaSpent):
                await gateway.ask(_request("x"))

    assert (1, 1) == (first.count, second.count)


async def test_two_accounts_share_the_calls_in_flight(tmp_path: Path) -> None:
    """Each gets its own bound, and both are used."""
    with model_server() as first, model_server() as second:
        endpoint = Endpoint(
            base_url=first.base_url, replicas=(Replica(base_url=second.base_url),), concurrency=2, prices=FREE
        )
        async with open_gateway({"default": endpoint}, tmp_path, Budget()) as gateway:
            assert 5 == gateway.capacity
            async with anyio.create_task_group() as group:
                for number in range(40):
                    group.start_soon(gateway.ask, _request(str(number)))

    assert 40 == first.count + second.count
    assert min(first.count, second.count) >= 10
    assert max(first.peak, second.peak) <= 2


async def test_an_endpoint_that_does_not_answer_is_stood_in_for(tmp_path: Path) -> None:
    """By the one that the settings name, with the model that they name; every answer says so, under its own key."""
    notices: list[str] = []
    with model_server(_broken) as down, model_server() as other:
        endpoints = {
            "default": Endpoint(
                base_url=down.base_url, fallback="spare", fallback_model="other", concurrency=2, prices=FREE
            ),
            "spare": Endpoint(base_url=other.base_url, concurrency=2, prices=FREE),
        }
        parts = Parts(clock=JumpingClock())
        async with open_gateway(endpoints, tmp_path, Budget(), on_notice=notices.append, parts=parts) as gateway:
            outcomes = [await gateway.ask(_request(str(number))) for number in range(5)]
        keys = [request_key(_request(str(number))) for number in range(5)]

    assert ["spare"] * 5 == [outcome.fallback for outcome in outcomes if isinstance(outcome, Answer)]
    assert {"other"} == {body["model"] for body in other.bodies}
    assert sorted(keys) == sorted(call.key for call in read_calls(tmp_path))
    with Journal(tmp_path, read_only=True) as journal:
        recorded = journal.lookup(keys[0])
    assert recorded is not None
    assert isinstance(recorded.outcome, Answer)
    assert "spare" == recorded.outcome.fallback
    assert any("does not answer" in notice for notice in notices)


async def test_a_fallback_must_be_another_endpoint_that_there_is(tmp_path: Path) -> None:
    """A sentence before anything is sent."""
    endpoint = Endpoint(base_url="http://127.0.0.1:9/v1", fallback="spare", prices=FREE)
    with pytest.raises(UsageError, match="'spare', which is no other endpoint"):
        async with open_gateway({"default": endpoint}, tmp_path, Budget()):
            pass


async def test_a_model_that_refuses_a_parameter_is_asked_without_it(tmp_path: Path) -> None:
    """One call finds out, no row is lost, no try is used up, and each answer says what was changed."""

    def respond(body: Body) -> ModelReply:
        if "max_tokens" in body:
            error = {
                "message": "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
                "code": "unsupported_parameter",
                "param": "max_tokens",
            }
            return ModelReply(status=400, body=json.dumps({"error": error}).encode())
        return echo(body)

    with model_server(respond) as server:
        endpoint = Endpoint(base_url=server.base_url, concurrency=1, prices=FREE)
        async with open_gateway({"default": endpoint}, tmp_path, Budget()) as gateway:
            outcomes = [await gateway.ask(_request(str(number))) for number in range(4)]

    assert 5 == server.count
    assert [("max_completion_tokens",)] * 4 == [outcome.adapted for outcome in outcomes if isinstance(outcome, Answer)]


async def test_samples_of_one_question_are_one_call_where_an_endpoint_can(tmp_path: Path) -> None:
    """Each is recorded under its own key, and the money is that of the one call."""
    async with serve(ProviderSettings()) as running:
        endpoint = Endpoint(
            base_url=running.base_url, concurrency=1, prices={"m": Price(input=1, output=1)},
            abilities={"m": Abilities(n=True)},
        )  # fmt: skip
        requests = [replace(_request("why"), sample=sample) for sample in range(5)]
        async with open_gateway({"default": endpoint}, tmp_path, Budget(calls=2)) as gateway:
            tickets = [gateway.submit(request) for request in requests]
            outcomes = [await gateway.collect(ticket) for ticket in tickets]
            totals = gateway.totals().all
        stats = running.stats()

    assert 2 == stats["accepted"] == totals.calls
    assert [request_key(request) for request in requests] == [outcome.key for outcome in outcomes]
    assert 5 == len({outcome.text for outcome in outcomes if isinstance(outcome, Answer)})
    assert totals.usd == pytest.approx(sum(outcome.cost or 0 for outcome in outcomes))


async def test_a_model_that_changes_behind_its_name_is_said_once(tmp_path: Path) -> None:
    """And each answer keeps who served it."""
    notices: list[str] = []
    settings = ProviderSettings(served_model="one,two@6")
    async with serve(settings) as running:
        endpoint = Endpoint(base_url=running.base_url, concurrency=1, prices=FREE)
        async with open_gateway({"default": endpoint}, tmp_path, Budget(), on_notice=notices.append) as gateway:
            outcomes = [await gateway.ask(_request(str(number))) for number in range(10)]

    assert {"one", "two"} == {outcome.model for outcome in outcomes if isinstance(outcome, Answer)}
    assert 1 == len(notices)
    assert "served by two, not by one" in notices[0]


JOB = textwrap.dedent("""
    import sys, time, anyio
    from pathlib import Path
    from autoevol.agents.gateway.endpoints import Budget, Endpoint
    from autoevol.agents.gateway.gateway import open_gateway
    from autoevol.agents.gateway.requests import Decoding, Request, Turn

    async def main():
        endpoint = Endpoint(base_url=sys.argv[1], rpm=1800)
        endpoints, folder = {"default": endpoint}, Path(sys.argv[2])
        async with open_gateway(endpoints, folder, Budget(), on_notice=lambda _: None) as gateway:
            print("open", flush=True)
            sys.stdin.readline()
            async with anyio.create_task_group() as group:
                for number in range(40):
                    text = f"{sys.argv[2]} {number}"
                    group.start_soon(gateway.ask, Request("default", "m", (Turn("user", text),), Decoding(20)))
            print(time.monotonic(), flush=True)

    anyio.run(main)
""")


def test_processes_of_one_machine_share_the_limit_of_their_account(tmp_path: Path) -> None:
    """Two of them, each told the whole limit of 30 a second, need the time that it asks for their 80 calls.

    Nobody refuses them, so each alone would be through in half of it. A busy machine can only make it longer.
    """
    with start_provider(ProviderSettings()) as base_url:
        jobs = [
            subprocess.Popen(
                [sys.executable, "-c", JOB, base_url, str(tmp_path / name)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for name in ("a", "b")
        ]  # fmt: skip
        for job in jobs:
            assert job.stdout is not None
            assert "open\n" == job.stdout.readline()
        began = time.monotonic()
        for job in jobs:
            assert job.stdin is not None
            job.stdin.write("go\n")
            job.stdin.flush()
        ended = [float(job.communicate()[0]) for job in jobs]

    assert [0, 0] == [job.returncode for job in jobs]
    assert (80 - 1) / 30 <= max(ended) - began
