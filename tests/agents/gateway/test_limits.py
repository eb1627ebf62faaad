"""Admission over simulated time: never above a limit, never idle without a reason, nobody starved."""

from __future__ import annotations

import asyncio
import itertools
import tracemalloc
from collections.abc import Sequence

import anyio
from anyio.lowlevel import checkpoint
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.pacing.limits import PacedLimiter, Pacer, Permit
from tests.clocks import SimulatedClock

Sent = list[tuple[float, int, float]]


async def _simulate(limiter: PacedLimiter, clock: SimulatedClock, calls: Sequence[tuple[float, float]]) -> Sent:
    """Queue all calls (tokens, seconds that each takes) at once; give back (moment, number, tokens) in order."""
    sent: Sent = []

    async def call(number: int, tokens: float, seconds: float) -> None:
        permit = await limiter.acquire(tokens)
        sent.append((clock.now(), number, tokens))
        await clock.sleep(seconds)
        limiter.settle(permit, tokens)

    async with anyio.create_task_group() as group:
        for number, (tokens, seconds) in enumerate(calls):
            group.start_soon(call, number, tokens, seconds)
        await anyio.wait_all_tasks_blocked()
        while clock.advance():
            for _ in range(4):
                await checkpoint()
            await anyio.wait_all_tasks_blocked()
    return sent


calls_strategy = st.lists(st.tuples(st.integers(1, 400), st.floats(0, 5)), min_size=1, max_size=25)


@settings(max_examples=40, deadline=None)
@given(calls_strategy, st.integers(30, 600), st.integers(2000, 60000), st.integers(1, 8))
def test_no_window_holds_more_than_the_limits_and_one_second_of_burst(
    calls: list[tuple[float, float]], rpm: int, tpm: int, concurrency: int
) -> None:
    """Requests, tokens and calls in flight stay under their limits in every window, in the order of asking."""
    clock = SimulatedClock()
    limiter = PacedLimiter(rpm=rpm, tpm=tpm, concurrency=concurrency, clock=clock)

    sent = asyncio.run(_simulate(limiter, clock, calls))

    assert list(range(len(calls))) == [number for _, number, _ in sent]
    for first, last in itertools.combinations_with_replacement(range(len(sent)), 2):
        window = sent[last][0] - sent[first][0]
        tokens = sum(amount for _, _, amount in sent[first : last + 1])
        assert last - first + 1 <= rpm / 60 * (window + 1) + 1 + 1e-6
        assert tokens <= tpm / 60 * (window + 1) + sent[last][2] + 1e-6
    for moment, _, _ in sent:
        assert concurrency >= sum(
            start <= moment < start + calls[number][1] for start, number, _ in sent if calls[number][1] > 0
        )


@settings(max_examples=40, deadline=None)
@given(calls_strategy, st.integers(30, 600), st.integers(2000, 60000), st.integers(1, 8))
def test_no_permitted_call_waits(calls: list[tuple[float, float]], rpm: int, tpm: int, concurrency: int) -> None:
    """Each call goes at the very moment at which the last of its limits lets it."""
    clock = SimulatedClock()
    limiter = PacedLimiter(rpm=rpm, tpm=tpm, concurrency=concurrency, clock=clock)

    sent = asyncio.run(_simulate(limiter, clock, calls))

    requests, tokens, ends = Pacer(rpm), Pacer(tpm), list[float]()
    before = 0.0
    for moment, number, amount in sent:
        slot = sorted(ends)[-concurrency] if len(ends) >= concurrency else 0.0
        expected = max(before, slot, requests.ready_at(1), tokens.ready_at(amount))
        assert abs(expected - moment) < 1e-6
        requests.take(1, moment)
        tokens.take(amount, moment)
        ends.append(moment + calls[number][1])
        before = moment


async def test_tokens_not_used_are_free_at_once() -> None:
    """A call that was set down at 600 tokens and used none lets the next one through."""
    clock = SimulatedClock()
    limiter = PacedLimiter(rpm=None, tpm=600, concurrency=10, clock=clock)
    first = await limiter.acquire(600)

    async with anyio.create_task_group() as group:
        group.start_soon(limiter.acquire, 600)
        await anyio.wait_all_tasks_blocked()
        assert "tpm" == limiter.binding
        limiter.settle(first, 0)

    assert (0.0, 1, 0) == (clock.now(), limiter.in_flight, limiter.waiting)


async def test_a_heavy_call_is_not_passed_by_light_ones() -> None:
    """A call of nearly a minute's tokens waits its turn and no longer."""
    clock = SimulatedClock()
    limiter = PacedLimiter(rpm=None, tpm=6000, concurrency=100, clock=clock)

    sent = await _simulate(limiter, clock, [(100, 0.1)] * 5 + [(5000, 0.1)] + [(100, 0.1)] * 5)

    assert list(range(11)) == [number for _, number, _ in sent]


async def test_a_cancelled_call_gives_its_place_up() -> None:
    """Neither its slot nor its tokens are lost, also where it is cancelled as it gets its permit."""
    clock = SimulatedClock()
    limiter = PacedLimiter(rpm=None, tpm=None, concurrency=1, clock=clock)
    held = await limiter.acquire(1)
    async with anyio.create_task_group() as group:
        with anyio.CancelScope() as scope:
            group.start_soon(limiter.acquire, 1)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
            limiter.settle(held, 1)
        assert not scope.cancelled_caught

    assert 0 == limiter.waiting
    assert 0 == limiter.in_flight
    permit = await limiter.acquire(1)
    limiter.settle(permit, 1)
    limiter.settle(permit, 1)
    assert 0 == limiter.in_flight


async def test_a_pause_lets_nothing_through() -> None:
    """The longer of two pauses counts."""
    clock = SimulatedClock()
    limiter = PacedLimiter(rpm=None, tpm=None, concurrency=5, clock=clock)
    limiter.pause(30)
    limiter.pause(10)

    sent = await _simulate(limiter, clock, [(1, 0.0)])

    assert [30.0] == [moment for moment, _, _ in sent]


async def test_what_was_not_sent_counts_for_nothing() -> None:
    """A permit that is given back leaves room for a request of the same minute."""
    clock = SimulatedClock()
    limiter = PacedLimiter(rpm=1, tpm=60, concurrency=5, clock=clock)

    for _ in range(3):
        limiter.give_back(await limiter.acquire(60))

    assert isinstance(await limiter.acquire(60), Permit)
    assert 0.0 == clock.now()


async def test_a_waiting_call_is_a_small_record() -> None:
    """What the limiter keeps for a call that waits is under 1 KB, and is no task."""
    clock = SimulatedClock()
    limiter = PacedLimiter(rpm=None, tpm=None, concurrency=1, clock=clock)
    await limiter.acquire(1)
    waiting = [limiter.acquire(1) for _ in range(2000)]
    tracemalloc.start()
    for coroutine in waiting:
        coroutine.send(None)  # to its first wait, without a task
    grown, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert 2000 == limiter.waiting
    assert grown / 2000 < 1024
    for coroutine in waiting:
        coroutine.close()
