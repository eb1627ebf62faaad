"""One lane an endpoint: how it is reached, how fast it may be asked, how it is, and what it costs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from .books.ledger import Need, Sum, price_of
from .clock import Clock
from .endpoints import Endpoint
from .estimates import Expectation, worst_input
from .keys import Key, find_key
from .outcomes import Answer, Outcome, Usage
from .pacing.limits import Limiter, PacedLimiter
from .requests import Decoding, Request, Turn
from .retries import Health
from .simulated.scripted import ScriptedModel, read_script
from .wire.chat import Caller, ChatCaller
from .wire.transport import HttpTransport

__all__ = ["Lane", "in_flight_at_most", "open_caller"]

_UNKNOWN_IN_FLIGHT = 16
_PACED_IN_FLIGHT = 1000
_SLOTS = 4


def in_flight_at_most(endpoint: Endpoint) -> int:
    """Calls in flight at once: as said; else the slots of an engine, 1 for a script (its lines have an order), 16 for
    an unknown server, and as good as free where a rate is known, since calls in flight follow from rate and latency.
    """
    if endpoint.concurrency is not None:
        return endpoint.concurrency
    if endpoint.script is not None:
        return 1
    if endpoint.local is not None:
        return _SLOTS
    return _PACED_IN_FLIGHT if endpoint.rpm is not None or endpoint.tpm is not None else _UNKNOWN_IN_FLIGHT


async def open_caller(name: str, endpoint: Endpoint, used: Iterable[str], stack: AsyncExitStack) -> Caller:
    """Make ready what an endpoint needs; the stack closes it.

    Args:
        name: the endpoint's name in the settings.
        endpoint: its settings.
        used: marks of the calls that it answered in earlier sessions.
        stack: takes what must be closed.

    Raises:
        UsageError: no key, no address, no script.
        ModelFileError: an embedded model cannot be had.
    """
    if endpoint.script is not None:
        return ScriptedModel(read_script(Path(endpoint.script)), used=used, name=endpoint.script)
    if endpoint.local is not None:
        return await _local_caller(name, endpoint, stack)
    transport = HttpTransport(name, endpoint, endpoint.base_url or "", find_key(name, endpoint))
    stack.push_async_callback(transport.aclose)
    return ChatCaller(transport)


async def _local_caller(name: str, endpoint: Endpoint, stack: AsyncExitStack) -> Caller:
    """Start the embedded model; its server is an endpoint like any other, on loopback."""
    # Only who uses it pays for importing it, and only they need the extra.
    from .engine.local_engine import engine  # noqa: PLC0415

    running = await stack.enter_async_context(engine(endpoint.local or "", in_flight_at_most(endpoint)))
    transport = HttpTransport(name, endpoint, running.base_url, Key(running.key) if running.key else None)
    stack.push_async_callback(transport.aclose)
    return ChatCaller(transport, f"local {running.model}")


@dataclass(slots=True)
class Lane:
    """Everything that belongs to one endpoint while the gateway is open."""

    name: str
    endpoint: Endpoint
    caller: Caller
    limiter: Limiter
    health: Health
    expectation: Expectation = field(default_factory=Expectation)
    seconds: float = 5.0

    @classmethod
    def of(cls, name: str, endpoint: Endpoint, caller: Caller, clock: Clock, notice: Callable[[str], None]) -> Lane:
        """A lane with the limits that the endpoint's settings name."""
        limiter = PacedLimiter(rpm=endpoint.rpm, tpm=endpoint.tpm, concurrency=in_flight_at_most(endpoint), clock=clock)
        return cls(name, endpoint, caller, limiter, Health(name, caller.address, endpoint.patience_s, clock, notice))

    @property
    def capacity(self) -> int:
        """Calls that may usefully be under way: by Little's law where a rate is known, else the calls in flight."""
        most = self.limiter.capacity
        if self.endpoint.concurrency is not None or self.endpoint.rpm is None:
            return most
        return min(most, max(_UNKNOWN_IN_FLIGHT, math.ceil(1.5 * self.endpoint.rpm / 60 * self.seconds)))

    def need(self, request: Request) -> Need:
        """What one attempt could use at worst."""
        usage = Usage(worst_input(request), request.decoding.max_tokens)
        return Need(request.role, request.stage, usage.input_tokens, usage.output_tokens, self.price(request, usage))

    def price(self, request: Request, usage: Usage) -> float | None:
        """Money for a usage in USD; None where the price of the model is unknown."""
        return price_of(self.endpoint.prices.get(request.model), usage, free=self.endpoint.free)

    def used(self, need: Need, outcome: Outcome) -> Sum:
        """What an outcome counts for. Where a provider does not say, it is what was set aside: caps are hard."""
        usage = outcome.usage
        if usage.estimated and not self.endpoint.free:
            return need.sum
        return Sum(
            1, usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens,
            outcome.cost or 0.0, int(outcome.cost is None),
        )  # fmt: skip

    def learn(self, request: Request, outcome: Outcome) -> None:
        """Take what a call took into account for the calls to come."""
        self.expectation.learn(request, outcome.usage)
        if isinstance(outcome, Answer):
            self.seconds += 0.1 * (outcome.seconds - self.seconds)

    def probe(self, like: Request) -> Request:
        """The smallest call there is, to the same model."""
        return Request(
            self.name, like.model, (Turn("user", "ping"),), Decoding(max_tokens=1), 0, "probe", "probe", like.stage
        )
