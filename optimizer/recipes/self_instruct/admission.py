"""Which candidates come into the pool: one after the other, in the order of the requests.

Each is compared with every seed task and with everything that was admitted before it, also by answers that came in
while its own was under way. So no two of a kind get in side by side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from ....agents.bootstrap.asking import Invented, InventTask, Pair, Thought
from ....agents.messages import Call, Reply
from ....agents.team import Journey
from ...dataset.rows import DroppedRow
from ...record.making.self_instruct import SelfInstructSettings
from ..book import Book, cost_of, keys_of, models_of
from .filters import InstructionFilter, whole
from .humans import Shown
from .pool import Pool

__all__ = ["Admission", "Admitted"]


@dataclass(frozen=True, slots=True)
class Admitted:
    """A new task.

    Args:
        number: in the order of admission, from 0.
        instruction: its text.
        instance: where it came with one.
        parents: ids of the tasks that the request showed.
        calls, cost, models: of the request; the cost is this task's share.
        nearest_seed: id of the most similar seed task, and ROUGE-L to it.
        nearest: the same over seed tasks and what was admitted before.
    """

    number: int
    instruction: str
    instance: Pair | None
    parents: tuple[str, ...]
    calls: tuple[str, ...]
    cost: float | None
    models: tuple[str, ...]
    nearest_seed: tuple[str, float]
    nearest: tuple[str, float]

    @property
    def notes(self) -> Mapping[str, JsonValue]:
        """What a row says of it."""
        return {
            "nearest": {"id": self.nearest[0], "rouge_l": round(self.nearest[1], 4)},
            "nearest_seed": {"id": self.nearest_seed[0], "rouge_l": round(self.nearest_seed[1], 4)},
        }


class Admission:
    """The pool and its door.

    Args:
        part: bounds.
        place: names the ids of new tasks.
        humans: the seed tasks.
        book: where dropped candidates are kept.
    """

    def __init__(self, part: SelfInstructSettings, place: str, humans: Sequence[Shown], book: Book) -> None:
        self._part, self._place, self._book = part, place, book
        self._filter = InstructionFilter(part)
        self._humans = humans
        self._seeds, self._others = Pool(part.tokens), Pool(part.tokens)
        for each in humans:
            self._seeds.add(each.thought.instruction)
        self.made: list[Shown] = []
        """Every task that was admitted, as prompts show it, in order."""

    def id_of(self, number: int) -> str:
        """Of a new task, and of its row."""
        return f"{self._place}-{number + 1:06d}"

    def take(self, journey: Journey) -> list[Admitted]:
        """Admit what a request gave; the rest is dropped with its reason.

        Raises:
            StorageError: a dropped row cannot be written.
        """
        task, reply = journey[0], journey[-1]
        if not isinstance(task, InventTask) or not isinstance(reply, Reply):
            raise TypeError("not the journey of a request")
        if not isinstance(reply, Invented) or not reply.thoughts:
            reason = getattr(reply, "reason", "") or getattr(reply, "fault", "")
            detail = reply.raw if isinstance(reply, Invented) else getattr(reply, "detail", "")
            self._drop(task.id, Thought(""), reason, detail[:2000], reply.calls)
            return []
        last = len(reply.thoughts) - 1
        found: list[Admitted] = []
        for place, thought in enumerate(reply.thoughts):
            name = f"{task.id}.{place + 1}"
            if reply.truncated and (place == last or self._part.cut == "all"):
                self._drop(name, thought, "cut", "the answer met its bound", reply.calls)
                continue
            admitted = self._admit(name, thought, task, reply)
            if admitted is not None:
                found.append(admitted)
        return found

    def _admit(self, name: str, thought: Thought, task: InventTask, reply: Invented) -> Admitted | None:
        text, instance = thought.instruction, thought.instance
        fault = self._filter.reason(text)
        if fault is None and self._part.whole:
            instance, why = whole(instance, text)
            fault = (why, "") if why else None
        if fault is not None:
            self._drop(name, thought, *fault, reply.calls)
            return None
        seed = self._seeds.nearest(text)
        near_seed = (self._humans[seed.number].id if seed.number >= 0 else "", seed.score)
        other = self._others.nearest(text, above=seed.score)
        nearest = (self.id_of(other.number), other.score) if other.number >= 0 else near_seed
        if nearest[1] > self._part.similarity:
            self._drop(name, thought, "similar", f"ROUGE-L {nearest[1]:.3f} to {nearest[0]}", reply.calls)
            return None
        number = self._others.add(text)
        kept = Thought(text, instance if self._part.machine else None)
        self.made.append(Shown(self.id_of(number), kept))
        cost = cost_of(reply.calls)
        return Admitted(
            number, text, instance, task.parents, keys_of(reply.calls),
            None if cost is None else cost / len(reply.thoughts), models_of(reply.calls), near_seed, nearest,
        )  # fmt: skip

    def _drop(self, name: str, thought: Thought, reason: str, detail: str, calls: Sequence[Call]) -> None:
        pair = thought.instance
        self._book.drop(DroppedRow(
            name, self._place, reason, detail, calls=keys_of(calls), instruction=thought.instruction or None,
            response=None if pair is None else pair.output,
            notes={} if pair is None or not pair.input else {"input": pair.input},
        ))  # fmt: skip
