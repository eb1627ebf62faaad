"""The limits of the simulated provider, over simulated time."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.gateway.simulated.provider.gate import Gate, duration, retry_lines
from autoevol.agents.gateway.simulated.provider.limiter import Kind, limit_of
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings

KINDS: tuple[Kind, ...] = ("bucket", "strict", "sliding", "fixed")
arrivals = st.lists(
    st.tuples(st.floats(0, 40, allow_nan=False), st.integers(1, 400)), min_size=1, max_size=80
)  # gaps in seconds, costs


def _admitted(kind: Kind, per_minute: float, calls: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """Times and costs of what a limit let through."""
    limit = limit_of(kind, per_minute, 1.0, wall=0.0)
    now, passed = 1000.0, list[tuple[float, int]]()
    for gap, cost in calls:
        now += gap
        if limit.wait(now, cost) == 0:
            limit.take(now, cost)
            passed.append((now, cost))
    return passed


@given(rate=st.floats(1, 5000), gaps=st.lists(st.floats(0, 2), min_size=1, max_size=200))
def test_strict_lets_no_second_pass_its_share(rate: float, gaps: list[float]) -> None:
    """In no second are there more than the rate's share of it, rounded up."""
    passed = [at for at, _ in _admitted("strict", rate, [(gap, 1) for gap in gaps])]

    assert all(
        sum(1 for other in passed if at <= other < at + 1.0 - 1e-6) <= math.ceil(rate / 60 - 1e-9) for at in passed
    )


@given(rate=st.integers(1, 600), gaps=st.lists(st.floats(0, 5), min_size=1, max_size=200))
def test_sliding_lets_no_minute_pass_the_rate(rate: int, gaps: list[float]) -> None:
    """In no sixty seconds are there more than the rate."""
    passed = [at for at, _ in _admitted("sliding", rate, [(gap, 1) for gap in gaps])]

    assert all(sum(1 for other in passed if at <= other < at + 60 - 1e-6) <= rate for at in passed)


