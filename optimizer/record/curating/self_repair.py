"""What can be said about programs that are mended after they failed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from ....agents.messages import RoleName
from ..making.part import Expected, PartSettings

__all__ = ["SelfRepairSettings"]

_PUBLISHED: Mapping[str, Any] = {
    "programs": 25, "repairs": 10, "programs_table": (1, 2, 5, 10, 25), "repairs_table": (1, 3, 5, 10),
}  # fmt: skip
_Count = Annotated[int, Field(ge=1)]


class SelfRepairSettings(PartSettings):
    """Programs for tasks with tests; those that fail are explained and mended, and each way to a repair is kept.

    Source: Self-Repair (arXiv 2306.09896, section 3). A task is a row with tests: its own (as in HumanEval), or those
    that tested-code left.

    Args:
        programs: n_p, drawn for each task.
        repairs: n_fr, drawn for each program that fails, each with an explanation of its own in the same answer; with
            `feedbacks` it is n_r, so many for each explanation.
        feedbacks: n_f, explanations by the reflector of each program that fails; 0: the responder explains and mends
            in one answer.
        rows: what becomes a row of data: `repairs` (task, failing program and error → explanation and mended program),
            `solutions` (task → the first program that passes, mended or not), or `both`.
        per_program: rows of repairs kept of one failing program: the first that pass.
        programs_table, repairs_table: n_p and n_fr of the table of pass rates; what is more than was drawn is left out.
        draws: bootstrap samples of each of its cells.
        replacement: whether a bootstrap sample may draw a program or a repair twice, as the paper describes; the
            authors' code by default does not.
        temperature: of programs, explanations and repairs; None: that of the seats.
    """

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {**_PUBLISHED, "replacement": True},
        "official-code": {**_PUBLISHED, "replacement": False},
    }

    recipe: Literal["self-repair"] = "self-repair"
    programs: int = Field(default=5, ge=1)
    repairs: int = Field(default=2, ge=1)
    feedbacks: int = Field(default=0, ge=0)
    rows: Literal["repairs", "solutions", "both"] = "both"
    per_program: int = Field(default=1, ge=1)
    programs_table: tuple[_Count, ...] = (1, 2, 3, 5, 10, 25)
    repairs_table: tuple[_Count, ...] = (1, 2, 3, 5, 10)
    draws: int = Field(default=1000, ge=1)
    replacement: bool = True
    temperature: float | None = Field(default=0.8, ge=0)

    @property
    def mended(self) -> int:
        """Repairs of each program that fails, n_fr in all."""
        return self.repairs * max(1, self.feedbacks)

    def roles(self) -> tuple[RoleName, ...]:
        """The roles that it asks."""
        return ("responder", "reflector") if self.feedbacks else ("responder",)

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """Every program, and every explanation and repair, as if all failed."""
        programs = self.programs * rows
        yield Expected("responder", programs * (1 + self.mended), 2 * tokens + 250, 3 * tokens + 100)
        if self.feedbacks:
            yield Expected("reflector", programs * self.feedbacks, 3 * tokens + 300, 80)

    def makes(self, rows: int) -> int:
        """A solution of each row, and the repairs that are kept."""
        repaired = rows * self.programs * min(self.per_program, self.mended)
        return {"repairs": repaired, "solutions": rows, "both": rows + repaired}[self.rows]
