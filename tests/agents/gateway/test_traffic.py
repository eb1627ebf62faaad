"""Where calls could be lost, sent twice or held up: between tries, between accounts, between lanes, at the end."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from autoevol.agents.gateway.accounts import Account
from autoevol.agents.gateway.doors import accounts_of
from autoevol.agents.gateway.endpoints import Abilities, Budget, Endpoint, Price
from autoevol.agents.gateway.errors import EndpointDown, QuotaSpent, StorageError
from autoevol.agents.gateway.flights import Flight
from autoevol.agents.gateway.gateway import Gateway, Parts, open_gateway
from autoevol.agents.gateway.lanes import Departure, Lane
from autoevol.agents.gateway.outcomes import Answer
from autoevol.agents.gateway.pacing.gate import Load
from autoevol.agents.gateway.requests import Decoding, Request, Turn
from tests.agents.gateway.lane_world import LaneWorld, flight
from tests.clocks import JumpingClock, SimulatedClock
from tests.model_server import Body, ModelReply, ModelServer, echo, model_server

FREE = {name: Price(input=0, output=0) for name in ("m", "other", "third")}


def _request(text: str = "hello", *, endpoint: str = "default", sample: int = 0) -> Request:
    return Request(endpoint, "m", (Turn("user", text),), Decoding(20), sample, "evolver", text, "steps/000")


def _endpoint(server: ModelServer, **more: object) -> Endpoint:
    return Endpoint.model_validate({"base_url": server.base_url, "prices": FREE, **more})


def _text(body: Body) -> str:
    return str(body["messages"][-1]["content"])


def _no_money(_: Body) -> ModelReply:
    body = json.dumps({"error": {"message": "no money", "code": "insufficient_quota"}}).encode()
    return ModelReply(status=429, body=body)


def _too_fast(seconds: int) -> ModelReply:
    return ModelReply("slower", status=429, headers={"retry-after": str(seconds)})


class _Lane:
    """A lane whose calls stay out until the test says more."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.clock = SimulatedClock()
        self.account: Account
        (self.account,) = accounts_of("default", endpoint, self.clock, lambda _: None)
        self.out: list[Departure] = []
        self.lane = Lane("default", endpoint, [self.account], self.clock, self.admit, self.launch)

    def admit(self, lane: Lane, flight: Flight, kin: tuple[Flight, ...]) -> bool:
        return True

    def launch(self, lane: Lane, going: Departure) -> None:
        self.out.append(going)
        for each in (going.flight, *going.kin):
            each.out = True

    def back(self, seconds: float) -> Flight:
        """The call that went out last comes back with nothing, and waits so long."""
        going = self.out[-1]
        going.flight.out = False
        self.account.settle(going.permit, Load(1, 1))
        self.lane.delay(going.flight, seconds)
        return going.flight


def _samples(count: int) -> list[Flight]:
    return [Flight(_request("why", sample=number), str(number), Load(1, 1)) for number in range(1, count + 1)]


MANY = {"m": Abilities(n=True)}


def test_a_sample_between_two_tries_is_no_part_of_anothers_call() -> None:
    """It would be sent again when its wait is over, and paid twice."""
    world = _Lane(Endpoint(base_url="http://127.0.0.1:9/v1", concurrency=1, abilities=MANY))
    first, second = _samples(2)
    world.lane.push(first)
    world.back(30.0)
    world.lane.push(second)

    assert [(first, ()), (second, ())] == [(going.flight, going.kin) for going in world.out]


def test_a_sample_is_asked_for_once_in_one_call_however_often_it_was_tried() -> None:
    """Each that waits is in the call once, in the order in which they wait."""
    world = _Lane(Endpoint(base_url="http://127.0.0.1:9/v1", concurrency=1, abilities=MANY))
    first, second, third = _samples(3)
    world.lane.push(first)
    for _ in range(3):
        world.back(0.0)
    world.lane.push(second)
    world.lane.push(third)
    world.back(0.0)

    assert 5 == len(world.out)
    assert (first, (second, third)) == (world.out[-1].flight, world.out[-1].kin)


