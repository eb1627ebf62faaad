"""Known limits over simulated time: never above one, never idle without a reason, nobody starved, all shared fairly."""

from __future__ import annotations

import itertools
import tracemalloc
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.endpoints import Endpoint, ModelLimits, Replica
from autoevol.agents.gateway.pacing.pacer import BURST_S, Pacer
from tests.agents.gateway.lane_world import LaneWorld, flight


def _endpoint(**more: object) -> Endpoint:
    return Endpoint.model_validate({"base_url": "http://127.0.0.1:1/v1", **more})


calls_strategy = st.lists(st.tuples(st.integers(1, 400), st.floats(0.01, 5)), min_size=1, max_size=25)


@settings(max_examples=60, deadline=None)
@given(calls_strategy, st.integers(30, 600), st.integers(2000, 60000), st.integers(1, 8))
def test_no_window_holds_more_than_the_limits_and_a_burst(
    calls: list[tuple[int, float]], rpm: int, tpm: int, concurrency: int
) -> None:
    """Requests, tokens and calls in flight stay under their limits in every window, in the order of asking."""
    world = LaneWorld(_endpoint(rpm=rpm, tpm=tpm, concurrency=concurrency), seconds=lambda name: calls[int(name)][1])
    for number, (tokens, _) in enumerate(calls):
        world.lane.push(flight(str(number), tokens))
    world.run()

    sent = world.sent
    assert [str(number) for number in range(len(calls))] == [sending.name for sending in sent]
    for first, last in itertools.combinations_with_replacement(range(len(sent)), 2):
        window = sent[last].at - sent[first].at
        together = sum(sending.tokens for sending in sent[first : last + 1])
        assert last - first + 1 <= rpm / 60 * (window + BURST_S) + 1 + 1e-6
        assert together <= tpm / 60 * (window + BURST_S) + sent[last].tokens + 1e-6
    for sending in sent:
        busy = [each for each in sent if each.at <= sending.at < each.at + calls[int(each.name)][1]]
        assert len(busy) <= concurrency


@settings(max_examples=60, deadline=None)
@given(calls_strategy, st.integers(30, 600), st.integers(2000, 60000), st.integers(1, 8))
def test_no_permitted_call_waits(calls: list[tuple[int, float]], rpm: int, tpm: int, concurrency: int) -> None:
    """Each call goes at the very moment at which the last of its limits lets it."""
    world = LaneWorld(_endpoint(rpm=rpm, tpm=tpm, concurrency=concurrency), seconds=lambda name: calls[int(name)][1])
    for number, (tokens, _) in enumerate(calls):
        world.lane.push(flight(str(number), tokens))
    world.run()

    requests, tokens_left, ends = Pacer(0.995 * rpm / 60, 0.0), Pacer(0.995 * tpm / 60, 0.0), list[float]()
    before = 0.0
    for sending in world.sent:
        slot = sorted(ends)[-concurrency] if len(ends) >= concurrency else 0.0
        expected = max(before, slot, requests.ready_at(1), tokens_left.ready_at(sending.tokens))
        assert abs(expected - sending.at) < 2e-4
        requests.take(1, sending.at)
        tokens_left.take(sending.tokens, sending.at)
        ends.append(sending.at + calls[int(sending.name)][1])
        before = sending.at


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 500), st.booleans()), min_size=2, max_size=60),
    st.integers(1000, 20000),
)
def test_nobody_starves(calls: list[tuple[str, int, bool]], tpm: int) -> None:
    """Whatever the others ask and however urgent: between two calls of a role no other role gets more than its share,
    and everything is sent."""
    world = LaneWorld(_endpoint(tpm=tpm, concurrency=3))
    for number, (role, tokens, urgent) in enumerate(calls):
        world.lane.push(flight(str(number), tokens, role, urgent=urgent))
    world.run()

    assert len(calls) == len(world.sent)
    plain = [int(sending.name) for sending in world.sent if not calls[int(sending.name)][2]]
    for role in "abc":
        own = [number for number in plain if calls[number][0] == role]
        assert own == sorted(own)
    urgent_run = 0
    waiting = len(plain)
    for sending in world.sent:
        urgent = calls[int(sending.name)][2]
        waiting -= not urgent
        urgent_run = urgent_run + 1 if urgent and waiting else 0
        assert urgent_run <= 4 + 3  # the first three of the line went before the others came


def test_agents_share_fairly() -> None:
    """A thousand calls of one agent do not make the few of another wait for them."""
    world = LaneWorld(_endpoint(rpm=600))
    for number in range(1000):
        world.lane.push(flight(f"many {number}", role="responder"))
    for number in range(10):
        world.lane.push(flight(f"few {number}", role="analyst"))
    world.run()

    assert max(number for number, sending in enumerate(world.sent) if sending.name.startswith("few")) <= 21


def test_the_critical_path_goes_first() -> None:
    """An urgent call passes those that wait."""
    world = LaneWorld(_endpoint(rpm=60))
    for number in range(50):
        world.lane.push(flight(str(number)))
    world.lane.push(flight("now", urgent=True))
    world.run()

    assert "now" == world.sent[1].name


