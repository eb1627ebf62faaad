"""A row on its way out, whatever it came from: what was asked, what was answered, and how answers were rated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ....agents.gateway.requests import Turn

__all__ = ["Example", "Rated", "Unfit"]


class Unfit(Exception):
    """A form cannot hold a row; its text is the reason, a class that can be counted. Never leaves the package.

    Args:
        reason: the class.
        row_id: of the row, or `row-` and its place in the source; empty where whoever raises does not know it.
        row: what stands in the source; None where nothing there can be read.
    """

    def __init__(self, reason: str, row_id: str = "", row: object = None) -> None:
        super().__init__(reason)
        self.row_id = row_id
        self.row = row


@dataclass(frozen=True, slots=True)
class Rated:
    """An answer with its reward. `source` says whose it is: `own`, `answer-1`, `base`, `chosen`, `rejected`."""

    text: str
    reward: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Example:
    """One row.

    Args:
        id: as the row has it; its place in the source where it has none.
        instruction: the last thing asked, without `input`.
        input: what the instruction works on; empty where it is a part of the instruction or there is none.
        response: the answer; empty where there is none.
        system: the system prompt.
        context: earlier turns, user and assistant by turns.
        language: ISO 639-1.
        chosen, rejected: a preference pair of answers.
        answers: rated answers, in the order of the source.
        rated_by: who rated them.
        row: the row as it stands in the source, with a person's edits in it.
    """

    id: str
    instruction: str
    input: str = ""
    response: str = ""
    system: str = ""
    context: tuple[Turn, ...] = ()
    language: str = ""
    chosen: Rated | None = None
    rejected: Rated | None = None
    answers: tuple[Rated, ...] = ()
    rated_by: str = ""
    row: Mapping[str, object] = field(default_factory=dict[str, object])

    @property
    def asked(self) -> str:
        """All of the last thing asked."""
        return f"{self.instruction}\n\n{self.input}" if self.input else self.instruction

    @property
    def prompt(self) -> list[Turn]:
        """The turns up to where the assistant answers."""
        system = [Turn("system", self.system)] if self.system.strip() else []
        return [*system, *self.context, Turn("user", self.asked)]
