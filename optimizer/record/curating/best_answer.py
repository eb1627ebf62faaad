"""What can be said about the choice of one answer out of several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from ....agents.gateway.errors import UsageError
from ....agents.messages import RoleName
from ..making.part import Expected, PartSettings

__all__ = ["BestAnswerSettings"]

_SELF_CONSISTENCY: Mapping[str, Any] = {"answers": 40, "temperature": 0.7, "least": 0.0, "otherwise": "drop"}


class BestAnswerSettings(PartSettings):
    """Several answers to each instruction, of which one is kept: by agreement, by reward, or the first that passes.

    Agreement is that of final answers (self-consistency, arXiv 2203.11171, which is the preset paper; there is no
    official code, and its preset is the same): amounts, choices and mathematics by their value, code by tests. Texts
    without a final answer are chosen as `otherwise` says.

    Args:
        choose: `agreement`; `reward`, the answer with the highest; `tests`, the first whose code passes the tests of
            the row, or the examples that its instruction states.
        answers: drawn for each row.
        temperature: of the draws; None: that of the responder's seat.
        own: the row's own response takes part as one more answer, before the others.
        least: share of all answers drawn that must agree with the one that is kept, at least; else the row is dropped.
        otherwise: of rows whose answers cannot be compared: `judge` compares them two by two, in both orders;
            `reward`; or `drop` the row.
        reward: who gives rewards: `endpoint`, a reward model; or `judge`, any model that marks an answer from 1 to 10.
        least_reward: of the answer that is kept, where it is chosen by reward; None: any.
        pairs: also write preference pairs (`preferences.jsonl`) and all answers with what they were rated
            (`made.jsonl`), for `autoevol export`.
        margin: between the two of a pair, at least: rewards where there are any, else shares of agreement, or 1 for a
            pass against a failure and for one that a judge prefers in both orders. Ties never make a pair.
    """

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": _SELF_CONSISTENCY,
        "official-code": _SELF_CONSISTENCY,
    }

    recipe: Literal["best-answer"] = "best-answer"
    choose: Literal["agreement", "reward", "tests"] = "agreement"
    answers: int = Field(default=5, ge=1)
    temperature: float | None = Field(default=0.7, ge=0)
    own: bool = False
    least: float = Field(default=0.5, ge=0, le=1)
    otherwise: Literal["judge", "reward", "drop"] = "judge"
    reward: Literal["endpoint", "judge"] = "judge"
    least_reward: float | None = None
    pairs: bool = False
    margin: float = Field(default=0.0, ge=0)

    def refuse_same(self, seat: float) -> None:
        """That its draws differ.

        Args:
            seat: temperature of the responder.

        Raises:
            UsageError: each would be the same.
        """
        if not (seat if self.temperature is None else self.temperature) and self.answers > 1:
            raise UsageError(
                f"{self.answers} answers drawn at temperature 0 are one answer {self.answers} times.",
                fix="Give best-answer a `temperature` above 0.",
            )

    @property
    def rewarding(self) -> bool:
        """Whether rewards may be asked for."""
        return self.choose == "reward" or (self.choose == "agreement" and self.otherwise == "reward")

    @property
    def judging(self) -> bool:
        """Whether a judge may be asked which of two is better."""
        return self.choose == "agreement" and self.otherwise == "judge"

    def roles(self) -> tuple[RoleName, ...]:
        """The roles that it asks."""
        more: tuple[RoleName, ...] = ("rewarder",) if self.rewarding else ("judge",) if self.judging else ()
        return ("responder", *more)

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """Every answer, and what it takes to compare or rate them all."""
        answers = self.answers + self.own
        yield Expected("responder", self.answers * rows, tokens + 40, 4 * tokens)
        if self.rewarding:
            yield Expected("rewarder", answers * rows, 5 * tokens + 200, 60 if self.reward == "judge" else 1)
        if self.judging:
            yield Expected("judge", 2 * (answers - 1) * rows, 9 * tokens + 200, 20)

    def makes(self, rows: int) -> int:
        """A row is kept or dropped."""
        return rows
