"""When an attempt that failed is made again, and when it is the endpoint that fails and not the call (design, law 4).

A rate limit is not a fault of the call: it waits as long as it is told to, and uses up no try. Faults that pass (server
errors, time-outs, broken connections) are tried again after growing waits, outside the slot. After three faults of one
call, or ten of any, during which nothing succeeded, a probe decides: if a call of one token fails too it is an outage,
everything waits and the faults so far do not count; if it succeeds the fault lies in the call, which ends as
`unanswerable` after six. It is probed once more before a call ends so, unless somebody was answered since its last try
but one: an answer that was on its way when the endpoint went out says nothing of it.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tenacity import AsyncRetrying, RetryCallState, retry_if_result

from .clock import Clock
from .errors import AccessDenied, EndpointDown, QuotaSpent, SessionStopped, UnknownModel
from .outcomes import NoAnswerReason
from .wire.failures import Failure

__all__ = ["MOST_FAULTS", "SUSPECT_FAULTS", "SUSPECT_IN_A_ROW", "Health", "Tries", "stopped_by"]

SUSPECT_FAULTS = 3
SUSPECT_IN_A_ROW = 10
MOST_FAULTS = 6
_MOST_UNREADABLE = 4
_FIRST_S, _LONGEST_S = 0.5, 30.0
_FIRST_LIMITED_S, _LONGEST_LIMITED_S = 1.0, 60.0
_PROBE_FIRST_S, _PROBE_LONGEST_S = 2.0, 60.0
# An endpoint that answered somebody in this time is not shut, however long it tells one call to wait.
_RECENT_S, _GRACE_S = 60.0, 5.0

Probe = Callable[[], Awaitable[Failure | None]]


def stopped_by(failure: Failure, name: str, model: str, address: str) -> SessionStopped:
    """The error of a failure that no other call can escape either."""
    detail = failure.detail.rstrip(".")
    if failure.kind == "quota":
        return QuotaSpent(
            f"The account behind '{name}' ({address}) has no money or quota left: {detail}.",
            fix="Top it up or raise its limit, then resume: everything finished is kept.",
        )
    if failure.kind == "access":
        return AccessDenied(
            f"The endpoint '{name}' ({address}) refuses the key or what it may do: {detail}.",
            fix="Check the key and its rights, then resume.",
        )
    return UnknownModel(
        f"The endpoint '{name}' ({address}) does not know the model '{model}' or the address: {detail}.",
        fix="Check both. A wrong address can be changed on resume (--set endpoints.NAME.base_url=URL); with another "
        "model start a new run.",
    )


@dataclass(slots=True)
class Tries:
    """How one call has fared so far."""

    faults: int = 0
    limited: int = 0
    answers_before: int = 0
    kind: str = ""
    random: random.Random = field(default_factory=random.Random)

    def fault(self, failure: Failure, answers: int) -> None:
        """Count a fault that may pass; `answers` is how many the endpoint has given so far."""
        self.faults += 1
        self.kind = failure.kind
        if self.faults == 1:
            self.answers_before = answers

    def forget(self) -> None:
        """The faults were those of an outage."""
        self.faults = 0

    @property
    def over(self) -> NoAnswerReason | None:
        """What the call ends as, once it has had its tries."""
        if self.kind == "unreadable_reply" and self.faults >= _MOST_UNREADABLE:
            return "unreadable_reply"
        return "unanswerable" if self.faults >= MOST_FAULTS else None

    def delay(self, failure: Failure) -> float:
        """Seconds until the next attempt, set on the failure: as the provider says, else growing, with jitter."""
        if failure.wait is None:
            if failure.kind == "rate_limit":
                longest = min(_LONGEST_LIMITED_S, _FIRST_LIMITED_S * 2 ** min(self.limited, 16))
            else:
                longest = min(_LONGEST_S, _FIRST_S * 2 ** (self.faults - 1)) if self.faults else 0.0
            failure.wait = longest * self.random.uniform(0.5, 1.0)
        self.limited += failure.kind == "rate_limit"
        return failure.wait


class Health:
    """Whether one account answers at all: its circuit breaker.

    closed ── three faults of a call, its last one, or ten of any ──► probed ── fails too ──► open (an outage)
      ▲                                                                 │ answers              │ probed, ever rarer
      └─────────────────────────────────────────────────────────────────┴──────── answers ─────┘

    Args:
        name, address: for messages.
        patience_s: how long an outage is waited out.
        clock: where time comes from.
        notice: takes one line when an outage begins and one when it ends.

    Attributes:
        answers: how often the endpoint came back with something of its own.
        probing: whether somebody is finding out.
    """

    def __init__(self, name: str, address: str, patience_s: float, clock: Clock, notice: Callable[[str], None]) -> None:
        self._where = f"'{name}' ({address})"
        self._patience_s = patience_s
        self._clock = clock
        self._notice = notice
        self.probing = False
        self.answers = 0
        self._answered_at = float("-inf")
        self._faults_in_a_row = 0
        self._limited_since: float | None = None
        self._limited_by = float("-inf")
        self._down_since: float | None = None

    @property
    def down(self) -> bool:
        """Whether an outage is on."""
        return self._down_since is not None

    @property
    def proven(self) -> bool:
        """Whether the endpoint has answered at least once."""
        return self.answers > 0

    def answered(self) -> None:
        """A call came back with something of its own, be it a refusal."""
        self.answers += 1
        self._answered_at = self._clock.now()
        self._faults_in_a_row = 0
        self._limited_since = None

    def limited(self, wait: float) -> None:
        """A call was told that it came too fast, and will wait so many seconds.

        Raises:
            EndpointDown: nothing but such answers for longer than the patience, or the wait asked for is longer.
        """
        now = self._clock.now()
        if self._limited_since is None or now > self._limited_by:
            self._limited_since = now
        self._limited_by = now + wait + _LONGEST_LIMITED_S
        if now - self._limited_since + wait > self._patience_s and now - self._answered_at > _RECENT_S:
            raise EndpointDown(
                f"The endpoint {self._where} says 'too many requests' and asks to wait {wait:.0f} s more, past the"
                f" patience of {self._patience_s:.0f} s.",
                fix="Resume later, or raise patience_s.",
            )

    def bearable(self, wait: float) -> float:
        """How long an account may be left alone on its word: where that is past the patience, only until another call
        can show that it means it, and the session be told."""
        return wait if wait <= self._patience_s else min(self._patience_s, _RECENT_S + _GRACE_S)

    def fault(self, tries: Tries, failure: Failure) -> None:
        """A call had a fault that may pass.

        Raises:
            EndpointDown: an address that has never answered is more likely wrong than out: it gets three quick tries.
        """
        tries.fault(failure, self.answers)
        self._faults_in_a_row += 1
        if not self.proven and failure.kind == "unreachable" and tries.faults >= SUSPECT_FAULTS:
            raise self._nobody(failure)

    def suspect(self, tries: Tries) -> bool:
        """Whether the faults of this call, or those of all, with nothing answered in between, call for a probe; also
        before the call ends by them."""
        mute = tries.faults >= SUSPECT_FAULTS and self.answers == tries.answers_before
        blamed = tries.over is not None and self._faults_in_a_row > 1
        return mute or blamed or self._faults_in_a_row >= SUSPECT_IN_A_ROW

    async def pass_outage(self, probe: Probe, on_down: Callable[[], None]) -> bool:
        """Find out whether an outage is on, and wait until it is over, with ever longer waits between two probes.

        Args:
            probe: makes one small call; gives its failure, or None where the endpoint answers.
            on_down: called when it turns out that an outage is on.

        Returns:
            Whether there was an outage.

        Raises:
            EndpointDown: it outlasts the patience.
        """

        def begin(state: RetryCallState) -> None:
            was_down = self.down
            self._begin(_failure_of(state))
            if not was_down:
                on_down()

        self.probing = True
        try:
            await AsyncRetrying(
                sleep=self._clock.sleep, wait=_probe_wait, before_sleep=begin, retry=retry_if_result(_failed)
            )(probe)
        finally:
            self.probing = False
        return self._end()

    def _nobody(self, failure: Failure) -> EndpointDown:
        return EndpointDown(
            f"Nothing answers at the endpoint {self._where}: {failure.detail}.",
            fix="Check base_url and that the server runs.",
        )

    def _begin(self, failure: Failure) -> None:
        now = self._clock.now()
        if not self.proven and failure.kind == "unreachable":
            raise self._nobody(failure)  # many calls at once met it before any of them had its three tries
        if self._down_since is None:
            self._down_since = now
            self._notice(
                f"The endpoint {self._where} does not answer ({failure.detail}); waiting up to"
                f" {_long(self._patience_s)} for it."
            )
        if not self.proven and failure.kind == "unreadable_reply":
            raise EndpointDown(
                f"What answers at {self._where} does not speak the chat form: {failure.detail}.",
                fix="Check base_url; it usually ends in /v1.",
            )
        if now - self._down_since >= self._patience_s:
            shut = _long(now - self._down_since)
            raise EndpointDown(
                f"The endpoint {self._where} has not answered for {shut}: {failure.detail.rstrip('.')}.",
                fix="Resume when it is back: everything finished is kept.",
            )

    def _end(self) -> bool:
        if self._down_since is None:
            return False
        shut = _long(self._clock.now() - self._down_since)
        self._down_since = None
        self._notice(f"The endpoint {self._where} answers again after {shut}.")
        return True


def _failed(failure: Failure | None) -> bool:
    return failure is not None


def _failure_of(state: RetryCallState) -> Failure:
    failure = state.outcome.result() if state.outcome is not None else None
    assert isinstance(failure, Failure)  # noqa: S101  only failures are retried
    return failure


def _probe_wait(state: RetryCallState) -> float:
    """As the provider says, else twice as long each time."""
    wait = _failure_of(state).wait
    return wait if wait is not None else min(_PROBE_LONGEST_S, _PROBE_FIRST_S * 2 ** (state.attempt_number - 1))


def _long(seconds: float) -> str:
    """Seconds under two minutes, else minutes."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
