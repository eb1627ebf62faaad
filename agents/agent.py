"""What an agent is: one async method from a task to a reply. What it costs and where it sits is its own business."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from .gateway.outcomes import Answer, NoAnswer, Outcome
from .gateway.requests import Decoding, Form, Request, Turn
from .messages import Call, Failed, Reply, RoleName, Task

__all__ = ["Agent", "Door", "Seat", "call_of", "failed"]

# A step of the optimizer waits for these few calls, so they go before the many of rows.
_CRITICAL: frozenset[RoleName] = frozenset({"analyst", "refiner"})

TaskT_contra = TypeVar("TaskT_contra", bound=Task, contravariant=True)


class Door(Protocol):
    """What an agent sees of the gateway."""

    async def ask(self, request: Request) -> Outcome:
        """Make one call, or take its outcome from the journal.

        Raises:
            SessionStopped: the session cannot go on (key, quota, budget, outage).
            StorageError: the journal cannot be written.
        """
        ...

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
    door: Door
    endpoint: str
    model: str
    decoding: Decoding

    async def ask(self, task: Task, turns: tuple[Turn, ...], *, json_schema: str | None = None) -> Outcome:
        """Put one question to the model of this seat, booked on the task's place."""
        decoding = self.decoding
        if json_schema is not None:
            decoding = replace(decoding, json_schema=json_schema)
        return await self.door.ask(
            Request(
                self.endpoint, self.model, turns, decoding, task.sample, self.role, task.id, task.stage,
                urgent=self.role in _CRITICAL,
            )
        )  # fmt: skip

    async def embed(self, task: Task, text: str) -> Outcome:
        """Have one text embedded by the model of this seat, booked on the task's place."""
        return await self.plain(task, text, "embedding")

    async def plain(self, task: Task, text: str, form: Form, decoding: Decoding | None = None) -> Outcome:
        """One bare text to the model of this seat: to be continued, scored or embedded.

        Args:
            task: whose place it is booked on.
            text: sent as it is, without a template.
            form: what is asked for.
            decoding: instead of the seat's own.
        """
        return await self.door.ask(
            Request(
                self.endpoint, self.model, (Turn("user", text),), decoding or self.decoding, task.sample, self.role,
                task.id, task.stage, form=form,
            )
        )  # fmt: skip


def call_of(role: RoleName, outcome: Outcome) -> Call:
    """The record of a finished call that a reply carries."""
    usage = outcome.usage
    call = Call(outcome.key, role, usage.input_tokens, usage.output_tokens, outcome.cost, outcome.seconds)
    if not isinstance(outcome, Answer):
        return call
    return replace(
        call,
        model=outcome.model,
        fingerprint=outcome.fingerprint,
        fallback=outcome.fallback,
        adapted=outcome.adapted,
    )


def failed(role: RoleName, task: Task, outcome: NoAnswer) -> Failed:
    """The reply to a task whose call gave nothing."""
    return Failed(
        id=f"{task.id}/reply", parent=task.id, reason=outcome.reason, detail=outcome.detail,
        calls=(call_of(role, outcome),),
    )  # fmt: skip
