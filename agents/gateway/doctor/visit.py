"""Calls to one model that are counted, timed and capped: what every probe is made of."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import anyio

from ..books.prices import known_price, price_of
from ..endpoints import Endpoint
from ..errors import AccessDenied, BudgetReached, EndpointDown, QuotaSpent, SessionStopped, UnknownModel, UsageError
from ..outcomes import Answer, Outcome, Usage
from ..pacing.announced import AnnouncedLimits, read_announcement
from ..requests import Decoding, Form, Request, Turn, request_key
from ..wire.callers import Scorer, make_caller
from ..wire.failures import Failure
from ..wire.transport import Transport, WireReply
from .findings import Announced, Speed, Spent

__all__ = ["Visit", "stop_of"]

_PASSING = frozenset({"timeout", "connection", "overloaded", "server_error", "unreadable_reply"})
_TRIES, _LIMITED = 2, 6
_PAUSE_S, _LONGEST_WAIT_S = 1.0, 30.0


class Visit:
    """One examination's calls.

    Args:
        name: of the endpoint.
        endpoint: its settings, without what is known of its models.
        model: whom to ask.
        transport: how it is reached.
        most: calls at most, repetitions among them, but not those that came too fast.
        scorer: scores given texts instead of the endpoint.

    Attributes:
        model: whom it asks.
        caller: what puts requests into the endpoint's form, and learns what the model refuses.
        served, fingerprint: which model says that it answered.
        cached_tokens: input tokens that came from the provider's cache, so far.
        body: of the newest reply with status 200.
    """

    def __init__(
        self, name: str, endpoint: Endpoint, model: str, transport: Transport, most: int, scorer: Scorer | None = None
    ) -> None:
        self.caller = make_caller(name, endpoint, transport, self._seen, scorer=scorer)
        self.served = self.fingerprint = ""
        self.cached_tokens = 0
        self.body = b""
        self._name = name
        self._endpoint = endpoint
        self.model = model
        self._most = most
        self._calls = 0
        self._usage = Usage()
        self._answers: list[tuple[float, int]] = []
        self._limits = AnnouncedLimits()

    # ------------------------------------------------------------ asking

    @property
    def left(self) -> int:
        """Calls that may still be made."""
        return self._most - self._calls

    @property
    def refused(self) -> tuple[str, ...]:
        """What requests must do without, as far as it is known, in the words of `wire.quirks`."""
        return self.caller.quirks.learned(self.model)

    async def ask(
        self, turns: tuple[Turn, ...], decoding: Decoding, *, form: Form = "chat", sample: int = 0
    ) -> Outcome | Failure:
        """Put one question; a fault that may pass is tried once more. The failure where it gave nothing."""
        request = Request(self._name, self.model, turns, decoding, sample, "doctor", form=form)

        async def call() -> list[Outcome]:
            return [await self.caller.call(request, request_key(request))]

        found = await self._tried(call)
        return found if isinstance(found, Failure) else found[0]

    async def ask_many(self, turns: tuple[Turn, ...], decoding: Decoding, count: int) -> Sequence[Outcome] | Failure:
        """Put one question once for several answers."""
        requests = [Request(self._name, self.model, turns, decoding, sample, "doctor") for sample in range(count)]
        keys = [request_key(request) for request in requests]
        return await self._tried(lambda: self.caller.call_many(requests, keys))

    async def _tried(self, call: Callable[[], Awaitable[list[Outcome]]]) -> list[Outcome] | Failure:
        failure, faults, limited = Failure("timeout", "no calls are left"), 0, 0
        while self.left > 0 and faults < _TRIES and limited < _LIMITED:
            self._calls += 1
            began = time.monotonic()
            try:
                outcomes = await call()
            except UsageError as error:
                # The form is not offered: nothing was sent.
                self._calls -= 1
                return Failure("bad_request", error.problem)
            except Failure as error:
                failure = error
                if error.kind == "adapted":
                    # What is sent next is another request, not the same again.
                    continue
                if error.kind == "rate_limit":
                    # Turned away at the door: it took nothing.
                    self._calls -= 1
                    limited += 1
                elif error.kind in _PASSING:
                    faults += 1
                else:
                    break
                if self.left > 0 and faults < _TRIES and limited < _LIMITED:
                    await anyio.sleep(min(_LONGEST_WAIT_S, _PAUSE_S if error.wait is None else error.wait))
                continue
            self._count(outcomes, time.monotonic() - began)
            return outcomes
        return failure

    def _count(self, outcomes: Sequence[Outcome], seconds: float) -> None:
        read = self._usage.input_tokens + sum(outcome.usage.input_tokens for outcome in outcomes)
        written = sum(outcome.usage.output_tokens for outcome in outcomes)
        self.cached_tokens += sum(outcome.usage.cached_tokens for outcome in outcomes)
        self._usage = Usage(read, self._usage.output_tokens + written, self.cached_tokens)
        if written:
            self._answers.append((seconds, written))
        first = outcomes[0]
        if isinstance(first, Answer):
            self.served, self.fingerprint = first.model or self.served, first.fingerprint or self.fingerprint

    def _seen(self, _model: str, reply: WireReply) -> None:
        said = read_announcement(reply.headers, datetime.now(UTC))
        if said is not None:
            self._limits.update(said, time.monotonic())
        self.body = reply.body if reply.status == 200 else b""

    # ------------------------------------------------------------ what it came to

    @property
    def announced(self) -> Announced:
        """Limits named so far."""
        limits = self._limits
        return Announced(
            rpm=limits.rpm, tpm=limits.tpm, input_tpm=limits.input_tpm, output_tpm=limits.output_tpm,
            concurrency=limits.concurrency, quotas={str(name): value for name, value in limits.quotas.items()},
        )  # fmt: skip

    @property
    def spent(self) -> Spent:
        """What the calls so far took."""
        endpoint, usage = self._endpoint, self._usage
        price = endpoint.prices.get(self.model) or known_price(endpoint.base_url or "", self.model)
        usd = price_of(price, usage, free=endpoint.free)
        return Spent(calls=self._calls, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, usd=usd)

    @property
    def speed(self) -> Speed | None:
        """How fast answers came; None where none did."""
        if not self._answers:
            return None
        few_s, few = min(self._answers, key=lambda answer: answer[1])
        many_s, many = max(self._answers, key=lambda answer: answer[1])
        rate = (many - few) / (many_s - few_s) if many > few and many_s > few_s else None
        return Speed(
            shortest_s=round(min(seconds for seconds, _ in self._answers), 3),
            longest_s=round(max(seconds for seconds, _ in self._answers), 3),
            tokens_per_s=None if rate is None else round(rate, 1),
        )


_ADDRESS = "Check base_url; it usually ends in /v1."
# By the kind of a failure: the error, what is wrong (the endpoint stands before it) and what to do.
_STOPS: dict[str, tuple[type[SessionStopped], str, str]] = {
    "access": (AccessDenied, "refuses the key or what it may do", "Check the key and its rights."),
    "quota": (QuotaSpent, "has no money or quota left", "Top it up or raise its limit."),
    "unknown_model": (UnknownModel, "does not know the model '{model}' or the address", "Check both."),
    "unreachable": (EndpointDown, "is not there", "Check base_url and that it runs."),
    "connection": (EndpointDown, "does not answer", "Check base_url and that it runs."),
    "adapted": (BudgetReached, "refuses more parameters than there are calls to find them out", "Allow more --calls."),
    "rate_limit": (EndpointDown, "takes no question now", "Try again later."),
    "timeout": (EndpointDown, "does not answer", "Try again later, or check base_url."),
    "unreadable_reply": (EndpointDown, "does not speak the form that was asked for", _ADDRESS),
}
_OTHER = (EndpointDown, "gives no answer", "Mend what it names, or try again later.")


def stop_of(failure: Failure, name: str, model: str, address: str, offered: tuple[str, ...] | None) -> SessionStopped:
    """The error of an endpoint that cannot be examined.

    Args:
        failure: of the first call.
        name, model, address: whom it was sent to.
        offered: models that the endpoint lists.
    """
    kind, problem, fix = _STOPS.get(failure.kind, _OTHER)
    detail = failure.detail.removeprefix(f"{address}: ")
    text = f"The endpoint '{name}' ({address}) {problem.format(model=model)}: {detail.rstrip('.')}."
    if failure.kind == "unknown_model" and offered:
        text += f" It lists {', '.join(offered[:8])}{' and more' if len(offered) > 8 else ''}."
    return kind(text, fix=fix)
