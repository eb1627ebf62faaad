"""How it goes: what a person who looks at a running session wants to know of the gateway."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from .books.ledger import Entry, Sum, Tally
from .clock import Clock
from .outcomes import Outcome

__all__ = ["Forecast", "Meter", "Progress", "binding"]

_WINDOW_S = 60.0
_SAMPLE_S = 1.0
# Said first where several things are waited for, because nothing goes on before they end.
_STANDSTILL = ("paused", "outage", "budget")


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is left, at the present rate. It is at most that: a search may stop early.

    Args:
        calls: calls still to make.
        seconds: time for them; None where the rate is not known yet.
        usd: money for them; None where a price is unknown.
        bound_by: which limit binds; see `binding`.
        cap: name of the budget's cap that would be reached before the end, or empty.
    """

    calls: int
    seconds: float | None
    usd: float | None
    bound_by: str
    cap: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """The gateway at one moment.

    Args:
        calls: calls finished in this session.
        journaled: calls answered by the journal in this session.
        in_flight: calls sent and not yet answered.
        waiting: calls asked for and not out: in a queue, between two tries, or on their way into the journal.
        waiting_on: what they wait for (`default: rpm`, `judge: outage`, `budget`), with commas; empty for nothing, and
            `paused` where a person has paused it.
        tokens_out: output tokens of this session.
        tokens_per_s: the same for each second since the first call was sent.
        spent_usd: money over all restarts; None where a part of it is unknown.
        free: whether every endpoint is free.
        elapsed_s: seconds of this session.
        calls_per_min: finished calls a minute, over about the last minute; 0 before the first.
        tokens_per_min: output tokens a minute, likewise.
        finished: the finished calls of this session by role and stage.
        permitted: calls a minute that each endpoint permits, where settings or provider say.
        forecast: what is left; None where nobody knows how much there is to do.
        retrying: calls between two tries.
    """

    calls: int
    journaled: int
    in_flight: int
    waiting: int
    waiting_on: str
    tokens_out: int
    tokens_per_s: float
    spent_usd: float | None
    free: bool
    elapsed_s: float
    calls_per_min: float = 0.0
    tokens_per_min: float = 0.0
    finished: tuple[Entry, ...] = ()
    permitted: Mapping[str, float] = field(default_factory=dict[str, float])
    forecast: Forecast | None = None
    retrying: int = 0


def binding(now: Progress) -> str:
    """Which limit binds: `rpm`, `tpm`, `concurrency`, `learned`, `budget`, `outage` or `paused`, as the queues say.

    Where several endpoints wait for different things, each with its name. Where nothing waits it is `seeds`: there is
    no more to send at once than what is out. Calls that are between two tries are `retries`.
    """
    parts = [part.strip() for part in now.waiting_on.split(",") if part.strip()]
    kinds = list(dict.fromkeys(part.rpartition(": ")[2] for part in parts))
    for kind in _STANDSTILL:
        if kind in kinds:
            return kind
    if kinds:
        return kinds[0] if len(kinds) == 1 else ", ".join(parts)
    return "retries" if now.retrying else "seeds"


class Meter:
    """Counts of one session."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._began = clock.now()
        self._first: float | None = None
        # When, and how many calls and output tokens there were: one a second, over the last minute.
        self._past: deque[tuple[float, int, int]] = deque()
        self._finished: dict[tuple[str, str], Tally] = {}
        self.calls = 0
        self.journaled = 0
        self.tokens_out = 0

    def asked(self) -> None:
        """A call is about to be sent."""
        if self._first is None:
            self._first = self._clock.now()
            self._past.append((self._first, self.calls, self.tokens_out))

    def finished(self, outcome: Outcome, role: str = "", stage: str = "") -> None:
        """A call of this role in this stage came to its end."""
        usage = outcome.usage
        self.calls += 1
        self.tokens_out += usage.output_tokens
        tally = self._finished.get((role, stage))
        if tally is None:
            tally = self._finished[role, stage] = Tally()
        cost = outcome.cost
        used = Sum(
            1, usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens, cost or 0.0,
            int(cost is None), outcome.seconds,
        )  # fmt: skip
        tally.add(used)
        self._sample()

    def progress(
        self, in_flight: int, under_way: int, waiting_on: str, spent_usd: float | None, *, free: bool
    ) -> Progress:
        """The state now."""
        now = self._clock.now()
        took = now - self._first if self._first is not None else 0.0
        calls_per_min, tokens_per_min = self._pace(now)
        return Progress(
            calls=self.calls,
            journaled=self.journaled,
            in_flight=in_flight,
            waiting=max(0, under_way - in_flight),
            waiting_on=waiting_on,
            tokens_out=self.tokens_out,
            tokens_per_s=self.tokens_out / took if took > 0 else 0.0,
            spent_usd=spent_usd,
            free=free,
            elapsed_s=now - self._began,
            calls_per_min=calls_per_min,
            tokens_per_min=tokens_per_min,
            # A copy of the items, because another thread may look while this one counts.
            finished=tuple(Entry(role, stage, t.snapshot()) for (role, stage), t in list(self._finished.items())),
        )

    def _sample(self) -> None:
        now, past = self._clock.now(), self._past
        if past and now - past[-1][0] < _SAMPLE_S:
            return
        past.append((now, self.calls, self.tokens_out))
        while len(past) > 1 and past[1][0] <= now - _WINDOW_S:
            past.popleft()

    def _pace(self, now: float) -> tuple[float, float]:
        """Calls and output tokens a minute since the oldest sample, which is about a minute old."""
        past = list(self._past)
        if not past or now <= past[0][0]:
            return 0.0, 0.0
        then, calls, tokens = past[0]
        return 60 * (self.calls - calls) / (now - then), 60 * (self.tokens_out - tokens) / (now - then)
