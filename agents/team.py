"""Agents at work: an entrance, a mailbox for each agent, one task group, and an exit that keeps the order.

    first tasks ─► entrance ─► mailboxes ─► agents ─► route(journey) ─► next mailbox … or ─► exit, in order of entry

Work is admitted only at the entrance, as the gateway has capacity for it. Mailboxes inside never block, so rounds
(a cycle) cannot deadlock; what is inside is bounded by what was admitted. A million first tasks are pulled one by one.
A route may ask several things of a journey at once; they are answered side by side, and stand in it in their order.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from .agent import Agent, Door
from .messages import Message, Reply, Task

__all__ = ["Cast", "Deliver", "Journey", "Route", "Team"]

Journey = tuple[Message, ...]
"""The messages of one piece of work so far: its first task, the reply, the next task, and so on."""

Following: TypeAlias = Task | Sequence[Task] | None
"""What is asked next, side by side where it is several tasks; None or nothing when the journey is over."""

Route = Callable[[Journey], Following | Awaitable[Following]]
"""What follows a journey; awaited where thinking takes so long that it must not hold up the others.

A pure function, so that a replay takes the same way. Of several tasks the journey has each with its reply, in order.
"""

_Group: TypeAlias = BaseExceptionGroup[BaseException]
Deliver = Callable[[Journey], Awaitable[None]]
Cast = Mapping[type[Task], Agent[Any]]


@dataclass(slots=True)
class _Leg:
    """Tasks of one journey that are asked side by side.

    Args:
        number: of the journey, in the order of entry.
        before: the journey so far.
        tasks: what is asked now.
        replies: by the place of the task.
    """

    number: int
    before: Journey
    tasks: Sequence[Task]
    replies: dict[int, Reply] = field(default_factory=dict[int, Reply])

    @property
    def journey(self) -> Journey:
        """With every task and its reply, in the order of the tasks: the order of the answers must not show."""
        return (*self.before, *(m for place, task in enumerate(self.tasks) for m in (task, self.replies[place])))


class Team:
    """The agents of a run, ready to work through any number of first tasks."""

    def __init__(self, cast: Cast, door: Door) -> None:
        self._cast = cast
        self._door = door

    async def work(self, first_tasks: Iterable[Task] | AsyncIterable[Task], route: Route, deliver: Deliver) -> None:
        """Take every first task through the agents and deliver its journey, in the order of the first tasks.

        Args:
            first_tasks: pulled one at a time, only when there is capacity. An asynchronous one may hold the next task
                back until something has been delivered, as where it hangs on earlier results; it must not wait when
                everything that it gave was delivered.
            route: decides from a journey what is asked next.
            deliver: awaited with each finished journey, one at a time, in order.

        Raises:
            SessionStopped: the gateway could not go on; journeys that were not finished are not delivered.
            StorageError: a record could not be written.
        """
        try:
            async with anyio.create_task_group() as group:
                shift = _Shift(self._cast, self._door, route, group)
                try:
                    group.start_soon(shift.admit, _pulled(first_tasks))
                    await shift.hand_over(deliver)
                finally:
                    shift.close()
        except BaseExceptionGroup as errors:
            raise _first_leaf(errors) from None


class _Shift:
    """One call of `Team.work`: its mailboxes, and how much is inside."""

    def __init__(self, cast: Cast, door: Door, route: Route, group: TaskGroup) -> None:
        self._cast = cast
        self._door = door
        self._route = route
        self._group = group
        self._mailboxes: dict[type[Task], MemoryObjectSendStream[tuple[_Leg, int]]] = {}
        self._admitted = 0
        self._at_work = 0
        self._delivered = 0
        self._closed = False
        self._finished: dict[int, Journey] = {}
        self._changed = anyio.Event()
        for kind, agent in cast.items():
            # Unbounded on purpose: the entrance bounds what can ever be inside.
            outlet, inlet = anyio.create_memory_object_stream[tuple[_Leg, int]](math.inf)
            self._mailboxes[kind] = outlet
            group.start_soon(self._serve, agent, inlet)

    def close(self) -> None:
        """Close the mailboxes: an agent's loop ends when nobody can write to it any more."""
        for outlet in self._mailboxes.values():
            outlet.close()

    async def admit(self, first_tasks: AsyncIterator[Task]) -> None:
        """The entrance: let one more in whenever the gateway could use it and the exit is not too far behind."""
        async for task in first_tasks:
            self._admitted += 1
            self._at_work += 1
            self._post(_Leg(self._admitted - 1, (), (task,)))
            await anyio.lowlevel.checkpoint()
            await self._until(self._has_room)
        self._closed = True
        self._signal()

    async def hand_over(self, deliver: Deliver) -> None:
        """The exit: deliver what is finished in the order of entry, until all is delivered."""
        while True:
            await self._until(lambda: self._delivered in self._finished or self._is_over())
            if self._delivered not in self._finished:
                return
            await deliver(self._finished.pop(self._delivered))
            self._delivered += 1
            self._signal()

    async def _serve(self, agent: Agent[Any], inlet: MemoryObjectReceiveStream[tuple[_Leg, int]]) -> None:
        async with inlet:
            async for leg, place in inlet:
                self._group.start_soon(self._handle, agent, leg, place)

    async def _handle(self, agent: Agent[Any], leg: _Leg, place: int) -> None:
        leg.replies[place] = await agent(leg.tasks[place])
        if len(leg.replies) < len(leg.tasks):
            return
        journey = leg.journey
        routed = self._route(journey)
        following = await routed if isinstance(routed, Awaitable) else routed
        if following:
            self._post(_Leg(leg.number, journey, (following,) if isinstance(following, Task) else following))
            return
        self._at_work -= 1
        self._finished[leg.number] = journey
        self._signal()

    def _post(self, leg: _Leg) -> None:
        # Where the work is cancelled, an agent whose answer is there already goes on for a moment more, and finds
        # mailboxes closed, or nobody behind them. That is no error, and must not take the place of the one there was.
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
            for place, task in enumerate(leg.tasks):
                self._mailboxes[type(task)].send_nowait((leg, place))

    def _has_room(self) -> bool:
        # A little more than the capacity: between two calls of a journey the gateway should not run dry.
        capacity = max(1, self._door.capacity)
        return self._at_work < capacity + capacity // 4 + 1 and self._admitted - self._delivered < 4 * capacity + 64

    def _is_over(self) -> bool:
        return self._closed and self._delivered == self._admitted

    def _signal(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            await self._changed.wait()


def _pulled(first_tasks: Iterable[Task] | AsyncIterable[Task]) -> AsyncIterator[Task]:
    """One form for both."""
    return aiter(first_tasks) if isinstance(first_tasks, AsyncIterable) else _Ready(iter(first_tasks))


@dataclass(slots=True)
class _Ready:
    """Tasks that are there. No generator: its clean-up would be left to the event loop where work is broken off."""

    tasks: Iterator[Task]

    def __aiter__(self) -> _Ready:
        return self

    async def __anext__(self) -> Task:
        for task in self.tasks:
            return task
        raise StopAsyncIteration


def _first_leaf(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first real error of a group: one sentence is what the person can use."""
    first = errors.exceptions[0]
    return _first_leaf(cast(_Group, first)) if isinstance(first, BaseExceptionGroup) else first
