"""The recipes of a run for its page: counts that add up, operations, what was kept and dropped, trees of some seeds.

One pass over the files of each part, with a few rows of them in memory, so the page of a long run stays small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .files import RunFiles
from .panel import PanelView, panel_view
from .part_records import ChangeRecord, CurationRecord, PanelCurationRecord, PartRecord
from .records import DataRecord, DroppedRecord

__all__ = ["Branch", "Operation", "PartView", "read_parts"]

_KEPT = 3
_REASONS = 8
_TREES = 2
_TREE_ROWS = 40
_DROPPED_FILES = ("dropped.jsonl", "guarded/dropped.jsonl")


@dataclass(frozen=True, slots=True)
class Operation:
    """What one operation of a recipe made: rows kept, and dropped by reason, most often first."""

    name: str
    kept: int
    reasons: tuple[tuple[str, int], ...]

    @property
    def dropped(self) -> int:
        """All that were dropped."""
        return sum(count for _, count in self.reasons)


@dataclass(frozen=True, slots=True)
class Branch:
    """One row of a tree: how deep it hangs, by which operation it was made, and what became of it.

    Args:
        id: of the row; empty where it was dropped.
        reason: why; empty where it was kept.
    """

    depth: int
    id: str
    operation: str
    text: str
    reason: str


@dataclass(frozen=True, slots=True)
class PartView:
    """One recipe: its record, its operations, examples, trees (each a row a line), models by their rows.

    `searched` says whether it has a page of its own: that of a search. `change` is what a selector changed, and
    `panel` several of them side by side.
    """

    record: PartRecord
    operations: tuple[Operation, ...]
    kept: tuple[DataRecord, ...]
    dropped: tuple[DroppedRecord, ...]
    trees: tuple[tuple[Branch, ...], ...]
    models: tuple[tuple[str, int], ...]
    searched: bool
    change: ChangeRecord | None = None
    panel: PanelView | None = None

    @property
    def anchor(self) -> str:
        """Where it stands on the page."""
        return f"part-{self.record.place}"

    @property
    def missing(self) -> int:
        """What does not add up; 0 is well."""
        part = self.record
        return part.taken + part.created - part.out - sum(part.dropped.values())


def read_parts(files: RunFiles, parts: Sequence[PartRecord]) -> tuple[PartView, ...]:
    """The finished recipes of a run, in their order."""
    return tuple(_read(files, part) for part in parts)


def _read(files: RunFiles, part: PartRecord) -> PartView:
    kept, operations, models = Counter[str](), dict[str, Counter[str]](), Counter[str]()
    for row in files.rows(part.rows, DataRecord):
        kept[row.provenance.operation] += 1
        operations.setdefault(row.provenance.operation, Counter())
        models.update(row.provenance.models)
    examples: dict[str, DroppedRecord] = {}
    for fallen in _dropped(files, part):
        operations.setdefault(fallen.operation, Counter())[fallen.reason] += 1
        if len(examples) < _REASONS:
            examples.setdefault(fallen.reason, fallen)
    made = tuple(
        Operation(name, kept[name], tuple(reasons.most_common()))
        for name, reasons in sorted(operations.items())
        if name not in {"", "seed"}
    )
    chosen, _ = files.sample(part.rows, DataRecord, _KEPT * 4)
    shown = [row for row in chosen if row.provenance.parents] or chosen
    kind = PanelCurationRecord if part.recipe == "panel" else CurationRecord
    curation = files.record(f"{part.place}/curation.json", kind)
    panel = panel_view(curation) if isinstance(curation, PanelCurationRecord) else None
    return PartView(part, made, tuple(shown[:_KEPT]), tuple(examples.values()), _trees(files, part, shown),
                    tuple(models.most_common(6)), files.has(f"{part.place}/report.html"),
                    curation.before_after if curation else None, panel)  # fmt: skip


def _dropped(files: RunFiles, part: PartRecord) -> Iterator[DroppedRecord]:
    for name in _DROPPED_FILES:
        if files.has(f"{part.place}/{name}"):
            yield from files.rows(f"{part.place}/{name}", DroppedRecord)


def _trees(files: RunFiles, part: PartRecord, shown: Sequence[DataRecord]) -> tuple[tuple[Branch, ...], ...]:
    """The families of the first shown rows that have a parent."""
    seeds = [row.provenance.seed_id for row in shown if row.provenance.parents]
    wanted = tuple(dict.fromkeys(seeds))[:_TREES]
    return tuple(tree for seed in wanted if (tree := _tree(files, part, seed)))


def _tree(files: RunFiles, part: PartRecord, seed: str) -> tuple[Branch, ...]:
    rows = [row for row in files.rows(part.rows, DataRecord) if row.provenance.seed_id == seed]
    depths = {seed: 0}
    branches: list[tuple[int, Branch]] = []
    for row in sorted(rows, key=lambda row: row.provenance.round):
        came = row.provenance
        depths[row.id] = depths.get(came.parents[0], 0) + 1 if came.parents else 0
        branches.append((came.round, Branch(depths[row.id], row.id, came.operation, row.instruction, "")))
    for dead in _dropped(files, part):
        if dead.seed_id == seed and dead.parents and dead.instruction:
            depth = depths.get(dead.parents[0], 0) + 1
            branches.append((dead.round, Branch(depth, "", dead.operation, dead.instruction, dead.reason)))
    return tuple(branch for _, branch in sorted(branches, key=lambda each: each[0]))[:_TREE_ROWS]
