"""Counts that add up: every row that came in is somewhere, and the page says where."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from ..record.rivals import RIVALS
from .records import SettingsRecord, StatusRecord
from .rows import Data, Dropped
from .steps import OUTCOMES, StepView

__all__ = ["AIMS", "Balance", "balances"]

AIMS = {"up": "evolved up", "keep": "kept", "down": "evolved down"}
"""The ways of a seed, for a student, in words."""


@dataclass(frozen=True, slots=True)
class Balance:
    """A sum: what came in, and its parts by name. `whole` is None where the run did not put it on record.

    Args:
        name: what is counted.
        whole: how many there were, from a record of its own.
        parts: where they went.
    """

    name: str
    whole: int | None
    parts: tuple[tuple[str, int], ...]

    @property
    def sum(self) -> int:
        """What the parts come to."""
        return sum(count for _, count in self.parts)

    @property
    def missing(self) -> int:
        """What does not add up; 0 is well."""
        return 0 if self.whole is None else self.whole - self.sum


def balances(
    status: StatusRecord, settings: SettingsRecord, steps: Sequence[StepView], data: Data, dropped: Dropped
) -> tuple[Balance, ...]:
    """All sums of a run that there is something to say about."""
    found = [*_reading(status), *_parts(status), *_proposals(settings, steps)]
    if status.recipe == "make":
        return tuple(found + _recipes(status, data, dropped))
    if data.rows or dropped.rows or status.rows_in is not None or status.phase == "apply":
        found += _applying(status, settings, data, dropped)
    return tuple(found)


def _reading(status: StatusRecord) -> list[Balance]:
    read = status.seeds
    if read is None:
        return []
    parts = [("good", read.good), ("duplicates", read.duplicates), ("empty", read.empty), ("malformed", read.malformed)]
    return [Balance("Rows read from the seeds", read.read, _shown(parts, "good"))]


def _parts(status: StatusRecord) -> list[Balance]:
    split, total = status.split, status.seeds.seeds if status.seeds else 0
    if split is None:
        return []
    search = split.train + split.dev + split.test
    if not search:
        return []
    parts = [("train", split.train), ("dev", split.dev), ("test", split.test)]
    # What the search did not draw from is still there to be applied to.
    parts.append(("in no part, only to be evolved in the end", max(0, total - search)))
    return [Balance("Seeds they gave", total or None, _shown(parts, "train", "dev", "test"))]


def _proposals(settings: SettingsRecord, steps: Sequence[StepView]) -> list[Balance]:
    if not steps:
        return []
    counts = Counter(view.outcome for step in steps for view in step.candidates)
    parts = tuple((word, counts[outcome]) for outcome, word in OUTCOMES.items() if counts[outcome])
    finished = all(step.decision for step in steps)
    # A step that was broken off has fewer proposals than were asked for; others' strategies ask as they like.
    counted = finished and settings.search.strategy not in RIVALS
    whole = settings.search.candidates * len(steps) if counted else 0
    return [Balance("Proposals asked for", whole or None, parts)]


def _applying(status: StatusRecord, settings: SettingsRecord, data: Data, dropped: Dropped) -> list[Balance]:
    done = data.rows + dropped.rows
    whole = _to_apply(status, settings)
    # Where it was broken off, what is not in a file yet is still to be done.
    open_end = max(0, whole - done) if whole is not None else 0
    pending = open_end if status.rows_in is None else status.pending or 0
    parts = [("in the data set", data.rows), ("dropped", dropped.rows), ("pending", pending)]
    found = [Balance("Seeds to evolve", whole, _shown(parts, "in the data set", "dropped"))]
    if status.aims:
        ways = tuple((word, status.aims[aim]) for aim, word in AIMS.items() if aim in status.aims)
        found.append(Balance("Rows of the data set, by what the student needs", data.rows, ways))
    if dropped.rows:
        # The file against what the run said of it, where it finished; else only the file.
        told = sum(status.dropped.values()) if status.rows_in is not None else None
        found.append(Balance("Dropped rows", told, tuple(dropped.reasons.items())))
    return found


def _recipes(status: StatusRecord, data: Data, dropped: Dropped) -> list[Balance]:
    """Recipe by recipe, and the run's own files against what the recipes said."""
    found = [
        Balance(f"{part.place}: in and made", part.taken + part.created, (("out", part.out), *part.dropped.items()))
        for part in status.parts
    ]
    if status.rows_out is not None:
        found.append(Balance("Rows of the data set", status.rows_out, (("in the file", data.rows),)))
        told = sum(status.dropped.values())
        found.append(Balance("Dropped rows, of all recipes", told, (("in the file", dropped.rows),)))
    return found


def _to_apply(status: StatusRecord, settings: SettingsRecord) -> int | None:
    if status.rows_in is not None:
        return status.rows_in + (status.pending or 0)
    limit = settings.apply_limit
    if status.seeds is None or not status.seeds.seeds:
        return None
    return min(status.seeds.seeds, limit or status.seeds.seeds)


def _shown(parts: Sequence[tuple[str, int]], *always: str) -> tuple[tuple[str, int], ...]:
    return tuple((name, count) for name, count in parts if count or name in always)
