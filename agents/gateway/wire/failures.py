"""What can go wrong with one attempt, told apart by what must happen next.

    wait, uses up no try     rate_limit
    send again at once       adapted (the request was wrong for this model in a way that is now known; no try either)
    try again later          overloaded, server_error, timeout, connection, unreachable, unreadable_reply
    stop the session         quota, access, unknown_model
    the call's own outcome   bad_request, context_too_long, content_filter

Providers say these things in statuses, in error codes and in prose, and not alike: words about money come before the
status (a 429 may mean an empty account), a status before words about length.
"""

from __future__ import annotations

import email.utils
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast

from ..outcomes import NoAnswerReason

__all__ = [
    "FINAL",
    "STOPPING",
    "About",
    "Failure",
    "FailureKind",
    "Said",
    "classify",
    "one_line",
    "retry_after",
    "said",
]

FailureKind = Literal[
    "rate_limit", "adapted",
    "overloaded", "server_error", "timeout", "connection", "unreachable", "unreadable_reply",
    "quota", "access", "unknown_model",
    "bad_request", "context_too_long", "content_filter",
]  # fmt: skip

About = Literal["", "requests", "tokens", "concurrency"]
"""What there was too much of, as far as the provider says it."""

STOPPING: frozenset[FailureKind] = frozenset({"quota", "access", "unknown_model"})
FINAL: dict[FailureKind, NoAnswerReason] = {
    "bad_request": "bad_request",
    "context_too_long": "context_too_long",
    "content_filter": "content_filter",
}

# Codes and phrases by which providers say that money or a spending limit is at its end: nothing helps but a person.
_MONEY_CODES = frozenset({
    "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded", "organization_usage_limit_exceeded", "enforced_spend_limit_reached",
    "billing_hard_limit_reached", "billing_not_active", "billing_error", "insufficient_balance",
    "insufficient_credits",
})  # fmt: skip
_MONEY_WORDS = (
    "insufficient_quota", "insufficient quota", "credit balance is too low", "out of credits", "insufficient credits",
    "insufficient balance", "spend limit",
)  # fmt: skip
_LENGTH_CODES = frozenset({
    "context_length_exceeded", "exceed_context_size_error", "context_window_exceeded", "string_above_max_length",
    "request_too_large", "prompt_too_long",
})  # fmt: skip
_LENGTH_WORDS = (
    "context length", "context size", "context window", "maximum context", "context_length", "prompt is too long",
    "too many tokens", "input is too long", "exceeds the model's maximum",
)  # fmt: skip
_FILTER_CODES = frozenset({"content_filter", "content_policy_violation", "responsibleaipolicyviolation"})
_FILTER_WORDS = ("content_filter", "content filter", "content management policy", "content_policy_violation")
_BY_STATUS: dict[int, FailureKind] = {
    401: "access", 403: "access", 407: "access",
    404: "unknown_model",
    402: "rate_limit", 429: "rate_limit",
    501: "bad_request",
    408: "timeout", 409: "server_error", 425: "server_error",
}  # fmt: skip
# What there was too much of, in the order in which it is looked for: words about tokens often speak of requests too.
_PER = r"(?: per |/| a )(?:min|sec|hour|day)"
_ABOUT: tuple[tuple[About, re.Pattern[str]], ...] = (
    ("concurrency", re.compile(r"concurren|in[ -]flight|simultaneous|parallel request|too many connections")),
    ("tokens", re.compile(rf"tokens?{_PER}|\b[iot]?tp[md]\b|token (?:rate|limit)|(?:input|output|request) tokens")),
    ("requests", re.compile(rf"requests?{_PER}|\brp[smd]\b|(?:request|call) rate|too many requests|slow[ _]down")),
)
_LONGEST_WAIT = 366 * 86400.0


class Failure(Exception):
    """One attempt that gave nothing.

    Args:
        kind: what must happen next hangs on it.
        detail: the provider's words or ours, without any key.
        wait: seconds that the provider asks to wait, None where it says nothing.
        charged: whether the provider may charge for it: the request went out and it is not known what became of it.
        about: for a rate limit, what there was too much of.
    """

    def __init__(
        self,
        kind: FailureKind,
        detail: str,
        *,
        wait: float | None = None,
        charged: bool = False,
        about: About = "",
    ) -> None:
        super().__init__(detail)
        self.kind: FailureKind = kind
        self.detail = detail
        self.wait = wait
        self.charged = charged
        self.about: About = about


@dataclass(frozen=True, slots=True)
class Said:
    """What an error body says.

    Args:
        codes: codes and types, in lower case.
        words: the message, or the whole body where it has none.
        param: the parameter that is named as the culprit; empty where none is.
    """

    codes: frozenset[str]
    words: str
    param: str = ""


