"""The simulated provider at work: what happens to each call between its arrival and its answer."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass

from .asked import Asked, Form, Refused, read
from .connection import Connection, Reply, WireRequest
from .counters import Counters, Log, Logged
from .draws import Distribution, digest_of, share
from .faults import AT_THE_DOOR, CUTS, STATUSES
from .gate import Charged, Gate, retry_lines
from .making import Made, Maker
from .replies import error_body
from .settings import FaultKind, ProviderSettings

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
    counters: Counters
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
        self._maker = Maker(settings)
        self._free_at: list[float] = []

    def follow(self, settings: ProviderSettings) -> None:
        """Go on by other settings; what is under way keeps its own."""
        self.settings = settings
        self._gate.follow(settings)
        self._maker = Maker(settings)
        # Fewer workers: those that are free last stay, so that what is queued is not forgotten.
        self._free_at = sorted(self._free_at)[-settings.workers :] if settings.workers else []

    def reset(self) -> None:
        """Forget what was counted and charged; what is under way is counted no more."""
        self.counters = Counters()
        self._gate = Gate(self.settings, self._wall)
        self._free_at = []
        self.outage_until = 0.0

    # ---------------------------------------------------------------- arrival

    def take(self, request: WireRequest, path: str, connection: Connection) -> None:
        """Answer a call, now or later."""
        now = self._clock()
        body = digest_of(path.encode() + request.body)
        call = _Call(
            connection, self.counters, ROUTES[path], path, now, body, self.counters.came(now, path, body)
        )  # fmt: skip
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
        settings, maker = self.settings, self._maker
        if now < self.outage_until:
            self.counters.faults["outage"] += 1
            raise Refused(503, "The server is down.", code="server_error")
        if settings.bad_status is not None:
            raise Refused(settings.bad_status, "Every call is answered like this.", code="bad_status")
        if maker.key is not None:
            _check_key(request, call.form, maker.key)
        if call.path in maker.absent:
            raise Refused(404, "There is no such path.")
        asked = call.asked = read(call.form, request.body, maker.refused, maker.ignored)
        if maker.models and asked.model not in maker.models:
            raise Refused(
                404, f"The model '{asked.model[:200]}' does not exist.", code="model_not_found", param="model"
            )
        if settings.quota_after is not None and self.counters.accepted >= settings.quota_after:
            raise Refused(
                429, "You exceeded your current quota; check your plan and billing.", code=settings.quota_code
            )
        call.fault = maker.faults.hit(settings.seed, call.body, call.before)
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
        settings, maker = self.settings, self._maker
        seconds = self._drawn(maker.latency, call, _LATENCY)
        if settings.per_token_s and call.asked is not None:
            seconds += settings.per_token_s * sum(answer.tokens for answer in self._maker.answers(call.asked))
        if settings.workers is None:
            return seconds
        work = self._drawn(maker.service, call, _SERVICE)
        start = now if len(self._free_at) < settings.workers else max(now, heapq.heappop(self._free_at))
        heapq.heappush(self._free_at, start + work)
        return start + work - now + seconds

    def _drawn(self, what: Distribution, call: _Call, purpose: int) -> float:
        if what.shape == "fixed":
            return what.a
        return what.at(share(self.settings.seed, call.body, call.before, purpose))

    def _later(self, call: _Call, seconds: float, what: Callable[[], None]) -> None:
        if seconds <= 0:
            what()
        else:
            call.timer = asyncio.get_running_loop().call_later(seconds, what)

    def _given_up(self, call: _Call) -> None:
        """The client closed the connection: nobody waits for the answer."""
        if call.timer is not None:
            call.timer.cancel()
        call.counters.given_up += 1
        if call.fault == "stall":
            call.counters.faults["stall"] += 1
        self._leave(call, 0)
        self._write_log(call, 0, call.fault or "given up", 0)

    def _leave(self, call: _Call, output_tokens: int) -> None:
        call.counters.in_flight -= 1
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
            self._end(call, Made(Reply(0, b""), 0, 0), lambda _: connection.abort())
        else:
            self._end(call, self._made(call), connection.half if call.fault == "half" else connection.send)

    def _end(self, call: _Call, made: Made, send: Callable[[Reply], None]) -> None:
        """Write an accepted call into the books and answer it."""
        call.connection.gone = None
        if call.fault is not None:
            call.counters.faults[call.fault] += 1
        if made.answers and call.asked is not None:
            call.counters.answer(call.body, (call.asked.input_tokens, made.output), made.answers)
        self._leave(call, made.output)
        self._write_log(call, made.reply.status, call.fault or "", made.output)
        send(made.reply)

    def _made(self, call: _Call) -> Made:
        """The reply to an accepted call."""
        headers = self._gate.headers(self._clock())
        if call.asked is None:
            raise RuntimeError("a call was accepted without having been read")
        return self._maker.make(call.asked, call.fault, call.number, call.body, headers)

    def _write_log(self, call: _Call, status: int, why: str, output: int) -> None:
        if self._log is not None:
            read_in = call.asked.input_tokens if call.asked is not None else 0
            accepted = call.charged is not None
            line = Logged(call.arrived, self._clock(), call.path, call.body, status, accepted, why, read_in, output)
            self._log.write(line)


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