@given(rate=st.integers(1, 600), gaps=st.lists(st.floats(0, 5), min_size=1, max_size=200))
def test_fixed_counts_by_minutes_of_the_clock(rate: int, gaps: list[float]) -> None:
    """In no minute of the clock are there more than the rate."""
    minutes = [int(at // 60) for at, _ in _admitted("fixed", rate, [(gap, 1) for gap in gaps])]

    assert all(minutes.count(minute) <= rate for minute in minutes)


@given(rate=st.floats(1, 5000), calls=arrivals)
def test_a_bucket_gives_its_rate_and_one_filling(rate: float, calls: list[tuple[float, int]]) -> None:
    """What passed is at most one filling more than the rate gave; the last call may leave a debt."""
    passed = _admitted("bucket", rate, calls)
    before_last = sum(cost for _, cost in passed[:-1])

    if passed:
        assert before_last <= rate / 60 * (passed[-1][0] - passed[0][0]) + max(1.0, rate / 60) + 1e-3


@given(kind=st.sampled_from(KINDS), rate=st.floats(1, 5000), calls=arrivals)
def test_who_waits_as_told_is_let_in(kind: Kind, rate: float, calls: list[tuple[float, int]]) -> None:
    """The wait that a refusal names is enough, for calls of every size, and not idle."""
    limit = limit_of(kind, rate, 1.0, wall=0.0)
    now = 1000.0
    for gap, cost in calls:
        now += gap
        for _ in range(2):
            wait = limit.wait(now, cost)
            if wait == 0:
                break
            assert limit.wait(now + wait * 0.5, cost) > 0
            now += wait + 1e-6
        assert 0 == limit.wait(now, cost)
        limit.take(now, cost)


@pytest.mark.parametrize("kind", ["bucket", "sliding", "fixed"])
def test_what_was_charged_too_much_comes_back(kind: Kind) -> None:
    """A reservation that is settled lower makes room at once."""
    limit = limit_of(kind, 6000, 60.0, wall=0.0)
    entry = limit.take(100.0, 6000)
    assert limit.wait(100.0, 1000) > 0

    limit.settle(100.0, entry, 500)

    assert 0 == limit.wait(100.0, 1000)
    assert 5500 == round(limit.left(100.0))


def test_a_lower_rate_holds_from_now_on() -> None:
    """The rate changes while calls are under way."""
    gate = Gate(ProviderSettings(rpm=60, limiter="sliding"), wall=0.0)
    for _ in range(30):
        gate.charge(0.0, 1, 1)

    gate.follow(ProviderSettings(rpm=30, limiter="sliding"))
    refusal = gate.refusal(0.0, 1, 1)

    assert refusal is not None
    assert ("requests", 60) == (refusal[0], round(refusal[1]))
    gate.follow(ProviderSettings())
    assert gate.refusal(0.0, 1, 1) is None


def test_tokens_are_reserved_and_then_corrected() -> None:
    """Reserved counts max_tokens until the end, actual only what came out."""
    for count, refused in (("reserved", True), ("actual", False)):
        settings = ProviderSettings.model_validate({"tpm": 6000, "burst_s": 60, "count": count})
        gate = Gate(settings, wall=0.0)
        charged = gate.charge(0.0, 1000, 5000)
        assert refused == (gate.refusal(0.0, 100, 1) is not None)

        charged.settle(0.0, 3000)

        assert gate.refusal(0.0, 2000, 1 if count == "actual" else 0) is None
        assert gate.refusal(0.0, 2001, 0) is not None


@pytest.mark.parametrize(
    ("style", "lines"),
    [
        ("openai", {"x-ratelimit-limit-requests": "120", "x-ratelimit-remaining-requests": "1",
                    "x-ratelimit-reset-requests": "500ms", "x-ratelimit-limit-tokens": "6000"}),
        ("azure", {"x-ratelimit-remaining-requests": "1", "x-ratelimit-remaining-tokens": "90"}),
        ("anthropic", {"anthropic-ratelimit-requests-limit": "120", "anthropic-ratelimit-requests-remaining": "1",
                       "anthropic-ratelimit-requests-reset": "1970-01-01T00:16:40Z"}),
        ("openrouter", {"X-RateLimit-Limit": "120", "X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "1000500"}),
        ("groq", {"x-ratelimit-limit-requests": "172800", "x-ratelimit-limit-tokens": "6000"}),
    ],
)  # fmt: skip
def test_limits_are_announced_as_providers_do(style: str, lines: dict[str, str]) -> None:
    """Each style has its names and forms."""
    gate = Gate(ProviderSettings.model_validate({"rpm": 120, "tpm": 6000, "headers": style}), wall=0.0)
    gate.charge(1000.0, 4, 6)

    said = dict(line.split(": ", 1) for line in gate.headers(1000.0).splitlines())

    assert lines == {name: said.get(name) for name in lines}


def test_no_style_announces_nothing() -> None:
    """Many servers say nothing."""
    assert "" == Gate(ProviderSettings(rpm=120), wall=0.0).headers(0.0)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (0.02, "20ms"), (1, "1s"), (1.5, "1.5s"), (360, "6m0s"), (3661, "1h1m1s")]
)
def test_durations_are_written_as_openai_does(seconds: float, text: str) -> None:
    """`6m0s`, `20ms`."""
    assert text == duration(seconds)


@pytest.mark.parametrize(
    ("form", "lines"),
    [
        ("none", ""),
        ("s", "retry-after: 2\r\n"),
        ("ms", "retry-after-ms: 1200\r\n"),
        ("date", "retry-after: Thu, 01 Jan 1970 00:00:12 GMT\r\n"),
    ],
)
def test_retry_after_has_four_forms(form: str, lines: str) -> None:
    """Whole seconds and dates are rounded up, so that who waits as told has waited enough."""
    assert lines == retry_lines(ProviderSettings.model_validate({"retry_after": form}), 1.2, 10.0)
    assert "" == retry_lines(ProviderSettings(), None, 10.0)
