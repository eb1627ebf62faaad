"""What a status, a code and words come to."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.gateway.wire.failures import Failure, classify, one_line, retry_after

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def _error(message: str = "", **fields: object) -> bytes:
    return json.dumps({"error": {"message": message, **fields}}).encode()


@pytest.mark.parametrize(
    ("expected", "status", "body"),
    [
        ("rate_limit", 429, _error("Rate limit reached", code="rate_limit_exceeded")),
        ("rate_limit", 429, b"slow down please"),
        ("quota", 429, _error("You exceeded your current quota", code="insufficient_quota")),
        ("quota", 429, _error("...", type="insufficient_quota", code="credit_balance_exhausted")),
        ("quota", 429, _error("...", code="enforced_spend_limit_reached")),
        ("quota", 429, _error("You are out of credits.")),
        ("quota", 402, _error("Insufficient Balance")),
        ("quota", 400, _error("Your credit balance is too low to access the API.", type="invalid_request_error")),
        ("bad_request", 400, _error("Bad prompt: 'Ann has an insufficient balance and is out of credits'")),
        ("access", 401, _error("Incorrect API key provided")),
        ("access", 403, b"<html>no</html>"),
        ("content_filter", 403, _error("blocked", code="content_filter")),
        ("unknown_model", 404, _error("The model does not exist", code="model_not_found")),
        ("unknown_model", 308, b""),
        ("context_too_long", 400, _error("This model's maximum context length is 4096 tokens.")),
        ("context_too_long", 400, _error("too long", code="context_length_exceeded")),
        ("context_too_long", 400, _error("the request exceeds the available size", type="exceed_context_size_error")),
        ("context_too_long", 413, b""),
        ("content_filter", 400, _error("...", code="400", innererror={"code": "ResponsibleAIPolicyViolation"})),
        ("bad_request", 400, _error("Unsupported parameter: 'seed'")),
        ("bad_request", 422, b"[]"),
        ("timeout", 408, b""),
        ("server_error", 409, b""),
        ("server_error", 500, _error("boom")),
        ("server_error", 502, b"<html>Bad Gateway</html>"),
        ("overloaded", 503, _error("full", code="server_is_overloaded")),
        ("overloaded", 529, _error("Overloaded", type="overloaded_error")),
        ("rate_limit", 503, _error("Slow down", code="slow_down")),
        ("quota", 402, b'{"type": "error", "error": {"type": "billing_error", "message": "..."}}'),
        ("overloaded", 529, b'{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}'),
        ("rate_limit", 429, b'{"type": "error", "error": {"type": "rate_limit_error", "message": "..."}}'),
        ("bad_request", 501, _error("This server does not support embeddings")),
        ("server_error", 200, b""),
    ],
)  # fmt: skip
def test_a_reply_without_an_answer_is_told_apart(expected: str, status: int, body: bytes) -> None:
    """Money before the status, the status before words; the words of a prompt never speak for the account."""
    assert expected == classify(status, {}, body, NOW).kind


@pytest.mark.parametrize(
    ("expected", "headers", "body"),
    [
        ("tokens", {}, _error("Rate limit reached for m on tokens per min (TPM): Limit 30000, Requested 500.")),
        ("tokens", {}, _error("This request would exceed your rate limit of 50,000 input tokens per minute")),
        ("tokens", {}, _error("Please wait", type="tokens", code="rate_limit_exceeded")),
        ("tokens", {"x-ratelimit-remaining-requests": "3", "x-ratelimit-remaining-tokens": "0"}, b""),
        ("requests", {"x-ratelimit-remaining-requests": "0"}, b"no"),
        ("requests", {}, _error("Rate limit reached for m on requests per min (RPM): Limit 3, Used 3.")),
        ("requests", {}, _error("...", type="requests")),
        ("requests", {}, _error("...", code="slow_down")),
        ("concurrency", {}, _error("Number of concurrent connections has exceeded your rate limit")),
        ("concurrency", {}, _error("Too many simultaneous requests per minute")),
        ("", {"retry-after": "3"}, b"busy"),
    ],
)
def test_a_rate_limit_says_what_there_was_too_much_of(expected: str, headers: dict[str, str], body: bytes) -> None:
    """By words and codes, then by the headers; where nobody says it, it stays open."""
    assert expected == classify(429, headers, body, NOW).about


def test_only_a_rate_limit_is_about_something() -> None:
    """A bad request may speak of tokens and is about none."""
    assert "" == classify(400, {}, _error("too few tokens per minute"), NOW).about


def test_a_402_that_says_when_to_come_back_is_a_limit() -> None:
    """OpenRouter: with Retry-After it is a wait."""
    failure = classify(402, {"retry-after": "5"}, b"", NOW)

    assert ("rate_limit", 5.0) == (failure.kind, failure.wait)


@pytest.mark.parametrize(
    ("expected", "headers"),
    [
        (None, {}),
        (0.25, {"retry-after-ms": "250", "retry-after": "9"}),
        (9.0, {"retry-after-ms": "soon", "retry-after": "9"}),
        (1.5, {"retry-after": "1.5"}),
        (60.0, {"retry-after": "Sat, 21 Nov 2026 12:01:00 GMT"}),
        (0.0, {"retry-after": "Sat, 21 Nov 2020 12:01:00 GMT"}),
        (0.0, {"retry-after": "-3"}),
        (None, {"retry-after": "nan"}),
        (None, {"retry-after": "tomorrow"}),
        (366 * 86400.0, {"retry-after": "inf"}),
    ],
)
def test_the_wait_is_what_the_provider_says(expected: float | None, headers: dict[str, str]) -> None:
    """Milliseconds first, then seconds, then a date; what cannot be read is nothing."""
    assert expected == retry_after(headers, NOW)


@given(
    st.integers(100, 999), st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), st.text()), st.binary()
)
def test_garbage_is_always_a_failure(status: int, headers: dict[str, str], body: bytes) -> None:
    """Whatever comes, the answer is one kind of the taxonomy and a wait that can be waited."""
    failure = classify(status, headers, body, NOW)

    assert isinstance(failure, Failure)
    assert failure.wait is None or 0 <= failure.wait <= 366 * 86400


@given(st.text())
def test_foreign_words_cannot_steer_a_terminal(text: str) -> None:
    """One line, printable, at most 300 characters."""
    line = one_line(text)

    assert line.isprintable()
    assert len(line) <= 300
