"""What can be said about scores of rows by IFD, and a choice by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from ....agents.messages import RoleName
from .part import Expected, PartSettings

__all__ = ["IfdSettings"]


class IfdSettings(PartSettings):
    """IFD of every row by a student (arXiv 2308.12032), and Superfiltering by it (2402.00530).

    Args:
        measure: `ppl` or `loss`, the ratio that is compared; both are written.
        select: keep this share of all rows, those with the highest IFD below 1; None keeps every row that has a score.
        reverse: also score each instruction after its response (r-IFD).
        floor: tokens that a score must be over, at least.
        frame: what stands round an instruction when the student reads it: plain, sections, user-assistant, chatml,
            llama-3, or a text of your own with {instruction} in it.
        start: text of the student's mark of beginning (BOS), where its server puts none before a prompt.
    """

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {"select": 0.1, "floor": 1},
        "official-code": {"select": 0.1, "floor": 1},
    }

    recipe: Literal["ifd"] = "ifd"
    measure: Literal["ppl", "loss"] = "ppl"
    select: float | None = Field(default=None, gt=0, le=1)
    reverse: bool = False
    floor: int = Field(default=5, ge=1)
    frame: str = "plain"
    start: str = ""

    def roles(self) -> tuple[RoleName, ...]:
        """The roles that it asks."""
        return ("student",)

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """Each text after its context and by itself."""
        yield Expected("student", (4 if self.reverse else 2) * rows + 2, 4 * tokens + 20, 1)

    def makes(self, rows: int) -> int:
        """Those that are kept."""
        return rows if self.select is None else int(self.select * rows)
