"""Outcomes in the order of the requests, pulled as capacity appears: a million requests are never a million tasks."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, field
from typing import Protocol, cast

import anyio
from anyio.abc import TaskGroup

from .errors import AutoEvolError
from .outcomes import Outcome
from .requests import Request

__all__ = ["OutcomeStream"]

# So many outcomes, in multiples of the capacity, may wait behind one slow call before nothing more is pulled.
_AHEAD = 4


class _Asking(Protocol):
    @property
    def capacity(self) -> int: ...

    async def ask(self, request: Request) -> Outcome: ...


@dataclass(slots=True, eq=False)
class _Slot:
    ended: anyio.Event = field(default_factory=anyio.Event)
    outcome: Outcome | None = None
    error: Exception | None = None


class OutcomeStream(AsyncIterator[Outcome]):
    """An iterator, not a generator: its tasks live in the gateway's group, so no cancel scope spans a `yield`.

    It starts pulling at the first `anext`. `aclose`, or leaving its `async with`, ends what was pulled ahead; a stream
    that is only dropped finishes the few calls that it has pulled, and they are kept in the journal.
    """

    def __init__(self, gateway: _Asking, requests: AsyncIterable[Request], group: TaskGroup) -> None:
        self._gateway = gateway
        self._requests = requests
        self._group = group
        self._slots: deque[_Slot] = deque()
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

    async def __anext__(self) -> Outcome:
        if not self._started:
            self._started = True
            self._group.start_soon(self._pull)
        while not self._slots:
            if self._pulled_all:
                raise StopAsyncIteration
            await self._changed.wait()
        slot = self._slots[0]
        await slot.ended.wait()
        self._slots.popleft()
        self._tell()
        if slot.outcome is not None:
            return slot.outcome
        await self.aclose()
        self._slots.clear()
        raise slot.error if slot.error is not None else anyio.ClosedResourceError

    def _tell(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def _pull(self) -> None:
        try:
            with self._scope:
                async with anyio.create_task_group() as group:
                    await self._pull_all(group)
        finally:
            for slot in self._slots:
                slot.ended.set()
            self._pulled_all = True
            self._tell()

    async def _pull_all(self, group: TaskGroup) -> None:
        async with AsyncExitStack() as stack:
            source: AsyncIterator[Request] = aiter(self._requests)
            if hasattr(source, "aclose"):
                await stack.enter_async_context(aclosing(cast("AsyncGenerator[Request]", source)))
            while True:
                while self._busy >= self._gateway.capacity or len(self._slots) >= _AHEAD * self._gateway.capacity:
                    await self._changed.wait()
                try:
                    request = await anext(source)
                except StopAsyncIteration:
                    return
                except Exception as error:  # the caller's own iterator: whatever it raises goes to the caller
                    self._slots.append(_Slot(error=error))
                    self._slots[-1].ended.set()
                    return
                slot = _Slot()
                self._slots.append(slot)
                self._busy += 1
                group.start_soon(self._ask, slot, request)
                self._tell()

    async def _ask(self, slot: _Slot, request: Request) -> None:
        try:
            slot.outcome = await self._gateway.ask(request)
        except AutoEvolError as error:
            slot.error = error
        finally:
            self._busy -= 1
            slot.ended.set()
            self._tell()
