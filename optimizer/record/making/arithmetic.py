"""What can be said about arithmetic made without a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from ....agents.messages import RoleName
from .part import Expected, PartSettings

__all__ = ["ArithmeticSettings"]

_USUAL: Mapping[int, float] = {1: 1.0, 2: 3.0, 3: 6.0}
_PUBLISHED: Mapping[str, Any] = {
    "count": 10_000, "operations": ["add"], "digits": {"1": 0.01, "2": 0.09, "3": 0.9}, "forms": ["reverse"],
    "wording": "symbols",
}  # fmt: skip


class ArithmeticSettings(PartSettings):
    """Arithmetic in exact forms, made and checked without a model (arXiv 2307.03381).

    Args:
        count: different problems, at most.
        operations: `add`, `subtract`, `multiply`; each has an equal share.
        digits: digits of the larger number of a sum or difference, each with its share; where none are said, one has
            one part in ten, two have three and three have six.
        times_digits: digits of a factor, at most.
        balance: within a number of digits, `carries` makes each number of carries as frequent; `digits` lets them fall.
        negative: whether differences may be below 0.
        forms: `plain`, `reverse`, `simplified`, `detailed` (scratchpads), `steps` (in words); rows take them by turns.
        wording: `words` asks in a sentence and says what form is wanted; `symbols` is as the paper's data are.
    """

    NEEDS_ROWS: ClassVar[bool] = False
    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {"paper": _PUBLISHED, "official-code": _PUBLISHED}

    recipe: Literal["arithmetic"] = "arithmetic"
    count: int = Field(default=1000, ge=1, le=5_000_000)
    operations: tuple[Literal["add", "subtract", "multiply"], ...] = ("add", "subtract", "multiply")
    digits: dict[int, float] = Field(default_factory=dict[int, float])
    times_digits: int = Field(default=2, ge=1, le=9)
    balance: Literal["carries", "digits"] = "carries"
    negative: bool = True
    forms: tuple[Literal["plain", "reverse", "simplified", "detailed", "steps"], ...] = ("steps",)
    wording: Literal["words", "symbols"] = "words"

    @model_validator(mode="after")
    def _can_be(self) -> ArithmeticSettings:
        if not self.operations or not self.forms:
            raise ValueError("needs an operation and a form")
        if any(not 1 <= count <= 18 or not 0 <= share < float("inf") for count, share in self.digits.items()):
            raise ValueError("digits must be from 1 to 18, each with a share from 0 up")
        if self.digits and not any(self.digits.values()):
            raise ValueError("one number of digits must have a share above 0")
        return self

    @property
    def shares(self) -> Mapping[int, float]:
        """Numbers of digits with their shares."""
        return self.digits or _USUAL

    def roles(self) -> tuple[RoleName, ...]:
        """None: nothing is asked."""
        return ()

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """Nothing."""
        del rows, tokens
        return iter(())

    def makes(self, rows: int) -> int:
        """As many as are asked for."""
        return self.count
