"""A seed: one instruction of the user, where it came from, and its response where it has one."""

from __future__ import annotations

from dataclasses import dataclass

from ...agents.messages import Instruction
from ..scoring.programs import SeedTests

__all__ = ["Seed"]


@dataclass(frozen=True, slots=True)
class Seed:
    """One unit of work.

    Args:
        id: stable and readable: `seed-000017`, counted from 1 over good rows in file order; `seed-000017.t2` is the
            second user turn of a conversation.
        line: line of the file (JSONL, CSV with quoted newlines: the row's first line) or row number, from 1.
        instruction: what evolves, with system prompt and earlier turns.
        response: the seed's own answer, or None.
        tests: what tests an answer to it, where it is code.
        input: what the instruction works on, where the row has it in a field of its own; it is the end of the text.
    """

    id: str
    line: int
    instruction: Instruction
    response: str | None = None
    tests: SeedTests | None = None
    input: str = ""

    @property
    def row(self) -> str:
        """Id of the row it came from: the same for all turns of one conversation."""
        return self.id.partition(".")[0]

    @property
    def bare(self) -> str:
        """The instruction without its input."""
        return self.instruction.text.removesuffix(self.input).rstrip() if self.input else self.instruction.text
