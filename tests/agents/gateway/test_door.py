"""The gateway over a real server: one door, one payment, whatever else happens."""

from __future__ import annotations

import shutil
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from autoevol.agents.gateway.books.journal import read_calls
from autoevol.agents.gateway.endpoints import Budget, Endpoint, Price
from autoevol.agents.gateway.errors import BudgetReached, NotRecorded, StorageError, UsageError
from autoevol.agents.gateway.gateway import Gateway, open_gateway
from autoevol.agents.gateway.outcomes import Answer, Outcome
from autoevol.agents.gateway.requests import Decoding, Request, Turn, request_key
from tests.model_server import Body, ModelReply, ModelServer, model_server

FREE = {"m": Price(input=0, output=0)}


def _request(text: str = "hello", *, role: str = "evolver", place: str = "", sample: int = 0) -> Request:
    return Request("default", "m", (Turn("user", text),), Decoding(20), sample, role, place or text, "test")


def _endpoints(server: ModelServer, **more: object) -> dict[str, Endpoint]:
    return {"default": Endpoint.model_validate({"base_url": server.base_url, "prices": FREE, **more})}


async def _ask_all(gateway: Gateway, requests: list[Request]) -> list[Outcome]:
    outcomes: dict[int, Outcome] = {}

    async def ask(number: int, request: Request) -> None:
        outcomes[number] = await gateway.ask(request)

    async with anyio.create_task_group() as group:
        for number, request in enumerate(requests):
            group.start_soon(ask, number, request)
    return [outcomes[number] for number in range(len(requests))]


async def test_a_finished_call_is_never_paid_again(tmp_path: Path) -> None:
    """The second gateway answers from the journal, with the very same outcome."""
    requests = [_request(f"question {number}") for number in range(20)]
    with model_server() as server:
        async with open_gateway(_endpoints(server), tmp_path, Budget()) as gateway:
            first = await _ask_all(gateway, requests)
        async with open_gateway(_endpoints(server), tmp_path, Budget()) as gateway:
            second = await _ask_all(gateway, requests)
            progress = gateway.progress()

    assert first == second
    assert 20 == server.count
    assert (0, 20) == (progress.calls, progress.journaled)


async def test_what_is_sent_is_what_was_asked(tmp_path: Path) -> None:
    """One body, in the chat form, without a key where none is named."""
    with model_server(lambda _: ModelReply("fine", tokens=(11, 5))) as server:
        async with open_gateway(_endpoints(server), tmp_path, Budget()) as gateway:
            outcome = await gateway.ask(_request("hello"))

    assert isinstance(outcome, Answer)
    assert ("fine", 11, 5, "m", 0.0) == (
        outcome.text, outcome.usage.input_tokens, outcome.usage.output_tokens, outcome.model, outcome.cost,
    )  # fmt: skip
    assert [{"role": "user", "content": "hello"}] == server.bodies[0]["messages"]
    assert "authorization" not in server.headers[0]


async def test_identical_calls_are_sent_once(tmp_path: Path) -> None:
    """All who ask get the answer; it is booked on the first place in order, not in time."""
    hold = threading.Event()
    with model_server(lambda _: ModelReply("one", hold=hold)) as server:
        async with open_gateway(_endpoints(server), tmp_path, Budget()) as gateway, anyio.create_task_group() as group:
            for place in ("c", "a", "b"):
                group.start_soon(gateway.ask, _request("same", place=place))
            await anyio.to_thread.run_sync(server.wait_received, 1)
            hold.set()

    assert 1 == server.count
    assert [("a", 1)] == [(call.place, call.output_tokens) for call in read_calls(tmp_path)]


async def test_another_sample_is_another_call(tmp_path: Path) -> None:
    """With a seed of its own."""
    with model_server() as server:
        async with open_gateway(_endpoints(server), tmp_path, Budget()) as gateway:
            first, second = await _ask_all(gateway, [_request(sample=0), _request(sample=1)])

    assert 2 == len({body["seed"] for body in server.bodies})
    assert first != second