def test_tokens_not_used_are_free_at_once() -> None:
    """A call that was set down at 600 tokens and used none lets the next one through."""
    world = LaneWorld(_endpoint(tpm=600))
    gate = world.account.gate("m")
    first = gate.take(flight("a", 600).load, 0.0)
    assert gate.ready(flight("b", 600).load, 1.0) > (30.0, "tpm")

    gate.settle(first, 0, 0)

    assert gate.ready(flight("b", 600).load, 1.0)[0] <= 1.0


def test_what_was_not_sent_counts_for_nothing() -> None:
    """Neither as a call nor as tokens nor as a slot."""
    world = LaneWorld(_endpoint(rpm=1, tpm=600, concurrency=1))
    gate = world.account.gate("m")

    gate.give_back(gate.take(flight("a", 600).load, 1.0))

    assert gate.ready(flight("b", 600).load, 1.0)[0] <= 1.0
    assert 0 == gate.in_flight


def test_a_heavy_call_is_not_passed_by_light_ones() -> None:
    """A call of nearly a minute's tokens waits its turn and no longer."""
    world = LaneWorld(_endpoint(tpm=6000))
    for number, tokens in enumerate([100] * 5 + [5000] + [100] * 5):
        world.lane.push(flight(str(number), tokens))
    world.run()

    assert [str(number) for number in range(11)] == [sending.name for sending in world.sent]
    assert world.sent[5].at <= 6.0


def test_heavy_calls_of_a_mixed_load_wait_hardly_longer() -> None:
    """Where one call in ten takes thirty times the tokens, the heaviest wait at most three times the median."""
    world = LaneWorld(_endpoint(tpm=60_000))
    tokens = {str(number): 3000 if number % 10 == 3 else 100 for number in range(200)}
    asked: dict[str, float] = {}
    for number, name in enumerate(tokens):
        at = number * 0.4
        asked[name] = at
        world.clock.call_at(at, lambda name=name: world.lane.push(flight(name, tokens[name])))  # type: ignore[misc]
    world.run()

    waits = {sending.name: sending.at - asked[sending.name] for sending in world.sent}
    median = sorted(waits.values())[100]
    assert max(waits[name] for name in tokens if tokens[name] == 3000) <= 3 * max(median, 1.0)


def test_input_and_output_are_counted_apart_where_a_provider_does() -> None:
    """Each against its own limit."""
    world = LaneWorld(_endpoint(input_tpm=6000))
    world.lane.push(flight("a", 100))
    world.lane.push(flight("b", 100))
    world.lane.push(flight("c", 100))
    world.run()

    assert world.sent[2].at - world.sent[1].at == pytest.approx(1 / 0.995, abs=0.01)


def test_a_model_has_its_own_limit_under_that_of_the_endpoint() -> None:
    """The slow model waits, the other does not."""
    world = LaneWorld(_endpoint(rpm=6000, models={"slow": ModelLimits(rpm=60)}))
    for number in range(5):
        world.lane.push(flight(f"slow {number}", model="slow"))
        world.lane.push(flight(f"quick {number}", model="quick"))
    world.run()

    assert max(sending.at for sending in world.sent if "quick" in sending.name) < 0.2
    assert max(sending.at for sending in world.sent if "slow" in sending.name) > 3.0


def test_several_accounts_are_used_fairly_and_add_up() -> None:
    """Two keys of one limit each give twice the rate, and half of the calls each."""
    world = LaneWorld(_endpoint(rpm=600, replicas=(Replica(key_env="SECOND"), Replica(key_env="THIRD"))))
    for number in range(300):
        world.lane.push(flight(str(number)))
    world.run()

    assert 9.0 <= world.sent[-1].at <= 10.5
    counts = Counter(sending.account for sending in world.sent)
    assert {"default/1": 100, "default/2": 100, "default/3": 100} == pytest.approx(counts, abs=2)


def test_what_is_gone_is_skipped() -> None:
    """A call that nobody waits for any more is not sent, and holds up nobody."""
    world = LaneWorld(_endpoint(rpm=60))
    calls = [flight(str(number)) for number in range(10)]
    for call in calls:
        world.lane.push(call)
    for call in calls[1:9]:
        call.gone = True
    world.run()

    assert ["0", "9"] == [sending.name for sending in world.sent]


def test_a_call_that_waits_for_another_try_holds_no_slot_and_goes_first_after_it() -> None:
    """Its place is at the front of its share."""
    world = LaneWorld(_endpoint(concurrency=1))
    world.lane.delay(flight("late"), 2.5)
    for number in range(5):
        world.lane.push(flight(str(number)))
    world.run()

    assert ["0", "1", "2", "late", "3", "4"] == [sending.name for sending in world.sent]


def test_a_waiting_call_is_a_small_record() -> None:
    """Less than half a kilobyte in the line, whatever waits."""
    world = LaneWorld(_endpoint(rpm=1))
    calls = [flight(str(number)) for number in range(10_000)]
    tracemalloc.start()
    for call in calls:
        world.lane.push(call)
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()

    assert size / len(calls) < 100
