"""The simulated provider at work: what happens to each call between its arrival and its answer."""

from __future__ import annotations

import asyncio
import heapq
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from .answers import Written, tokens_of, write
from .asked import Asked, Form, Refused, read
from .connection import Connection, Reply, WireRequest
from .counters import Counters, Log, Logged
from .draws import Distribution, digest_of, distribution, share
from .faults import AT_THE_DOOR, CUTS, STATUSES, Faults, spoiled
from .gate import Charged, Gate, retry_lines
from .replies import Told, answer_body, error_body
from .settings import FaultKind, ProviderSettings, by_call, names_of

__all__ = ["ROUTES", "Calls"]

ROUTES: dict[str, Form] = {
    "/chat/completions": "chat", "/completions": "completion", "/messages": "messages", "/embeddings": "embeddings",
    "/generate": "generate",
}  # fmt: skip
_LATENCY, _SERVICE = 101, 102
_WORDS_OVER = "Rate limit reached: %s. Please try again in %.3fs."


@dataclass(slots=True)
class _Call:
    """One call. What it was charged is None until it is accepted."""

    connection: Connection
    form: Form
    path: str
    arrived: float
    body: int
    before: int
    asked: Asked | None = None
    charged: Charged | None = None
    fault: FaultKind | None = None
    number: int = 0
    timer: asyncio.TimerHandle | None = None


@dataclass(frozen=True, slots=True)
class _Made:
    """A reply, its output tokens, and how many whole answers it holds."""

    reply: Reply
    output: int
    answers: int


@dataclass(frozen=True, slots=True)
class _Known:
    """What is worked out from the settings once and used by every call."""

    latency: Distribution
    service: Distribution
    length: Distribution
    faults: Faults
    refused: frozenset[str]
    models: frozenset[str]
    served: tuple[tuple[int, str], ...]
    fingerprints: tuple[tuple[int, str], ...]
    key: str | None

    @staticmethod
    def of(settings: ProviderSettings) -> _Known:
        return _Known(
            distribution(settings.latency), distribution(settings.service), distribution(settings.output_tokens),
            Faults.of(settings), frozenset(names_of(settings.refuse)), frozenset(names_of(settings.models)),
            tuple(by_call(settings.served_model)), tuple(by_call(settings.fingerprint)),
            os.environ.get(settings.key_env, "") if settings.key_env else None,
        )  # fmt: skip