async def test_cancelling_one_waiter_takes_nobodys_answer_away(tmp_path: Path) -> None:
    """The first to ask is cancelled while the call is out; the second gets the answer of the same call."""
    hold = threading.Event()
    outcomes: list[Outcome] = []

    async def second(gateway: Gateway) -> None:
        outcomes.append(await gateway.ask(_request("same", place="b")))

    with model_server(lambda _: ModelReply("one", hold=hold)) as server:
        async with open_gateway(_endpoints(server), tmp_path, Budget()) as gateway, anyio.create_task_group() as group:
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as first:
                    first.start_soon(gateway.ask, _request("same", place="a"))
                    await anyio.to_thread.run_sync(server.wait_received, 1)
                    group.start_soon(second, gateway)
                    await anyio.wait_all_tasks_blocked()
                    scope.cancel()
            hold.set()

    assert 1 == server.count
    assert ["one"] == [outcome.text for outcome in outcomes if isinstance(outcome, Answer)]


async def test_a_cancelled_leader_that_has_sent_nothing_is_followed_by_the_next(tmp_path: Path) -> None:
    """The first waits for a slot and is cancelled; the second takes its place and makes the call."""
    hold = threading.Event()
    outcomes: list[Outcome] = []

    async def second(gateway: Gateway) -> None:
        outcomes.append(await gateway.ask(_request("same")))

    def respond(body: Body) -> ModelReply:
        return ModelReply("slow", hold=hold) if body["messages"][0]["content"] == "slow" else ModelReply("one")

    with model_server(respond) as server:
        endpoints = _endpoints(server, concurrency=1)
        async with open_gateway(endpoints, tmp_path, Budget()) as gateway, anyio.create_task_group() as group:
            group.start_soon(gateway.ask, _request("slow"))
            await anyio.to_thread.run_sync(server.wait_received, 1)
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as first:
                    first.start_soon(gateway.ask, _request("same"))
                    await anyio.wait_all_tasks_blocked()
                    group.start_soon(second, gateway)
                    await anyio.wait_all_tasks_blocked()
                    scope.cancel()
            hold.set()

    assert 2 == server.count
    assert ["one"] == [outcome.text for outcome in outcomes if isinstance(outcome, Answer)]


async def test_a_call_cut_off_in_flight_stays_counted_and_is_sent_again(tmp_path: Path) -> None:
    """Its attempt is in the journal at what was set aside for it."""
    hold = threading.Event()
    with model_server(lambda _: ModelReply("late", hold=hold, tokens=(5, 5))) as server:
        async with open_gateway(_endpoints(server), tmp_path, Budget()) as gateway, anyio.create_task_group() as group:
            group.start_soon(gateway.ask, _request())
            await anyio.to_thread.run_sync(server.wait_received, 1)
            group.cancel_scope.cancel()
        hold.set()
        async with open_gateway(_endpoints(server), tmp_path, Budget()) as gateway:
            cut_off = gateway.totals().all
            await gateway.ask(_request())
            after = gateway.totals().all

    assert (1, 2) == (cut_off.calls, after.calls)
    assert cut_off.output_tokens == 20
    assert after.tokens == cut_off.tokens + 10


async def test_calls_in_flight_stay_under_the_concurrency(tmp_path: Path) -> None:
    """At the server, not only in our own books."""
    gate = threading.Event()
    with model_server(lambda _: ModelReply("x", hold=gate)) as server:
        endpoints = _endpoints(server, concurrency=3)
        async with open_gateway(endpoints, tmp_path, Budget()) as gateway, anyio.create_task_group() as group:
            for number in range(50):
                group.start_soon(gateway.ask, _request(f"q{number}"))
            await anyio.to_thread.run_sync(server.wait_received, 3)
            await anyio.wait_all_tasks_blocked()
            progress = gateway.progress()
            assert (3, 47, "default: concurrency") == (progress.in_flight, progress.waiting, progress.waiting_on)
            gate.set()

    assert 3 == server.peak


async def test_waiting_calls_are_no_tasks_of_the_gateway(tmp_path: Path) -> None:
    """The gateway has one task for each call that is out, none for those that wait."""
    gate = threading.Event()
    with model_server(lambda _: ModelReply("x", hold=gate)) as server:
        endpoints = _endpoints(server, concurrency=2)
        before = len(anyio.get_running_tasks())
        async with open_gateway(endpoints, tmp_path, Budget()) as gateway, anyio.create_task_group() as group:
            for number in range(300):
                group.start_soon(gateway.ask, _request(f"q{number}"))
            await anyio.to_thread.run_sync(server.wait_received, 2)
            assert 300 + 2 == len(anyio.get_running_tasks()) - before
            gate.set()


