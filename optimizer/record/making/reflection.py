"""What can be said about Selective Reflection-Tuning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from ....agents.messages import RoleName
from .part import Expected, PartSettings

__all__ = ["ReflectionSettings"]


class ReflectionSettings(PartSettings):
    """Selective Reflection-Tuning (arXiv 2402.10110): a teacher writes better versions, a student selects.

    Args:
        versions: `winner` has one response reflected on, that of the instruction that won; `all` writes all four
            versions of each row, so that another student can select anew without the teacher.
        measure: `ppl` or `loss`, the ratio that the student's log-probabilities are compared by; `judge` selects by a
            judge's comparison of two texts instead, where no log-probabilities can be had. That is no IFD.
        limit_first: whether an instruction must have an IFD below 1 already when it is chosen.
        keep_unreplaced: keep rows whose response no reflection made better, too.
        repeating: a new response may say so much more of its instruction again, word for word, than the old one did
            (share of the instruction's words); one that says more is none. None: all of it. r-IFD prefers it otherwise.
        retries: further draws of a reflection that cannot be read; of use only with a temperature above 0.
        floor: tokens that a score must be over, at least.
        frame: what stands round an instruction when the student reads it: plain, sections, user-assistant, chatml,
            llama-3, or a text of your own with {instruction} in it.
        start: text of the student's mark of beginning (BOS), where its server puts none before a prompt.
    """

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {"frame": "user-assistant", "retries": 1, "floor": 1, "repeating": None},
        "official-code": {
            "frame": "user-assistant", "retries": 1, "floor": 1, "versions": "all", "limit_first": False,
            "repeating": None,
        },
    }  # fmt: skip

    recipe: Literal["reflection"] = "reflection"
    versions: Literal["winner", "all"] = "winner"
    measure: Literal["ppl", "loss", "judge"] = "ppl"
    limit_first: bool = True
    keep_unreplaced: bool = False
    repeating: float | None = Field(default=0.5, ge=0, le=1)
    retries: int = Field(default=0, ge=0)
    floor: int = Field(default=5, ge=1)
    frame: str = "plain"
    start: str = ""

    def roles(self) -> tuple[RoleName, ...]:
        """The roles that it asks."""
        return ("reflector", "judge" if self.measure == "judge" else "student")

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """Two or three reflections, and the texts that the student reads."""
        reflections = (2 if self.versions == "winner" else 3) * (1 + self.retries)
        yield Expected("reflector", reflections * rows, 5 * tokens + 400, 150 + 5 * tokens)
        if self.measure == "judge":
            yield Expected("judge", 2 * reflections * rows, 6 * tokens + 300, 100)
        else:
            yield Expected("student", (9 if self.versions == "winner" else 14) * rows, 4 * tokens + 20, 1)

    def makes(self, rows: int) -> int:
        """A row is kept or dropped."""
        return rows
