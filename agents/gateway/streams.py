"""Outcomes in the order of the requests, pulled as capacity appears: a million requests are never a million tasks."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from typing import Protocol, cast

import anyio

from .attempts import Crew
from .flights import Ticket
from .outcomes import Outcome
from .requests import Request

__all__ = ["OutcomeStream"]

# So many outcomes, in multiples of the capacity, may wait for a slow reader, and so many behind one slow call, before
# nothing more is pulled.
_AHEAD = 4
_BEHIND_A_CALL = 10_000


class _Asking(Protocol):
    @property
    def capacity(self) -> int: ...

    def submit(self, request: Request) -> Ticket: ...

    async def collect(self, ticket: Ticket) -> Outcome: ...

    def leave(self, ticket: Ticket) -> None: ...


class OutcomeStream(AsyncIterator[Outcome]):
    """An iterator, not a generator, so that no cancel scope spans a `yield`. What it has pulled are records.

    It starts pulling at the first `anext`. `aclose`, or leaving its `async with`, ends what was pulled ahead; a stream
    that is only dropped finishes the few calls that it has pulled, and they are kept in the journal.
    """

    def __init__(self, gateway: _Asking, requests: AsyncIterable[Request], crew: Crew) -> None:
        self._gateway = gateway
        self._requests = requests
        self._crew = crew
        self._tickets: deque[Ticket | Exception] = deque()
        self._busy = 0
        self._started = False
        self._pulled_all = False
        self._scope = anyio.CancelScope()
        self._changed = anyio.Event()

    def __aiter__(self) -> OutcomeStream:
        return self

    async def __aenter__(self) -> OutcomeStream:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End what was pulled ahead. A second time does nothing."""
        self._scope.cancel()
        while self._started and not self._pulled_all:
            await self._changed.wait()
        while self._tickets:
            ticket = self._tickets.popleft()
            if isinstance(ticket, Ticket):
                self._gateway.leave(ticket)

    async def __anext__(self) -> Outcome:
        if not self._started:
            self._started = True
            self._crew.start(self._pull())
        while not self._tickets:
            if self._pulled_all:
                raise StopAsyncIteration
            await self._changed.wait()
        ticket = self._tickets[0]
        try:
            if isinstance(ticket, Exception):
                raise ticket
            outcome = await self._gateway.collect(ticket)
        except asyncio.CancelledError:
            raise
        except Exception:
            self._tickets.popleft()
            await self.aclose()
            raise
        self._tickets.popleft()
        self._tell()
        return outcome

    def _tell(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    def _ended(self, future: asyncio.Future[Outcome]) -> None:
        self._busy -= 1
        if not future.cancelled():
            future.exception()  # who reads the stream is told in its turn
        self._tell()

    async def _pull(self) -> None:
        try:
            with self._scope:
                await self._pull_all()
        finally:
            self._pulled_all = True
            self._tell()

    def _ahead(self, most: int) -> int:
        """Outcomes that may wait: few for a slow reader, many behind one slow call (they are small records)."""
        head = self._tickets[0] if self._tickets else None
        slow_call = isinstance(head, Ticket) and not head.future.done()
        return max(_AHEAD * most, _BEHIND_A_CALL) if slow_call else _AHEAD * most

    async def _pull_all(self) -> None:
        async with AsyncExitStack() as stack:
            source: AsyncIterator[Request] = aiter(self._requests)
            if hasattr(source, "aclose"):
                await stack.enter_async_context(aclosing(cast("AsyncGenerator[Request]", source)))
            while True:
                most = self._gateway.capacity
                while self._busy >= most or len(self._tickets) >= self._ahead(most):
                    await self._changed.wait()
                    most = self._gateway.capacity
                try:
                    request = await anext(source)
                    ticket = self._gateway.submit(request)
                except StopAsyncIteration:
                    return
                except Exception as error:  # the caller's own iterator: whatever it raises goes to the caller
                    self._tickets.append(error)
                    return
                self._busy += 1
                ticket.future.add_done_callback(self._ended)
                self._tickets.append(ticket)
                self._tell()