def classify(status: int, headers: Mapping[str, str], body: bytes, now: datetime) -> Failure:
    """Say what a reply means that is not a completion.

    Args:
        status: the HTTP status, or the number that a provider put into an error object under status 200.
        headers: names in lower case.
        body: whatever came; garbage is fine.
        now: for `Retry-After` as an HTTP date.
    """
    heard = said(body)
    detail = f"status {status}: {one_line(heard.words)}" if heard.words else f"status {status}"
    kind = _kind(status, headers, heard.codes, heard.words.lower())
    about = _about(headers, heard) if kind == "rate_limit" else ""
    return Failure(kind, detail, wait=retry_after(headers, now), about=about)


def one_line(text: str) -> str:
    """At most 300 characters of a foreign text, on one line, without anything that would steer a terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in " ".join(text[:2000].split()))[:300]


def _kind(status: int, headers: Mapping[str, str], codes: frozenset[str], words: str) -> FailureKind:
    if _is_money(status, headers, codes, words):
        return "quota"
    # A 503 may say "slow down": within the limits, but growing too fast for the provider (OpenAI).
    known = "rate_limit" if "slow_down" in codes else _BY_STATUS.get(status)
    if known is not None:
        return "content_filter" if status == 403 and codes & _FILTER_CODES else known
    if 300 <= status < 400:
        return "unknown_model"
    if status in {503, 529} or codes & {"overloaded_error", "server_is_overloaded"}:
        return "overloaded"
    if 400 <= status < 500:
        return _request_kind(status, codes, words)
    return "server_error"


def _is_money(status: int, headers: Mapping[str, str], codes: frozenset[str], words: str) -> bool:
    # A 402 that says when to come back is a limit, not an empty account (OpenRouter).
    if status == 402:
        return not ({"retry-after", "retry-after-ms"} & set(headers))
    # Words count only where a status already speaks of limits: a 400 may repeat the prompt, and prompts say anything.
    if codes & _MONEY_CODES or words.startswith("your credit balance is too low"):
        return True
    return status in {403, 429} and any(word in words for word in _MONEY_WORDS)


def _request_kind(status: int, codes: frozenset[str], words: str) -> FailureKind:
    if codes & _FILTER_CODES or any(word in words for word in _FILTER_WORDS):
        return "content_filter"
    if status == 413 or codes & _LENGTH_CODES or any(word in words for word in _LENGTH_WORDS):
        return "context_too_long"
    return "bad_request"


def _about(headers: Mapping[str, str], heard: Said) -> About:
    """By the provider's words, then by the limit that its headers say is used up."""
    words = " ".join((heard.words[:1000].lower(), *sorted(heard.codes)))
    for about, pattern in _ABOUT:
        if pattern.search(words):
            return about
    if heard.codes & {"tokens", "requests"}:
        return "tokens" if "tokens" in heard.codes else "requests"
    for name, value in headers.items():
        if "ratelimit" in name and "remaining" in name and value.strip() == "0":
            return "tokens" if "token" in name else "requests"
    return ""


def said(body: bytes) -> Said:
    """Read an error body of whatever form; garbage has words alone."""
    text = body[:20_000].decode("utf-8", "replace").strip()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return Said(frozenset(), text)
    error = cast("dict[str, object]", found).get("error", cast("object", found)) if isinstance(found, dict) else found
    if not isinstance(error, dict):
        return Said(frozenset(), error if isinstance(error, str) else text)
    fields = cast("dict[str, object]", error)
    inner = fields.get("innererror")
    named = [fields.get("code"), fields.get("type"), fields.get("status")]
    if isinstance(inner, dict):
        named.append(cast("dict[str, object]", inner).get("code"))
    codes = frozenset(str(value).lower() for value in named if isinstance(value, str))
    message, param = fields.get("message"), fields.get("param")
    words = message if isinstance(message, str) else text
    return Said(codes, words, param if isinstance(param, str) else "")


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait as the provider says it: `retry-after-ms`, `retry-after` in seconds or as an HTTP date.

    None where it says nothing that can be read. Never negative, never NaN, at most a year.
    """
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers.get(name, "")) * scale
        except ValueError:
            continue
        if seconds == seconds:  # noqa: PLR0124 - NaN is the only number that differs from itself
            return min(max(seconds, 0.0), _LONGEST_WAIT)
    try:
        date = email.utils.parsedate_to_datetime(headers.get("retry-after", ""))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    date = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return min(max((date - now).total_seconds(), 0.0), _LONGEST_WAIT)
