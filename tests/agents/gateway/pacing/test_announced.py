"""What providers say about limits, and what is made of it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.gateway.pacing.announced import (
    AnnouncedLimits,
    Announcement,
    Window,
    per_minute,
    read_announcement,
)

NOW = datetime(2026, 11, 3, 12, 0, 30, tzinfo=UTC)
OPENAI = {
    "x-ratelimit-limit-requests": "5000",
    "x-ratelimit-remaining-requests": "4999",
    "x-ratelimit-reset-requests": "12ms",
    "x-ratelimit-limit-tokens": "160000",
    "x-ratelimit-remaining-tokens": "159976",
    "x-ratelimit-reset-tokens": "1.5s",
}
OPENROUTER = {"x-ratelimit-limit": "50", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1793707260000"}
IETF = {"ratelimit": '"default";r=50;t=30', "ratelimit-policy": '"default";q=100;w=60,"day";q=10000;w=86400'}


def _read(headers: Mapping[str, str]) -> Announcement:
    announcement = read_announcement(headers, NOW)
    assert announcement is not None
    return announcement


def _requests(limit: float, remaining: float, reset_s: float, length_s: float | None = None) -> Announcement:
    return Announcement(requests=Window(limit, remaining, reset_s, length_s))


# ---------------------------------------------------------------- forms


def test_openai_names_and_durations() -> None:
    """OpenAI's six headers, resets as Go prints durations."""
    assert Announcement(Window(5000, 4999, 0.012), Window(160000, 159976, 1.5)) == _read(OPENAI)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("6ms", 0.006),
        ("1h2m3.5s", 3723.5),
        ("2m59.56s", 179.56),
        ("250µs", 0.00025),
        ("0", 0.0),
        ("26.5", 26.5),
        ("1793707260", 30.0),
        ("1793707260000", 30.0),
        ("2026-11-03T12:01:00Z", 30.0),
        ("2026-11-03T13:01:00+01:00", 30.0),
        ("2026-11-03T12:01:00.123456789Z", 30.123456),
        ("2026-11-03T12:00:29Z", 0.0),
    ],
)
def test_every_way_to_say_a_reset(text: str, seconds: float) -> None:
    """Durations, seconds, epoch seconds, epoch milliseconds, RFC 3339; a moment just gone by is now."""
    window = _read({"x-ratelimit-limit-requests": "10", "x-ratelimit-reset-requests": text}).requests

    assert window is not None
    assert pytest.approx(seconds, abs=1e-5) == window.reset_s


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "-3",
        "nan",
        "inf",
        "1e400",
        "1d2x",
        "s",
        "5 s",
        "1e30",
        "2020-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ],
)
def test_what_is_no_reset_is_passed_over(text: str) -> None:
    """The rest of the window is kept."""
    assert Window(10) == _read({"x-ratelimit-limit-requests": "10", "x-ratelimit-reset-requests": text}).requests


def test_anthropics_moments_are_counted_from_the_replys_own_date() -> None:
    """A clock that is an hour wrong on this machine does no harm."""
    headers = {
        f"anthropic-ratelimit-{kind}-{field}": value
        for kind, limit in (
            ("requests", "50"),
            ("tokens", "50000"),
            ("input-tokens", "40000"),
            ("output-tokens", "8000"),
        )
        for field, value in (("limit", limit), ("remaining", "10"), ("reset", "2026-11-03T12:00:42Z"))
    }
    wrong = read_announcement({**headers, "date": "Tue, 03 Nov 2026 12:00:30 GMT"}, NOW + timedelta(hours=1))

    assert Announcement(
        Window(50, 10, 12), Window(50000, 10, 12), Window(40000, 10, 12), Window(8000, 10, 12)
    ) == _read(headers)  # fmt: skip
    assert _read(headers) == wrong


def test_github_models_says_the_length_of_its_windows() -> None:
    """`renewalperiod` is the window's length."""
    window = _read(
        {
            "x-ratelimit-limit-requests": "20",
            "x-ratelimit-reset-requests": "3",
            "x-ratelimit-renewalperiod-requests": "10",
        }
    ).requests

    assert Window(20, None, 3, 10) == window
    assert 120 == per_minute(Window(20, None, 3, 10))


def test_openrouter_resets_at_an_epoch_millisecond() -> None:
    """Plain names speak of requests."""
    assert Announcement(requests=Window(50, 0, 30)) == _read(OPENROUTER)


def test_mistral_and_cerebras_name_their_windows() -> None:
    """The minute is the pace; the day and the month are quotas."""
    announcement = _read(
        {
            "x-ratelimit-limit-req-minute": "720",
            "x-ratelimit-limit-requests-day": "14400",
            "x-ratelimit-remaining-requests-day": "14000",
            "x-ratelimit-limit-tokens-minute": "500000",
            "x-ratelimit-remaining-tokens-minute": "499000",
            "x-ratelimit-limit-tokens-month": "1000000000",
        }
    )

    assert Window(720, length_s=60) == announcement.requests
    assert Window(500000, 499000, None, 60) == announcement.tokens


