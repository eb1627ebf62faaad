"""The embedder: a text as a vector, so that it can be told how far apart texts are."""

from __future__ import annotations

from dataclasses import dataclass

import anyio

from .gateway.outcomes import Answer, NoAnswer
from .messages import Call, Embedded, EmbedTask, Failed, Reply, Task
from .seated import Seated

__all__ = ["EmbedAllTask", "EmbeddedAll", "Embedder", "Embedders"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedAllTask(Task):
    """To the embedder: where do these texts lie?

    Each is a call of its own in journal and budget, so that a text is paid for once, whatever stands beside it; the
    gateway sends those that wait together where the wire allows that.

    Args:
        texts: place in the run and text of each.
    """

    texts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedAll(Reply):
    """From the embedder: by text its vector, or in which words there is none.

    Args:
        vectors: of the texts in order; empty where there is none.
        faults: why there is none; empty where there is one.
    """

    vectors: tuple[tuple[float, ...], ...]
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Embedder(Seated):
    """Embeds one text."""

    async def __call__(self, task: EmbedTask) -> Embedded | Failed:
        """The vector of a text; an endpoint that gives none has failed."""
        outcome = await self.seat.plain(task, task.text, "embedding")
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        if not outcome.vector:
            return self.empty(task, outcome, "the endpoint gave no vector")
        return Embedded(**self.head(task, outcome), vector=tuple(outcome.vector))


@dataclass(frozen=True, slots=True)
class Embedders(Seated):
    """Embeds many texts side by side."""

    async def __call__(self, task: EmbedAllTask) -> EmbeddedAll:
        """The vector of each text; one that has none costs no other its own."""
        came: dict[int, tuple[tuple[float, ...], str, Call]] = {}

        async def one(number: int, place: str, text: str) -> None:
            asked = EmbedTask(id=place, stage=task.stage, sample=task.sample, text=text)
            outcome = await self.seat.plain(asked, text, "embedding")
            call = self.head(asked, outcome)["calls"][0]
            if isinstance(outcome, Answer):
                fault = "" if outcome.vector else "the endpoint gave no vector"
                came[number] = (tuple(outcome.vector), fault, call)
            else:
                came[number] = ((), f"{outcome.reason}: {outcome.detail}", call)

        async with anyio.create_task_group() as group:
            for number, (place, text) in enumerate(task.texts):
                group.start_soon(one, number, place, text)
        vectors, faults, calls = zip(*(came[number] for number in range(len(task.texts))), strict=True)
        return EmbeddedAll(id=f"{task.id}/reply", parent=task.id, calls=calls, vectors=vectors, faults=faults)
