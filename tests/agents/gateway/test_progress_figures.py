"""What the gateway tells of itself while it works."""

from __future__ import annotations

from dataclasses import replace

import pytest

from autoevol.agents.gateway.outcomes import Answer, Usage
from autoevol.agents.gateway.progress import Meter, Progress, binding
from tests.clocks import JumpingClock

IDLE = Progress(0, 0, 0, 0, "", 0, 0.0, None, False, 0.0)


def _answer(tokens: int = 10, cost: float | None = 0.5) -> Answer:
    return Answer("k", "text", usage=Usage(3, tokens), cost=cost, seconds=2.0)


@pytest.mark.parametrize(
    ("expected", "waiting_on", "retrying"),
    [
        ("seeds", "", 0),
        ("retries", "", 3),
        ("rpm", "default: rpm", 1),
        ("rpm", "default: rpm, judge: rpm", 1),
        ("default: rpm, judge: tpm", "default: rpm, judge: tpm", 1),
        ("outage", "default: rpm, judge: outage", 1),
        ("budget", "default: concurrency, budget", 1),
    ],
)
def test_what_binds_is_what_calls_wait_for(expected: str, waiting_on: str, retrying: int) -> None:
    """A standstill before a limit; one name where all wait for the same; what goes into the journal waits for none."""
    assert expected == binding(replace(IDLE, waiting_on=waiting_on, waiting=2, retrying=retrying))


def test_the_pace_is_that_of_the_last_minute() -> None:
    """An hour of slow work before does not count."""
    clock = JumpingClock()
    meter = Meter(clock)
    meter.asked()
    for seconds, calls in ((60.0, 60), (1.0, 120)):
        for _ in range(calls):
            clock.time += seconds
            meter.finished(_answer(), "evolver", "apply")

    now = meter.progress(0, 0, "", None, free=False)

    assert 180 == now.calls
    assert pytest.approx(60, rel=0.05) == now.calls_per_min
    assert pytest.approx(600, rel=0.05) == now.tokens_per_min


def test_before_the_first_call_there_is_no_pace() -> None:
    """And nothing is divided by nothing."""
    meter = Meter(JumpingClock())
    assert (0.0, 0.0) == (meter.progress(0, 0, "", None, free=True).calls_per_min, 0.0)
    meter.asked()
    assert 0.0 == meter.progress(1, 1, "", None, free=True).tokens_per_min


def test_finished_calls_are_counted_by_role_and_stage() -> None:
    """With tokens, money and time; an unknown price stays unknown."""
    meter = Meter(JumpingClock())
    meter.finished(_answer(), "evolver", "apply")
    meter.finished(_answer(cost=None), "evolver", "apply")
    meter.finished(_answer(7), "judge", "test")

    entries = {(entry.role, entry.stage): entry.sum for entry in meter.progress(0, 0, "", 0.0, free=False).finished}

    assert {("evolver", "apply"), ("judge", "test")} == set(entries)
    both = entries["evolver", "apply"]
    assert (2, 6, 20, None, 4.0) == (both.calls, both.input_tokens, both.output_tokens, both.cost, both.seconds)