def test_a_sample_that_went_to_the_fallback_is_no_part_of_a_call_here() -> None:
    """It waits elsewhere."""
    world = _Lane(Endpoint(base_url="http://127.0.0.1:9/v1", concurrency=1, abilities=MANY, fallback="spare"))
    spare = LaneWorld(Endpoint(base_url="http://127.0.0.1:9/v1", rpm=1))
    spare.lane.stand_in_for(world.lane)
    world.lane.name_stand_ins()
    spare.lane.push(flight("before"))
    first, second, third = _samples(3)
    world.lane.push(first)
    world.lane.push(second)
    world.account.closed = EndpointDown("away")
    world.lane.turn()
    world.account.closed = None
    world.lane.push(third)
    world.back(0.0)

    assert [(first, ()), (first, (third,))] == [(going.flight, going.kin) for going in world.out]


async def test_what_led_to_an_outage_goes_to_the_fallback_as_the_rest_does(tmp_path: Path) -> None:
    """It does not wait for the end of the outage, or of the patience."""
    never = threading.Event()
    pings: list[Body] = []

    def down(body: Body) -> ModelReply:
        if _text(body) == "ping":
            pings.append(body)
            return ModelReply("boom", status=500, hold=never if len(pings) > 1 else None)
        return ModelReply("boom", status=500)

    with model_server(down) as broken, model_server() as other:
        endpoints = {
            "default": _endpoint(broken, fallback="spare", concurrency=2),
            "spare": _endpoint(other, concurrency=2),
        }
        parts = Parts(clock=JumpingClock())
        async with open_gateway(endpoints, tmp_path, Budget(), on_notice=lambda _: None, parts=parts) as gateway:
            with anyio.fail_after(20):
                outcome = await gateway.ask(_request())

    assert isinstance(outcome, Answer)
    assert "spare" == outcome.fallback


async def test_a_fallback_that_answers_again_takes_what_waited_for_it(tmp_path: Path) -> None:
    """Its own outage was on when the other endpoint was closed for good."""
    closed, down = threading.Event(), anyio.Event()

    def spare(body: Body) -> ModelReply:
        if _text(body) == "ping" and down.is_set():
            return ModelReply(hold=closed)
        return echo(body) if closed.is_set() else ModelReply("boom", status=500)

    def notice(line: str) -> None:
        if "no money" in line:
            closed.set()
        elif "does not answer" in line:
            down.set()

    with model_server(_no_money) as empty, model_server(spare) as other:
        endpoints = {"default": _endpoint(empty, fallback="spare", concurrency=1), "spare": _endpoint(other)}
        parts = Parts(clock=JumpingClock())
        async with open_gateway(endpoints, tmp_path, Budget(), on_notice=notice, parts=parts) as gateway:
            own = gateway.submit(_request("own", endpoint="spare"))
            with anyio.fail_after(20):
                await down.wait()
                outcome = await gateway.ask(_request())
                await gateway.collect(own)

    assert isinstance(outcome, Answer)


async def test_a_probe_asks_for_the_model_that_stands_in(tmp_path: Path) -> None:
    """Not for one that the endpoint has never heard of, which would end the session."""

    def spare(body: Body) -> ModelReply:
        if body["model"] != "other":
            return ModelReply("no such model", status=404)
        return echo(body)

    with model_server(_no_money) as empty, model_server(spare) as other:
        other.faults.extend([ModelReply("boom", status=500)] * 3)
        endpoints = {
            "default": _endpoint(empty, fallback="spare", fallback_model="other", concurrency=1),
            "spare": _endpoint(other, concurrency=1),
        }
        parts = Parts(clock=JumpingClock())
        async with open_gateway(endpoints, tmp_path, Budget(), on_notice=lambda _: None, parts=parts) as gateway:
            outcome = await gateway.ask(_request())

    assert isinstance(outcome, Answer)
    assert {"other"} == {body["model"] for body in other.bodies}


async def test_a_fallback_of_a_fallback_is_asked_for_its_own_model(tmp_path: Path) -> None:
    """The name that the settings give for it, whoever the call was for."""
    with model_server(_no_money) as first, model_server(_no_money) as second, model_server() as third:
        endpoints = {
            "default": _endpoint(first, fallback="second", fallback_model="other", concurrency=1),
            "second": _endpoint(second, fallback="third", fallback_model="third", concurrency=1),
            "third": _endpoint(third, concurrency=1),
        }
        async with open_gateway(endpoints, tmp_path, Budget(), on_notice=lambda _: None) as gateway:
            outcome = await gateway.ask(_request())

    assert isinstance(outcome, Answer)
    assert ["other"] == [body["model"] for body in second.bodies]
    assert ["third"] == [body["model"] for body in third.bodies]


