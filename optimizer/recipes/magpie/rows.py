"""What a journey came to, as a value that a file can hold: a row that may be kept, or one that fell and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ....agents.gateway.requests import Turn
from ....agents.messages import Call
from .sampling import Plan
from .sanitiser import Clean

__all__ = ["Candidate", "Row", "Turned", "candidate_from", "candidate_object", "conversation"]


@dataclass(frozen=True, slots=True)
class Turned:
    """A turn of the user with its answer.

    Args:
        instruction: as it is kept.
        raw: as the model wrote it.
        rules: ids of the rules that changed it.
        answer: the response.
    """

    instruction: str
    raw: str
    rules: tuple[str, ...]
    answer: str


@dataclass(slots=True)
class Row:
    """What a journey came to so far.

    Args:
        plan: how it was drawn.
        turns: finished turns.
        asked: the instruction that is not answered yet.
        reason, detail: why it ended before its last turn; empty where it did not.
        raw: the text that it fell by.
        language: of the first instruction.
        calls: of the journey.
        measured: what was found out, by name: texts, numbers, tags.
        vector: of the instruction.
    """

    plan: Plan
    turns: list[Turned] = field(default_factory=list[Turned])
    asked: Clean | None = None
    reason: str = ""
    detail: str = ""
    raw: str = ""
    language: str = ""
    calls: list[Call] = field(default_factory=list[Call])
    measured: dict[str, Any] = field(default_factory=dict[str, Any])
    vector: tuple[float, ...] = ()

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Instructions and answers so far."""
        return [(turn.instruction, turn.answer) for turn in self.turns]

    @property
    def over(self) -> bool:
        """Whether no further turn comes."""
        return bool(self.reason)

    @property
    def usable(self) -> bool:
        """Whether there is at least one finished turn: a conversation that broke off later keeps what it has."""
        return bool(self.turns)

    @property
    def spoken(self) -> tuple[Turn, ...]:
        """The conversation as turns."""
        return conversation(self.turns)

    @property
    def asked_for(self) -> str:
        """All that the user said."""
        return "\n\n".join(turn.instruction for turn in self.turns)


def conversation(turns: Iterable[Turned]) -> tuple[Turn, ...]:
    """Turns of the user, each with its answer, as turns of a chat."""
    return tuple(turn for each in turns for turn in (Turn("user", each.instruction), Turn("assistant", each.answer)))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A row between the two passes; plain values.

    Args:
        id: of the row.
        reason, detail, raw: why it is none, and the text that it fell by; empty where it may be kept.
        turns: instruction, raw text, rules and answer of each.
        calls, cost, models: keys, USD (None where a price is unknown) and names.
        sampling: how it was drawn.
        language: of the instruction.
        measured: what was found out.
        vector: number of its vector in the file of vectors; None where it has none.
        vector_size: length of that.
    """

    id: str
    reason: str
    detail: str
    raw: str
    turns: tuple[Turned, ...]
    calls: tuple[str, ...]
    cost: float | None
    models: tuple[str, ...]
    sampling: Mapping[str, Any]
    language: str
    measured: Mapping[str, Any]
    vector: int | None = None
    vector_size: int = 0

    @property
    def number(self) -> int:
        """Number of the row, from 1."""
        return int(self.id.rpartition("-")[2])


def candidate_object(candidate: Candidate) -> dict[str, Any]:
    """As JSON writes it."""
    return asdict(candidate)


def candidate_from(row: Mapping[str, Any]) -> Candidate:
    """The same again."""
    turns = tuple(
        Turned(turn["instruction"], turn["raw"], tuple(turn["rules"]), turn["answer"]) for turn in row["turns"]
    )
    lists: dict[str, Any] = {"turns": turns, "calls": tuple(row["calls"]), "models": tuple(row["models"])}
    return Candidate(**{**row, **lists})
