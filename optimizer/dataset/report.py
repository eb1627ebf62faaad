"""What became of the rows of a source: counts that add up, and the first problems with their lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["KEPT_PROBLEMS", "ReadReport"]

KEPT_PROBLEMS = 50
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ReadReport:
    """One pass over a source; `read == good + duplicates + empty + malformed`, all counted in rows.

    Args:
        read: rows looked at; fewer than the source has where a limit ended the pass.
        good: rows that gave at least one seed.
        duplicates: rows whose every seed was there before.
        empty: rows without anything, or with an empty instruction.
        malformed: rows of the wrong form.
        problems: the first 50 rows that are not good, as (line, why).
        unit: what the lines of `problems` count.
        seeds: seeds given; more than `good` where rows are conversations.
        repeated: turns of good conversations that were left out because they were there before.
    """

    read: int = 0
    good: int = 0
    duplicates: int = 0
    empty: int = 0
    malformed: int = 0
    problems: tuple[tuple[int, str], ...] = ()
    unit: Literal["line", "row"] = "line"
    seeds: int = 0
    repeated: int = 0

    def __str__(self) -> str:
        """One line for people: `12 rows read: 9 good, 1 duplicate, 2 malformed (line 3: not JSON (...))`."""
        parts = [f"{self.good:,} good"]
        if self.seeds > self.good:
            parts[0] += f" ({self.seeds:,} user turns)"
        if self.duplicates:
            parts.append(f"{self.duplicates:,} duplicate{'s' * (self.duplicates > 1)}")
        parts += [f"{self.empty:,} empty"] if self.empty else []
        parts += [f"{self.malformed:,} malformed"] if self.malformed else []
        if self.repeated:
            parts.append(f"{self.repeated:,} repeated turn{'s' * (self.repeated > 1)} left out")
        text = f"{self.read:,} row{'s' * (self.read != 1)} read: {', '.join(parts)}"
        shown = "; ".join(f"{self.unit} {line}: {why}" for line, why in self.problems[:_SHOWN])
        more = self.read - self.good - min(_SHOWN, len(self.problems))
        return text + (f" ({shown}{f'; and {more:,} more' if more > 0 else ''})" if shown else "")