async def test_the_budget_is_hard_and_a_run_goes_on_with_more(tmp_path: Path) -> None:
    """At the cap nothing more is sent, all that was sent is kept, and a larger cap goes on."""
    requests = [_request(f"q{number}") for number in range(30)]
    with model_server() as server:
        with pytest.raises(ExceptionGroup) as caught:
            async with open_gateway(_endpoints(server), tmp_path, Budget(calls=12)) as gateway:
                await _ask_all(gateway, requests)
        assert 12 == server.count
        assert 12 == len(list(read_calls(tmp_path)))
        async with open_gateway(_endpoints(server), tmp_path, Budget(calls=30)) as gateway:
            await _ask_all(gateway, requests)
            totals = gateway.totals()

    assert caught.group_contains(BudgetReached, match="12 calls")
    assert 30 == server.count == totals.all.calls
    assert [1] == list(set(server.answered.values()))


async def test_a_cap_of_tokens_holds_at_the_worst_case(tmp_path: Path) -> None:
    """Calls wait for each other's refund, so that more fit than worst cases alone."""
    with model_server(lambda _: ModelReply("x", tokens=(10, 10))) as server, pytest.raises(ExceptionGroup):
        async with open_gateway(_endpoints(server), tmp_path, Budget(tokens=600)) as gateway:
            await _ask_all(gateway, [_request(f"q{number}") for number in range(60)])

    assert 20 < server.count <= 30


async def test_a_cap_in_usd_needs_a_price(tmp_path: Path) -> None:
    """It is refused at the start, before anything is spent; for one model of several, at its first call."""
    with model_server() as server:
        with pytest.raises(UsageError, match="price"):
            async with open_gateway(_endpoints(server, prices={}), tmp_path, Budget(usd=1)):
                pass
        async with open_gateway(_endpoints(server), tmp_path, Budget(usd=1)) as gateway:
            with pytest.raises(UsageError, match="'other'"):
                await gateway.ask(Request("default", "other", (Turn("user", "x"),), Decoding(5)))

    assert 0 == server.count


async def test_an_unknown_price_is_said_once_and_is_not_zero(tmp_path: Path) -> None:
    """The cost is None, in the answer, in the sums and in the records."""
    notices: list[str] = []
    with model_server() as server:
        endpoints = _endpoints(server, prices={})
        async with open_gateway(endpoints, tmp_path, Budget(), on_notice=notices.append) as gateway:
            outcomes = await _ask_all(gateway, [_request("a"), _request("b")])
            assert None is gateway.totals().all.cost
            assert None is gateway.progress().spent_usd

    assert {None} == {outcome.cost for outcome in outcomes}
    assert {None} == {call.cost for call in read_calls(tmp_path)}
    assert 1 == len(notices)


async def test_money_follows_usage_and_price(tmp_path: Path) -> None:
    """By role and by stage too."""
    prices = {"m": Price(input=1_000_000, output=2_000_000)}
    with model_server(lambda _: ModelReply("x", tokens=(2, 3))) as server:
        endpoints = _endpoints(server, prices=prices)
        async with open_gateway(endpoints, tmp_path, Budget()) as gateway:
            await _ask_all(gateway, [_request("a", role="judge"), _request("b")])
            totals = gateway.totals()

    assert 16.0 == totals.all.cost
    assert {"judge": 8.0, "evolver": 8.0} == {role: line.cost for role, line in totals.by_role.items()}
    assert {"test"} == set(totals.by_stage)


async def test_a_replay_opens_nothing(tmp_path: Path) -> None:
    """Neither key nor address nor lock is needed; a call that is not recorded is said."""
    with model_server() as server:
        async with open_gateway(_endpoints(server), tmp_path, Budget()) as gateway:
            first = await gateway.ask(_request("known"))
            gone = {"default": Endpoint(base_url="http://127.0.0.1:9/v1", key_env="NO_SUCH_VARIABLE", prices=FREE)}
            async with open_gateway(gone, tmp_path, Budget(), replay_only=True) as replay:
                assert first == await replay.ask(_request("known"))
                with pytest.raises(NotRecorded, match="unknown"):
                    await replay.ask(_request("unknown"))

    assert 1 == server.count