async def test_two_endpoints_may_stand_in_for_each_other(tmp_path: Path) -> None:
    """When both are empty the session stops; nothing goes round in circles."""
    with model_server(_no_money) as first, model_server(_no_money) as second:
        endpoints = {
            "default": _endpoint(first, fallback="spare", concurrency=1),
            "spare": _endpoint(second, fallback="default", concurrency=1),
        }
        async with open_gateway(endpoints, tmp_path, Budget(), on_notice=lambda _: None) as gateway:
            with pytest.raises(Exception, match="no money"):
                await gateway.ask(_request())

    assert (1, 1) == (first.count, second.count)


async def test_a_call_that_is_out_again_is_not_sent_beside_itself(tmp_path: Path) -> None:
    """Who gave it up and asks anew while its second attempt is out waits for that one."""
    hold = threading.Event()

    def respond(body: Body) -> ModelReply:
        if "max_tokens" in body:
            error = {"message": "Unsupported parameter: 'max_tokens'.", "code": "unsupported_parameter",
                     "param": "max_tokens"}  # fmt: skip
            return ModelReply(status=400, body=json.dumps({"error": error}).encode())
        return ModelReply("fine", hold=hold)

    with model_server(respond) as server:
        async with open_gateway({"default": _endpoint(server)}, tmp_path, Budget()) as gateway:
            ticket = gateway.submit(_request())
            await anyio.to_thread.run_sync(server.wait_received, 2)
            gateway.leave(ticket)
            again = gateway.submit(_request())
            hold.set()
            outcome = await gateway.collect(again)

    assert isinstance(outcome, Answer)
    assert 2 == server.count


def test_models_of_one_endpoint_share_what_bounds_them_together() -> None:
    """The thousand calls of one do not make the first of another wait, whether slots or a rate bind."""
    for limits in ({"concurrency": 1}, {"rpm": 60}):
        world = LaneWorld(Endpoint.model_validate({"base_url": "http://127.0.0.1:9/v1"} | limits))
        for number in range(30):
            world.lane.push(flight(f"m {number}"))
        for number in range(10):
            world.lane.push(flight(f"other {number}", model="other"))
        world.run()

        names = [sending.name for sending in world.sent]
        assert 40 == len(names)
        assert sum("other" in name for name in names[:21]) >= 9


async def _ask_many(gateway: Gateway) -> None:
    for ticket in [gateway.submit(_request(str(number))) for number in range(20)]:
        await gateway.collect(ticket)


@pytest.mark.parametrize("said", ["retry-after", "reset"])
async def test_an_account_that_is_shut_for_longer_than_the_patience_ends_the_session(tmp_path: Path, said: str) -> None:
    """A day's limit that is used up is said within the patience; the session does not just stand still for hours."""
    answered = ModelReply("fine")
    if said == "reset":
        words = {"limit": "1000", "remaining": "0", "reset": "20000"}
        answered = ModelReply("fine", headers={f"x-ratelimit-{name}-requests": word for name, word in words.items()})
    with model_server(lambda _: _too_fast(20000)) as server:
        server.faults.extend([answered] * 8)
        clock = JumpingClock()
        parts = Parts(clock=clock)
        async with open_gateway({"default": _endpoint(server)}, tmp_path, Budget(), parts=parts) as gateway:
            with pytest.raises(EndpointDown):
                await _ask_many(gateway)

    assert max(clock.waits) <= 900


async def test_an_address_that_is_no_name_of_a_host_is_an_endpoint_that_is_down(tmp_path: Path) -> None:
    """Not an exception out of the resolver that ends everything."""
    endpoint = Endpoint(base_url="http://a..b/v1", prices=FREE)
    parts = Parts(clock=JumpingClock())
    async with open_gateway({"default": endpoint}, tmp_path, Budget(), parts=parts) as gateway:
        with pytest.raises(EndpointDown, match="Nothing answers"):
            await gateway.ask(_request())


