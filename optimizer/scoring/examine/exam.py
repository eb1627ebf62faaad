"""What a dear check is: it may ask for tasks, several at once or one after the other, and then says what it found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from ....agents.messages import Finding, Instruction, Reply, RoleName, Task
from ..pair import Pair
from ..programs import SeedTests

__all__ = ["Examiner", "Item", "Report"]


@dataclass(frozen=True, slots=True)
class Item:
    """An evolved and answered item as the dear checks see it.

    Args:
        place: where it is in the run; the ids of its messages begin with it.
        stage: what its calls are booked on.
        seed_id: the seed; draws that must be the same for all contestants are named by it.
        original, evolved: the instruction before the first and after the last round.
        pair: what the free detectors looked at; `response` is the seed's own answer, the gold one where it has one.
        tests: the seed's own tests, or None.
        replies: what was answered so far, by the end of the task's id: `answer`, `judge/turned`.
    """

    place: str
    stage: str
    seed_id: str
    original: Instruction
    evolved: Instruction
    pair: Pair
    tests: SeedTests | None = None
    replies: Mapping[str, Reply] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def response(self) -> str:
        """The answer to the evolved instruction."""
        return self.pair.evolved_response or ""

    def name(self, what: str) -> str:
        """The id of one of its tasks."""
        return f"{self.place}/{what}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found: findings, and figures in [0, 1] that are kept with the item."""

    findings: tuple[Finding, ...] = ()
    measures: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


class Examiner(Protocol):
    """One dear check. Both methods are pure: they see the item and what was answered so far."""

    @property
    def name(self) -> str:
        """Its name in the settings."""
        ...

    @property
    def price(self) -> Mapping[RoleName, float]:
        """Calls that one item costs at most, by role."""
        ...

    def next_tasks(self, item: Item) -> Sequence[Task]:
        """What it has to ask next, side by side; nothing when it has all that it needs.

        A failed call is not asked again.
        """
        ...

    def report(self, item: Item) -> Report:
        """What it can say by now."""
        ...