class Calls:
    """Takes calls and answers them.

    Args:
        settings: how; `follow` takes other ones.
        clock: seconds that only go forward.
        log: where finished calls are written, if anywhere.
    """

    def __init__(self, settings: ProviderSettings, clock: Callable[[], float], log: Log | None = None) -> None:
        self.settings = settings
        self.counters = Counters()
        self.outage_until = 0.0
        self._clock = clock
        self._log = log
        self._wall = time.time() - clock()
        self._gate = Gate(settings, self._wall)
        self._known = _Known.of(settings)
        self._free_at: list[float] = []

    def follow(self, settings: ProviderSettings) -> None:
        """Go on by other settings; what is under way keeps its own."""
        self.settings = settings
        self._gate.follow(settings)
        self._known = _Known.of(settings)
        # Fewer workers: those that are free last stay, so that what is queued is not forgotten.
        self._free_at = sorted(self._free_at)[-settings.workers :] if settings.workers else []

    def reset(self) -> None:
        """Forget what was counted and charged; what is under way is counted no more."""
        flying = self.counters.in_flight
        self.counters = Counters(in_flight=flying, peak=flying)
        self._gate = Gate(self.settings, self._wall)
        self._free_at = []
        self.outage_until = 0.0

    # ---------------------------------------------------------------- arrival

    def take(self, request: WireRequest, path: str, connection: Connection) -> None:
        """Answer a call, now or later."""
        now = self._clock()
        body = digest_of(path.encode() + request.body)
        call = _Call(connection, ROUTES[path], path, now, body, self.counters.came(now, path, body))
        try:
            self._let_in(call, request, now)
        except Refused as refusal:
            self._reject(call, now, refusal, None)
            return
        if call.charged is None:
            return
        call.connection.gone = lambda: self._given_up(call)
        seconds = self._seconds(call, now)
        if self.settings.first_byte_s > 0 and call.fault not in CUTS:
            self._later(call, self.settings.first_byte_s, lambda: self._begin(call, seconds))
        elif call.fault != "stall":
            self._later(call, seconds, lambda: self._finish(call))

    def _let_in(self, call: _Call, request: WireRequest, now: float) -> None:
        """Charge the call, or refuse it.

        Raises:
            Refused: by a check that comes before the limits.
        """
        settings, known = self.settings, self._known
        if now < self.outage_until:
            self.counters.faults["outage"] += 1
            raise Refused(503, "The server is down.", code="server_error")
        if settings.bad_status is not None:
            raise Refused(settings.bad_status, "Every call is answered like this.", code="bad_status")
        if known.key is not None:
            _check_key(request, call.form, known.key)
        asked = call.asked = read(call.form, request.body, known.refused)
        if known.models and asked.model not in known.models:
            raise Refused(
                404, f"The model '{asked.model[:200]}' does not exist.", code="model_not_found", param="model"
            )
        if settings.quota_after is not None and self.counters.accepted >= settings.quota_after:
            raise Refused(
                429, "You exceeded your current quota; check your plan and billing.", code=settings.quota_code
            )
        call.fault = known.faults.hit(settings.seed, call.body, call.before)
        if call.fault in AT_THE_DOOR:
            status, message, code = STATUSES[call.fault]
            self.counters.faults[call.fault] += 1
            self._reject(call, now, Refused(status, message, code=code), settings.fault_retry_after_s)
            return
        over = self._over(asked, now)
        if over is not None:
            name, wait = over
            self.counters.over_limit[name] += 1
            said = wait if settings.retry_after_s is None else settings.retry_after_s
            self._reject(call, now, Refused(429, _WORDS_OVER % (name, wait), code="rate_limit_exceeded"), said)
            return
        call.charged = self._gate.charge(now, asked.input_tokens, asked.max_tokens * asked.n)
        call.number = self.counters.accepted
        self.counters.accept(now)

    def _over(self, asked: Asked, now: float) -> tuple[str, float] | None:
        """The limit that the call would pass, and the seconds until it would not."""
        most = self.settings.concurrency
        if most is not None and self.counters.in_flight >= most:
            return "concurrency", 1.0
        return self._gate.refusal(now, asked.input_tokens, asked.max_tokens * asked.n)

    def _reject(self, call: _Call, now: float, refusal: Refused, wait: float | None) -> None:
        self.counters.reject(now, refusal.status)
        retry = retry_lines(self.settings, wait, now + self._wall)
        body = error_body(call.form, refusal.status, refusal.message, refusal.code, refusal.param)
        self._write_log(call, refusal.status, str(refusal.code or ""), 0)
        call.connection.send(Reply(refusal.status, body, retry + self._gate.headers(now)))

    # ---------------------------------------------------------------- waiting

    def _seconds(self, call: _Call, now: float) -> float:
        """How long an accepted call takes."""
        settings, known = self.settings, self._known
        seconds = known.latency.at(share(settings.seed, call.body, call.before, _LATENCY))
        if settings.per_token_s and call.asked is not None:
            seconds += settings.per_token_s * sum(answer.tokens for answer in self._answers(call.asked))
        if settings.workers is None:
            return seconds
        work = known.service.at(share(settings.seed, call.body, call.before, _SERVICE))
        start = now if len(self._free_at) < settings.workers else max(now, heapq.heappop(self._free_at))
        heapq.heappush(self._free_at, start + work)
        return start + work - now + seconds

    def _later(self, call: _Call, seconds: float, what: Callable[[], None]) -> None:
        if seconds <= 0:
            what()
        else:
            call.timer = asyncio.get_running_loop().call_later(seconds, what)

    def _given_up(self, call: _Call) -> None:
        """The client closed the connection: nobody waits for the answer."""
        if call.timer is not None:
            call.timer.cancel()
        self.counters.given_up += 1
        if call.fault == "stall":
            self.counters.faults["stall"] += 1
        self._leave(call, 0)
        self._write_log(call, 0, call.fault or "given up", 0)

    def _leave(self, call: _Call, output_tokens: int) -> None:
        self.counters.in_flight -= 1
        if call.charged is not None:
            call.charged.settle(self._clock(), output_tokens)

    # ---------------------------------------------------------------- answering

    def _begin(self, call: _Call, seconds: float) -> None:
        """Send the head now and the body when the call is done."""
        made = self._made(call)
        call.connection.begin(made.reply)
        self._later(call, seconds - self.settings.first_byte_s, lambda: self._end(call, made, call.connection.rest))

    def _finish(self, call: _Call) -> None:
        connection = call.connection
        if call.fault == "reset":
            self._end(call, _Made(Reply(0, b""), 0, 0), lambda _: connection.abort())
        else:
            self._end(call, self._made(call), connection.half if call.fault == "half" else connection.send)

    def _end(self, call: _Call, made: _Made, send: Callable[[Reply], None]) -> None:
        """Write an accepted call into the books and answer it."""
        call.connection.gone = None
        if call.fault is not None:
            self.counters.faults[call.fault] += 1
        if made.answers and call.asked is not None:
            self.counters.answer(call.body, (call.asked.input_tokens, made.output), made.answers)
        self._leave(call, made.output)
        self._write_log(call, made.reply.status, call.fault or "", made.output)
        send(made.reply)

    def _made(self, call: _Call) -> _Made:
        """The reply to an accepted call."""
        asked, fault, headers = call.asked, call.fault, self._gate.headers(self._clock())
        if asked is None or fault in STATUSES:  # every accepted call was read
            status, message, code = STATUSES[fault or "500"]
            return _Made(Reply(status, error_body(call.form, status, message, code), headers), 0, 0)
        answers = self._answers(asked)
        if fault in {"empty", "filtered"}:
            answers = [Written("", answer.finish, 0) for answer in answers]
        elif fault == "truncated":
            halves = [answer.text[: len(answer.text) // 2] for answer in answers]
            answers = [Written(half, "length", tokens_of(half)) for half in halves]
        finishes = ["content_filter" if fault == "filtered" else answer.finish for answer in answers]
        body = answer_body(asked, answers, finishes, self._told(call, asked))
        if fault in {"bad-json", "error-200"}:
            return _Made(Reply(200, spoiled(fault, body, call.body), headers), 0, 0)
        output = sum(answer.tokens for answer in answers) + self.settings.reasoning_tokens
        return _Made(Reply(200, body, headers), output, 0 if fault == "half" else asked.n)

    def _answers(self, asked: Asked) -> list[Written]:
        return [write(asked, index, self._known.length) for index in range(asked.n)]

    def _told(self, call: _Call, asked: Asked) -> Told:
        settings, known = self.settings, self._known
        cached = int(asked.input_tokens * settings.cached)
        return Told(
            _at_call(known.served, call.number) or asked.model, _at_call(known.fingerprints, call.number),
            asked.input_tokens, cached, settings.reasoning_tokens,
        )  # fmt: skip

    def _write_log(self, call: _Call, status: int, why: str, output: int) -> None:
        if self._log is not None:
            read_in = call.asked.input_tokens if call.asked is not None else 0
            accepted = call.charged is not None
            line = Logged(call.arrived, self._clock(), call.path, call.body, status, accepted, why, read_in, output)
            self._log.write(line)


def _at_call(turns: tuple[tuple[int, str], ...], number: int) -> str:
    """The last name whose call has come."""
    name = ""
    for start, turn in turns:
        if start > number:
            break
        name = turn
    return name


def _check_key(request: WireRequest, form: Form, key: str) -> None:
    """Refuse a call without the key.

    Raises:
        Refused: with 401.
    """
    given = request.header("authorization").removeprefix("Bearer ").strip()
    if form == "messages":
        given = request.header("x-api-key") or given
    if given != key:
        raise Refused(401, "Incorrect API key provided.", code="invalid_api_key")
