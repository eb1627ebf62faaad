"""Limits that nobody told or that were told wrong, found over simulated time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.endpoints import Endpoint
from tests.agents.gateway.lane_world import LaneWorld, TokenBucket, flight


def _world(
    rule: TokenBucket, calls: int, *, wait: float | None = None, seconds: float = 1.0, **more: object
) -> LaneWorld:
    endpoint = Endpoint.model_validate({"base_url": "http://127.0.0.1:1/v1", **more})
    world = LaneWorld(endpoint, rule, lambda _: seconds, wait)
    for number in range(calls):
        world.lane.push(flight(str(number)))
    return world


@pytest.mark.parametrize("wait", [None, 1.0])
def test_sixty_calls_at_an_unknown_limit_waste_six_at_most(wait: float | None) -> None:
    """120 a minute, which nobody says: every call is let through in the end."""
    world = _world(TokenBucket(2), 60, wait=wait, seconds=0.2)
    world.run()

    assert 60 == world.accepted()
    assert world.refused <= 6


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.floats(3, 60), st.floats(0.05, 8))
def test_an_unknown_limit_is_found_and_used(per_s: float, seconds: float) -> None:
    """Whatever it is and however long an answer takes: most of it is used with few refusals, once found."""
    world = _world(TokenBucket(per_s), int(per_s * 90), seconds=seconds)
    world.run(until=80)

    assert world.accepted(30, 75) >= 0.7 * per_s * 45
    refused = sum(not sending.accepted for sending in world.sent if 30 <= sending.at < 75)
    assert refused <= 2 + 0.06 * per_s * 45


def test_a_limit_that_was_told_twice_too_high_is_survived() -> None:
    """At least 90 % of what is really allowed, at most 2 % over it."""
    world = _world(TokenBucket(50), 5000, wait=1.0, rpm=6000)
    world.run(until=90)

    assert world.accepted(5, 85) >= 0.9 * 50 * 80
    assert world.refused <= 0.02 * world.accepted()


def test_a_limit_that_halves_for_a_minute_is_followed_down_and_up() -> None:
    """Back at 95 % within half a minute."""
    rule = TokenBucket(50)
    world = _world(rule, 9000, wait=1.0, rpm=3000)
    world.clock.call_at(30, lambda: setattr(rule, "per_s", 25))
    world.clock.call_at(90, lambda: setattr(rule, "per_s", 50))
    world.run(until=150)

    assert world.accepted(35, 90) >= 0.9 * 25 * 55
    assert world.accepted(120, 150) >= 0.95 * 50 * 30
    assert world.refused <= 0.02 * world.accepted()


def test_what_is_announced_is_used_at_once() -> None:
    """A limit that comes back up in the headers is followed within a second."""
    rule = TokenBucket(50)
    world = _world(rule, 9000, wait=1.0)
    gate = world.account.gate("m")
    gate.announce({"rpm": 3000}, 0.0)

    def change(per_s: float) -> None:
        rule.per_s = per_s
        gate.announce({"rpm": per_s * 60}, world.clock.now())

    world.clock.call_at(30, lambda: change(25))
    world.clock.call_at(60, lambda: change(50))
    world.run(until=90)

    assert world.accepted(62, 90) >= 0.98 * 50 * 28
    assert world.refused <= 0.005 * world.accepted()


def test_a_known_limit_is_used_fully_without_a_refusal() -> None:
    """At 0.2, 1, 8 and 30 seconds of latency: calls in flight follow."""
    for seconds in (0.2, 1.0, 8.0, 30.0):
        world = _world(TokenBucket(50), 4000, seconds=seconds, rpm=3000)
        world.run(until=70)

        assert world.accepted(5, 70) >= 0.99 * 50 * 65
        assert 0 == world.refused


def test_now_and_then_a_refusal_freezes_nothing() -> None:
    """One call in a hundred is told to wait half a minute, for no reason of ours."""
    bucket = TokenBucket(50)
    count = 0

    def rule(now: float) -> bool:
        nonlocal count
        count += 1
        return count % 100 != 0 and bucket(now)

    world = LaneWorld(Endpoint(base_url="http://127.0.0.1:1/v1", rpm=3000), rule, wait=30.0)
    for number in range(3000):
        world.lane.push(flight(str(number)))
    world.run()

    assert 3000 == world.accepted()
    assert world.accepted(5, 55) >= 0.9 * 50 * 50


def test_when_all_are_told_to_wait_the_line_waits_with_few_probes() -> None:
    """For 89 seconds everything is refused: a handful of calls find out, then all goes on."""
    shut = True
    world = LaneWorld(Endpoint(base_url="http://127.0.0.1:1/v1", rpm=3000), lambda _: not shut, wait=89.0)
    for number in range(500):
        world.lane.push(flight(str(number)))

    def open_again() -> None:
        nonlocal shut
        shut = False

    world.clock.call_at(89, open_again)
    world.run()

    assert 500 == world.accepted()
    assert world.refused <= 12


def test_a_server_that_only_gets_slower_is_not_flooded() -> None:
    """Eight workers and an endless queue, never a refusal: calls in flight stay near what is worked on."""
    free = [0.0] * 8
    peak = 0

    world = LaneWorld(Endpoint(base_url="http://127.0.0.1:1/v1"))

    def took(_: str) -> float:
        nonlocal peak
        now = world.clock.now()
        worker = min(range(8), key=free.__getitem__)
        free[worker] = max(free[worker], now) + 0.5
        peak = max(peak, world.account.gate("m").in_flight)
        return free[worker] - now

    world.seconds = took
    for number in range(3000):
        world.lane.push(flight(str(number)))
    world.run(until=200)

    assert world.accepted(20, 200) >= 0.93 * 16 * 180
    assert peak <= 64