def test_a_used_up_day_binds_more_than_a_free_minute() -> None:
    """Of several windows of one kind the one that binds is announced."""
    headers = {"x-ratelimit-limit-requests-minute": "30", "x-ratelimit-remaining-requests-minute": "30"}
    day = {f"x-ratelimit-{field}-requests-day": value for field, value in (("limit", "900"), ("remaining", "0"))}

    assert Window(900, 0, 7200, 86400) == _read({**headers, **day, "x-ratelimit-reset-requests-day": "7200"}).requests


def test_fireworks_counts_prompts_and_answers_apart() -> None:
    """The lower of the two limits on prompts is taken."""
    announcement = _read(
        {
            "x-ratelimit-limit-tokens-prompt": "11250000",
            "x-ratelimit-limit-tokens-cache-adjusted-prompt": "5400000",
            "x-ratelimit-limit-tokens-generated": "216000",
        }
    )

    assert (
        Announcement(input_tokens=Window(5400000, length_s=60), output_tokens=Window(216000, length_s=60))
        == announcement
    )


def test_a_limit_of_unknown_unit_is_no_limit() -> None:
    """Together's numbers are seconds on one page and minutes on another."""
    announcement = _read(
        {
            "x-ratelimit-limit": "10",
            "x-ratelimit-remaining": "9",
            "x-ratelimit-reset": "1",
            "x-tokenlimit-limit": "3000",
        }
    )

    assert Window(None, 9, 1) == announcement.requests
    assert announcement.tokens is not None
    assert announcement.tokens.limit is None


@pytest.mark.parametrize(
    ("headers", "window"),
    [
        (IETF, Window(100, 50, 30, 60)),
        ({"ratelimit": "limit=100, remaining=50, reset=5", "ratelimit-policy": "100;w=60"}, Window(100, 50, 5, 60)),
        ({"ratelimit": "limit=100, remaining=50, reset=5"}, Window(100, 50, 5)),
        ({"ratelimit-policy": '"burst";q=10;w=1,"default";q=100;w=60'}, Window(100, length_s=60)),
        ({"ratelimit-limit": "100, 100;w=60, 5000;w=3600", "ratelimit-remaining": "99"}, Window(100, 99)),
        ({"ratelimit-limit": "100", "ratelimit-remaining": "50", "ratelimit-reset": "30"}, Window(100, 50, 30)),
    ],
)
def test_every_draft_of_the_ietf(headers: dict[str, str], window: Window) -> None:
    """Three headers in the early drafts, two in the later ones."""
    assert window == _read(headers).requests


def test_calls_in_flight_may_be_announced() -> None:
    """By a header of its own, or as a policy of the IETF draft."""
    assert 8 == _read({"x-ratelimit-limit-concurrency": "8"}).concurrency
    assert Announcement(concurrency=5) == _read({"ratelimit-policy": '"c";q=5;qu="concurrent-requests"'})


def test_a_reply_that_says_nothing_gives_nothing() -> None:
    """Azure's -1 says nothing either."""
    assert read_announcement({"content-type": "application/json", "x-request-id": "1"}, NOW) is None
    assert read_announcement({"x-ratelimit-limit-tokens": "-1", "x-ratelimit-remaining-tokens": "-1"}, NOW) is None


_VALUES = st.one_of(
    st.text(max_size=80),
    st.text('0123456789.,;=-+eEhmsnµ"qwrtTZ: ', max_size=60),
    st.floats().map(str),
    st.integers().map(str),
)
_HEADERS = st.dictionaries(
    st.sampled_from([*OPENAI, *OPENROUTER, *IETF, "ratelimit-limit", "date"]), _VALUES, max_size=8
)


@given(_HEADERS)
def test_garbage_never_raises(headers: dict[str, str]) -> None:
    """Whatever stands in the headers, what comes out is positive, finite and usable."""
    announcement = read_announcement(headers, NOW)
    limits = AnnouncedLimits()
    if announcement is not None:
        limits.update(announcement, 0.0)
        for window in (announcement.requests, announcement.tokens):
            assert window is None or all(value is None or 0 <= value <= 1e12 for value in _all(window))

    assert all(value is None or 0 < value < 1e24 for value in (limits.rpm, limits.tpm, limits.hold_until(0.0)))


def _all(window: Window) -> tuple[float | None, ...]:
    return (window.limit, window.remaining, window.reset_s, window.length_s)


# ---------------------------------------------------------------- meaning


