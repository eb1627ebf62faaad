"""What an export met, counted on the way: rows read, written, left out by reason, and what the card tells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from .example import Example
from .writers import Writer, writer_of

__all__ = ["Tally"]

_NAMED = 5  # rows that are named for each reason


@dataclass(slots=True)
class Tally:
    """Counts that add up: `read` = `written` + all of `left_out`."""

    read: int = 0
    written: int = 0
    left_out: Counter[str] = field(default_factory=Counter[str])
    named: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    languages: Counter[str] = field(default_factory=Counter[str])
    models: Counter[str] = field(default_factory=Counter[str])
    writers: Counter[Writer] = field(default_factory=Counter[Writer])
    with_system: int = 0
    with_history: int = 0
    edited: int = 0
    looked: int = 0
    harmful: int = 0

    def leave(self, reason: str, row_id: str = "") -> None:
        """A row that is not written."""
        self.left_out[reason] += 1
        names = self.named.setdefault(reason, [])
        if row_id and len(names) < _NAMED:
            names.append(row_id)

    def take(self, example: Example) -> None:
        """A row that is."""
        self.written += 1
        self.languages[example.language or "und"] += 1
        self.with_system += bool(example.system.strip())
        self.with_history += bool(example.context)
        came = example.row.get("provenance")
        said = cast("dict[str, object]", came) if isinstance(came, dict) else {}
        models = said.get("models", example.row.get("models"))
        if isinstance(models, list):
            self.models.update(str(each) for each in cast("list[object]", models))
        self.writers[writer_of(example)] += 1
        self.edited += "edited_by_hand" in said
        guard = said.get("guard")
        if isinstance(guard, dict):
            self.looked += 1
            self.harmful += cast("dict[str, object]", guard).get("unsafe") is True

    @property
    def counts(self) -> Mapping[str, int]:
        """Left out, the most frequent reason first."""
        return dict(sorted(self.left_out.items(), key=lambda each: (-each[1], each[0])))