async def test_two_gateways_do_not_run_one_run(tmp_path: Path) -> None:
    """The second says who holds it."""
    with model_server() as server:
        async with open_gateway(_endpoints(server), tmp_path, Budget()):
            with pytest.raises(StorageError, match="in use by process"):
                async with open_gateway(_endpoints(server), tmp_path, Budget()):
                    pass


async def test_an_endpoint_that_there_is_not_is_said(tmp_path: Path) -> None:
    """With the names that there are."""
    with model_server() as server:
        async with open_gateway(_endpoints(server), tmp_path, Budget()) as gateway:
            with pytest.raises(UsageError, match="They have: default"):
                await gateway.ask(Request("other", "m", (Turn("user", "x"),), Decoding(5)))


async def test_an_error_of_the_block_leaves_as_it_came(tmp_path: Path) -> None:
    """It is not wrapped into a group."""
    with model_server() as server, pytest.raises(KeyError, match="mine"):
        async with open_gateway(_endpoints(server), tmp_path, Budget()):
            raise KeyError("mine")


async def test_records_are_ordered_by_place(tmp_path: Path) -> None:
    """Whatever order the answers came in."""
    places = [f"p{number:02}" for number in range(20)]
    with model_server() as server:
        async with open_gateway(_endpoints(server), tmp_path, Budget()) as gateway:
            await _ask_all(gateway, [_request(place[::-1], place=place) for place in reversed(places)])

    calls = list(read_calls(tmp_path))
    assert places == [call.place for call in calls]
    assert {"answer"} == {call.kind for call in calls}
    assert Counter({request_key(_request(place[::-1])) for place in places}) == Counter({call.key for call in calls})


async def test_capacity_follows_the_limits(tmp_path: Path) -> None:
    """What is said; else 16 in flight; a few more may wait at the door."""
    with model_server() as server:
        async with open_gateway(_endpoints(server, concurrency=8), tmp_path / "a", Budget()) as gateway:
            assert 10 == gateway.capacity
        async with open_gateway(_endpoints(server), tmp_path / "b", Budget()) as gateway:
            assert 20 == gateway.capacity
        async with open_gateway(_endpoints(server, rpm=6000), tmp_path / "c", Budget()) as gateway:
            assert 5986 + 1496 == gateway.capacity


async def test_answers_of_another_run_are_taken_and_copied_but_never_for_the_test(tmp_path: Path) -> None:
    """Nothing is sent for them, they cost nothing, and afterwards the other run is not needed."""
    notices: list[str] = []
    with model_server() as server:
        async with open_gateway(_endpoints(server), tmp_path / "a", Budget()) as gateway:
            first = await gateway.ask(replace(_request("q"), stage="steps/001"))
            await gateway.ask(replace(_request("t"), stage="test"))
        async with open_gateway(_endpoints(server), tmp_path / "b", Budget(), reuse=[tmp_path / "a"]) as gateway:
            again = [await gateway.ask(replace(_request("q"), stage="apply")) for _ in range(2)]
            await gateway.ask(replace(_request("t"), stage="test"))
            totals = gateway.totals().all
        shutil.rmtree(tmp_path / "a")
        async with open_gateway(
            _endpoints(server), tmp_path / "b", Budget(), reuse=[tmp_path / "a"], on_notice=notices.append
        ) as gateway:
            third = await gateway.ask(replace(_request("q"), stage="apply"))

    assert 3 == server.count
    assert [_text_of(first)] * 3 == [_text_of(outcome) for outcome in (*again, third)]
    assert 1 == totals.calls
    assert 1 == len(notices)
    reused = [call for call in read_calls(tmp_path / "b") if call.reused_from]
    assert [("q", "a")] == [(call.place, call.reused_from) for call in reused]


def _text_of(outcome: Outcome) -> str:
    assert isinstance(outcome, Answer)
    return outcome.text
