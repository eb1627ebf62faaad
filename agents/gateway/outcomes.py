"""What comes back from a model. Both kinds are results that count; neither is an outage (design, law 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["Answer", "Likely", "NoAnswer", "NoAnswerReason", "Outcome", "TokenScore", "Usage"]

NoAnswerReason = Literal[
    "content_filter", "context_too_long", "empty", "bad_request", "unreadable_reply", "unanswerable"
]


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. `estimated` says that the endpoint did not report them.

    `cached_tokens` (read from the provider's cache) and `written_tokens` (written to it) are part of the input,
    `reasoning_tokens` of the output.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False
    written_tokens: int = 0


@dataclass(frozen=True, slots=True)
class TokenScore:
    """One token of a given text, and its natural log-probability after those before it; None for the first."""

    token: str
    logprob: float | None


@dataclass(frozen=True, slots=True)
class Likely:
    """One token of an answer, and what else could have stood in its place.

    Args:
        token: as it was written.
        others: the likeliest tokens there, each with its natural log-probability; mostly `token` is among them.
    """

    token: str
    others: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer.

    Args:
        key: the request's content key.
        text: the answer without a reasoning trace.
        finish: `stop`, or `length` where the answer was cut at `max_tokens`.
        reasoning: the trace (`reasoning_content` or a leading `<think>` block), kept apart; may be empty.
        usage: tokens as reported.
        cost: money in USD; None where the price is unknown (never counted as 0).
        model: the model that says it served the call.
        fingerprint: the provider's fingerprint of it, if any.
        replica: which address of the endpoint group served it.
        seconds: wall time of the attempt that succeeded.
        adapted: what had to be changed in the request because the model refuses it (`no temperature`).
        fallback: name of the endpoint that answered instead of the one asked; empty where that one did.
        scores: for a given text, its tokens in order.
        vector: for an embedding.
        likely: of a chat that asked for `top_logprobs`, its tokens (a trace included) where the endpoint gave them.
    """

    key: str
    text: str
    finish: Literal["stop", "length"] = "stop"
    reasoning: str = ""
    usage: Usage = Usage()
    cost: float | None = 0.0
    model: str = ""
    fingerprint: str = ""
    replica: str = ""
    seconds: float = 0.0
    adapted: tuple[str, ...] = ()
    fallback: str = ""
    scores: tuple[TokenScore, ...] = ()
    vector: tuple[float, ...] = ()
    likely: tuple[Likely, ...] = ()


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A call that ended without a usable answer, for a reason that is about this call and not about the network."""

    key: str
    reason: NoAnswerReason
    detail: str = ""
    usage: Usage = Usage()
    cost: float | None = 0.0
    seconds: float = 0.0


Outcome = Answer | NoAnswer
