"""What an agent is: one async method from a task to a reply. What it costs and where it sits is its own business."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from .gateway.outcomes import Outcome
from .gateway.requests import Decoding, Form, Request, Turn
from .messages import Reply, RoleName, Task

__all__ = ["Agent", "Asked", "Door", "Seat", "drawn"]

# A step of the optimizer waits for these few calls, so they go before the many of rows.
_CRITICAL: frozenset[RoleName] = frozenset({"analyst", "refiner"})

TaskT_contra = TypeVar("TaskT_contra", bound=Task, contravariant=True)


class Asked(Protocol):
    """What an agent sees of the gateway."""

    async def ask(self, request: Request) -> Outcome:
        """Make one call, or take its outcome from the journal.

        Raises:
            SessionStopped: the session cannot go on (key, quota, budget, outage).
            StorageError: the journal cannot be written.
        """
        ...


class Door(Asked, Protocol):
    """What those see of it who admit work."""

    def stream(self, requests: AsyncIterable[Request]) -> AsyncIterator[Outcome]:
        """Outcomes in the order of the requests; a request is pulled only when there is capacity for it."""
        ...

    @property
    def capacity(self) -> int:
        """How many calls may usefully be under way at once; the team admits work by it."""
        ...


class Agent(Protocol[TaskT_contra]):
    """One role at work."""

    @property
    def role(self) -> str:
        """The role that it plays."""
        ...

    async def __call__(self, task: TaskT_contra) -> Reply:
        """Answer a task, or say `Failed`. Never raises for a single bad item."""
        ...


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a role's calls go: its door, endpoint group, model and decoding."""

    role: RoleName
    door: Asked
    endpoint: str
    model: str
    decoding: Decoding

    async def ask(self, task: Task, turns: tuple[Turn, ...], *, json_schema: str | None = None) -> Outcome:
        """Put one question to the model of this seat, booked on the task's place."""
        decoding = self.decoding if json_schema is None else replace(self.decoding, json_schema=json_schema)
        return await self.send(task, turns, "chat", decoding)

    async def plain(self, task: Task, text: str, form: Form, decoding: Decoding | None = None) -> Outcome:
        """One bare text to the model of this seat, sent without a template: to be continued, scored or embedded."""
        return await self.send(task, (Turn("user", text),), form, decoding)

    async def send(self, task: Task, turns: tuple[Turn, ...], form: Form, decoding: Decoding | None = None) -> Outcome:
        """One call to the model of this seat.

        Args:
            task: whose place it is booked on.
            turns: what is sent.
            form: what is asked for.
            decoding: instead of the seat's own.
        """
        return await self.door.ask(
            Request(
                self.endpoint, self.model, turns, decoding or self.decoding, task.sample, self.role, task.id,
                task.stage, form, urgent=self.role in _CRITICAL,
            )
        )  # fmt: skip


def drawn(
    own: Decoding,
    *,
    temperature: float | None = None,
    top_p: float | None = None,
    max_tokens: int | None = None,
    stop: tuple[str, ...] = (),
) -> Decoding:
    """A decoding with what a task asks for; None, and no stop, leave what there is."""
    return replace(
        own,
        temperature=own.temperature if temperature is None else temperature,
        top_p=own.top_p if top_p is None else top_p,
        max_tokens=own.max_tokens if max_tokens is None else max_tokens,
        stop=stop or own.stop,
    )
