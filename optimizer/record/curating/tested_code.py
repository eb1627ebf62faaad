"""What can be said about programs that pass tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from ....agents.gateway.errors import UsageError
from ....agents.messages import RoleName
from ..making.part import Expected, PartSettings

__all__ = ["TestedCodeSettings"]

_PUBLISHED: Mapping[str, Any] = {"solutions": 10, "agree": 1, "stubs": False, "tries": 1, "until_enough": False}


class TestedCodeSettings(PartSettings):
    """Questions, then tests, then solutions that are run: the first that passes is the answer.

    Source: Code Llama (arXiv 2308.12950, section 2.5), which keeps the first of ten solutions that passes; there is no
    official code, and its preset is that of the paper. What is ours: tests that a program without any sense passes,
    too, are caught, and several solutions must pass.

    Args:
        solutions: drawn for each question.
        agree: so many of them must pass the same tests, at least.
        until_enough: draw no further solutions once so many have passed; then no pass rate is known.
        tests: `either`, those of the row where it has any (as in HumanEval, or left by a run), else the judge writes
            some; `given`, only those of the row; `write`, always new ones.
        assertions: asked for in one set of tests.
        tries: sets of tests that are drawn, at most, until one can be used.
        stubs: whether tests are tried on programs that do nothing and on constants; a set that one of them passes is
            vacuous. False believes them unseen.
        show: which of the written tests the responder sees: the `first`, which tells names and arguments, `all`, or
            `none`. Tests that the row brings are not shown.
        temperature: of solutions and tests; None: that of the seats.
    """

    __test__ = False  # no test of pytest's
    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": _PUBLISHED, "official-code": _PUBLISHED}

    recipe: Literal["tested-code"] = "tested-code"
    solutions: int = Field(default=5, ge=1)
    agree: int = Field(default=2, ge=1)
    until_enough: bool = False
    tests: Literal["either", "given", "write"] = "either"
    assertions: int = Field(default=5, ge=1, le=50)
    tries: int = Field(default=2, ge=1)
    stubs: bool = True
    show: Literal["first", "all", "none"] = "first"
    temperature: float | None = Field(default=0.8, ge=0)

    @model_validator(mode="after")
    def _enough_solutions(self) -> TestedCodeSettings:
        if self.agree > self.solutions:
            raise UsageError(
                f"{self.agree} solutions must pass, but only {self.solutions} are drawn.",
                fix="Lower `agree`, or raise `solutions`.",
            )
        return self

    def roles(self) -> tuple[RoleName, ...]:
        """The roles that it asks."""
        return ("responder",) if self.tests == "given" else ("responder", "judge")

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """Every solution, and every set of tests."""
        if self.tests != "given":
            yield Expected("judge", self.tries * rows, tokens + 200, 30 * self.assertions)
        yield Expected("responder", self.solutions * rows, tokens + 150, 4 * tokens + 100)

    def makes(self, rows: int) -> int:
        """A row is kept or dropped."""
        return rows
