"""When to stop: all steps made, no change for a while, too little to gain or to decide on. They combine with `|`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .decision import Decision

__all__ = ["AfterSteps", "BelowRegret", "Stop", "TooFew", "WithoutChange"]


class Stop:
    """Says before a step why it should not begin, or an empty string. Looks at past decisions alone."""

    def __call__(self, decisions: Sequence[Decision]) -> str:
        """Why to stop now."""
        raise NotImplementedError

    def __or__(self, other: Stop) -> Stop:
        return _Either(self, other)


@dataclass(frozen=True, slots=True)
class _Either(Stop):
    first: Stop
    second: Stop

    def __call__(self, decisions: Sequence[Decision]) -> str:
        return self.first(decisions) or self.second(decisions)


@dataclass(frozen=True, slots=True)
class AfterSteps(Stop):
    """At most so many steps."""

    steps: int

    def __call__(self, decisions: Sequence[Decision]) -> str:
        """Stop when that many steps were made."""
        all_made = "the one step was made" if self.steps == 1 else f"all {self.steps} steps were made"
        return all_made if len(decisions) >= self.steps else ""


@dataclass(frozen=True, slots=True)
class TooFew(Stop):
    """After a step that had too few items to decide on: no later one has more, and each would be paid for."""

    def __call__(self, decisions: Sequence[Decision]) -> str:
        """Stop when the last step could not decide."""
        return "there are too few dev seeds to decide on" if decisions and decisions[-1].undecidable else ""


@dataclass(frozen=True, slots=True)
class WithoutChange(Stop):
    """After so many steps in a row that kept the incumbent. 1 is the paper's "no longer falls"."""

    patience: int

    def __call__(self, decisions: Sequence[Decision]) -> str:
        """Stop when the last steps changed nothing."""
        last = decisions[-self.patience :]
        if len(last) < self.patience or any(decision.accepted is not None for decision in last):
            return ""
        return "the last step changed nothing" if self.patience == 1 else f"{self.patience} steps changed nothing"


@dataclass(frozen=True, slots=True)
class BelowRegret(Stop):
    """When another step could plausibly gain less than is worth it.

    Judged by the last steps: what the leader of each could have gained at most, by the upper bound of its gain (wrong
    once in ten times). Only steps in a row that kept the incumbent and raced count.

    Args:
        regret: gain in mean score under which a step is not worth making.
        last: so many steps have to agree.
    """

    regret: float
    last: int = 2

    def __call__(self, decisions: Sequence[Decision]) -> str:
        """Stop when the last steps could not have gained that much."""
        recent = decisions[-self.last :]
        if len(recent) < self.last:
            return ""
        hopes = [decision.plausible for decision in recent if decision.accepted is None]
        known = [hope for hope in hopes if hope is not None]
        if len(known) < self.last or max(known) >= self.regret:
            return ""
        return f"another step could plausibly gain {max(known):.3f} at most, less than {self.regret:g}"