def test_a_lane_that_is_closed_sends_nothing_more() -> None:
    """What is given back at the end of a session starts nothing new."""
    world = LaneWorld(Endpoint(base_url="http://127.0.0.1:9/v1", concurrency=1))
    world.lane.close()
    world.lane.push(flight("late"))

    assert [] == world.sent


def test_a_session_that_stops_in_the_middle_of_a_turn_sends_nothing_more() -> None:
    """Not even what the lines of other models hold."""
    world = _Lane(Endpoint(base_url="http://127.0.0.1:9/v1", concurrency=9))

    def refuse(lane: Lane, flight: Flight, kin: tuple[Flight, ...]) -> bool:
        lane.halted = flight.request.model == "m"
        return not lane.halted

    world.lane = Lane("default", world.lane.endpoint, [world.account], world.clock, refuse, world.launch)
    world.account.health.probing = True
    world.lane.push(flight("a"))
    world.lane.push(flight("b", model="other"))
    world.account.health.probing = False
    world.lane.turn()

    assert [] == world.out


async def test_a_session_that_has_stopped_probes_no_more(tmp_path: Path) -> None:
    """The outage of another endpoint is of no interest to anybody then."""
    release, down = threading.Event(), anyio.Event()
    pings: list[Body] = []

    def broken(body: Body) -> ModelReply:
        if _text(body) == "ping":
            pings.append(body)
        return ModelReply("boom", status=500, hold=release if len(pings) > 1 else None)

    def notice(line: str) -> None:
        if "does not answer" in line:
            down.set()

    with model_server(broken) as server, model_server(_no_money) as empty:
        endpoints = {"default": _endpoint(server), "empty": _endpoint(empty)}
        parts = Parts(clock=JumpingClock(), drain_s=0)
        async with open_gateway(endpoints, tmp_path, Budget(), on_notice=notice, parts=parts) as gateway:
            waits = gateway.submit(_request())
            with anyio.fail_after(20):
                await down.wait()
                await anyio.to_thread.run_sync(server.wait_received, 3 + 2)
                with pytest.raises(QuotaSpent):
                    await gateway.ask(_request(endpoint="empty"))
                release.set()
                with pytest.raises(QuotaSpent):
                    await gateway.collect(waits)
                for _ in range(1000):
                    await anyio.lowlevel.checkpoint()

    assert 2 == len(pings)


async def test_samples_go_one_by_one_where_the_budget_has_no_room_for_all(tmp_path: Path) -> None:
    """At worst they would take more than is left together; that is no reason to stop."""
    with model_server(lambda _: ModelReply("x", tokens=(5, 5))) as server:
        endpoints = {"default": _endpoint(server, concurrency=1, abilities=MANY)}
        async with open_gateway(endpoints, tmp_path, Budget(tokens=300)) as gateway:
            tickets = [gateway.submit(_request("why", sample=sample)) for sample in range(12)]
            outcomes = [await gateway.collect(ticket) for ticket in tickets]

    assert 12 == sum(isinstance(outcome, Answer) for outcome in outcomes)


async def test_a_call_that_may_write_nothing_teaches_what_calls_take(tmp_path: Path) -> None:
    """Embeddings and given texts write no token; a bound of none is nothing to divide by."""
    with model_server() as server:
        async with open_gateway({"default": _endpoint(server)}, tmp_path, Budget()) as gateway:
            outcome = await gateway.ask(replace(_request(), decoding=Decoding(0)))

    assert isinstance(outcome, Answer)


async def test_a_call_from_another_run_is_told_of_a_journal_that_failed(tmp_path: Path) -> None:
    """Also where the session had stopped before: nobody waits for ever."""
    with model_server() as server:
        endpoints = {"default": _endpoint(server)}
        async with open_gateway(endpoints, tmp_path / "old", Budget()) as gateway:
            await gateway.ask(_request("known"))
        new = tmp_path / "new"
        async with open_gateway(endpoints, new, Budget(), reuse=[tmp_path / "old"]) as gateway:
            (new / "journal.sqlite").unlink()
            for text in ("unknown", "known"):
                with anyio.fail_after(20), pytest.raises(StorageError):
                    await gateway.ask(_request(text))