@pytest.mark.parametrize(
    ("window", "pace"),
    [
        (Window(), None),
        (Window(100), 100),
        (Window(100, 99, 59), 100),
        (Window(100, 99, 0.6), 100),
        (Window(10, length_s=1), 600),
        (Window(1000, 900, 7200), None),
        (Window(14400, 14399, 6), None),
        (Window(14400, 14370, 179.56), None),
        (Window(10000, 9999, 8.64), None),
        (Window(5000, length_s=86400), None),
        (Window(6000, 5963, 0.37), 6000),
    ],
)
def test_a_quota_is_no_pace(window: Window, pace: float | None) -> None:
    """Windows of an hour or a day say when to stop, not how fast to go."""
    assert pace == per_minute(window)


def test_a_limit_that_once_was_a_quota_stays_one() -> None:
    """A day's limit looks like a minute's when the day is nearly over."""
    limits = AnnouncedLimits()
    limits.update(_requests(50, 40, 5000), 0.0)
    limits.update(_requests(50, 39, 20), 4980.0)

    assert limits.rpm is None
    assert {"requests": 50} == limits.quotas


def test_the_newest_wins_and_what_is_not_said_stays() -> None:
    """Each reply may speak of other dimensions."""
    limits = AnnouncedLimits()
    limits.update(_read(OPENAI), 0.0)
    limits.update(_requests(100, 90, 6), 1.0)

    assert (100, 160000, None, None) == (limits.rpm, limits.tpm, limits.input_tpm, limits.output_tpm)


def test_an_empty_window_holds_until_it_starts_anew() -> None:
    """OpenRouter: nothing is left, and everything returns at the full minute."""
    limits = AnnouncedLimits()
    limits.update(_read(OPENROUTER), 1000.0)

    assert 1030 == limits.hold_until(1000.0)
    assert limits.hold_until(1030.0) is None


def test_a_window_that_started_anew_holds_no_more() -> None:
    """A reply from the next window ends the hold, one from the old window does not."""
    limits = AnnouncedLimits()
    limits.update(_requests(50, 0, 30), 1000.0)
    limits.update(_requests(50, 3, 29.5), 1000.5)
    assert 1030 == limits.hold_until(1001.0)

    limits.update(_requests(50, 49, 60), 1001.0)
    assert limits.hold_until(1001.0) is None


@pytest.mark.parametrize("limit", [1, 3, 60, 5000])
def test_an_empty_bucket_is_no_hold(limit: int) -> None:
    """OpenAI: nothing is left, and the reset is the time until the bucket is full again."""
    limits = AnnouncedLimits()
    limits.update(_requests(limit, 0, 60 * (limit - 0.9) / limit), 0.0)

    assert limits.hold_until(0.0) is None


@given(
    limit=st.integers(1, 10_000),
    level=st.lists(st.floats(0, 1), min_size=1, max_size=20),
    rounding=st.sampled_from([0, 3]),
)
def test_no_bucket_is_ever_held(limit: int, level: list[float], rounding: int) -> None:
    """Whatever was seen of a bucket that refills all the time, and however its times are rounded."""
    limits = AnnouncedLimits()
    for step, share in enumerate(level):
        used = limit * share
        reset_s = round(60 * used / limit, rounding) if rounding else float(round(60 * used / limit))
        limits.update(_requests(limit, int(limit - used), reset_s), float(step))

        assert limits.hold_until(float(step)) is None


@given(capacity=st.floats(4, 60), level=st.lists(st.floats(0.02, 1), min_size=2, max_size=20))
def test_a_bucket_smaller_than_its_limit_is_known_by_what_stays_the_same(capacity: float, level: list[float]) -> None:
    """What is left and what is still to come are together one sum; two different levels of it suffice."""
    limits = AnnouncedLimits()
    limit = 60_000
    lefts = [capacity * share for share in level if capacity * (1 - share) >= 2]
    for left in lefts:
        limits.update(_requests(limit, round(limit * left / 60), capacity - left), 0.0)
    limits.update(_requests(limit, 0, capacity), 1.0)

    apart = any(abs(first - second) > 6.1 for first, second in itertools.pairwise(lefts))
    assert limits.hold_until(1.0) is None or not apart


def test_what_was_seen_before_tells_a_window_that_is_empty_at_once() -> None:
    """A window used up in its first second looks like an empty bucket, unless it has shown itself before."""
    limits = AnnouncedLimits()
    limits.update(_requests(50, 49, 40), 0.0)
    limits.update(_requests(50, 0, 59), 41.0)

    assert 100 == limits.hold_until(41.0)


def test_a_limit_of_calls_in_flight_is_kept() -> None:
    """The newest one."""
    limits = AnnouncedLimits()
    limits.update(Announcement(concurrency=8), 0.0)
    limits.update(Announcement(), 1.0)

    assert 8 == limits.concurrency
