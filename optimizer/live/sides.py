"""Two sides of a comparison: the items of any two methods of any two runs, paired by the text of their seed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..dataset.draws import generator
from ..pages.files import RunFiles
from ..pages.lineage import Change, changes, read_method
from ..pages.numbers import shown
from ..pages.records import TrajectoryRecord
from ..pages.rows import Example, of_trajectory
from ..pages.steps import read_steps
from ..scoring.statistics import Comparison, compare_paired

__all__ = ["FILTERS", "Pair", "Side", "Sides", "choices", "find_item", "hold_together", "is_group"]

FILTERS = {"differs": "scores differ", "all": "all items", "left": "left is better", "right": "right is better"}
_ALPHA = 0.05
_GROUP = re.compile(r"steps/\d{3,9}/(batch|incumbent|candidates/\d{1,9}/dev)|test/[a-z-]+|compare/[^/\\\0]+")
_TESTED = {"best": "chosen method", "start": "starting method", "identity": "left as it was",
           "just-longer": "just longer", "evol-instruct": "Evol-Instruct"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Side:
    """One side: a run, the file of its items without the ending, and what people call it."""

    run: str
    group: str
    name: str


@dataclass(frozen=True, slots=True)
class Pair:
    """The same seed on both sides; `gain` is right less left, None where one of them has no score."""

    seed: str
    left: Example
    right: Example

    @property
    def gain(self) -> float | None:
        """The right score less the left one."""
        one, other = self.left.score, self.right.score
        return None if one is None or other is None else other - one


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides, held together.

    Args:
        pairs: items that both have, the largest difference first.
        only_left, only_right: items that the other side does not have.
        figures: the paired comparison, right against left; None where there is no pair with two scores.
        diff: the clauses of the right method against those of the left one, where both are known.
    """

    left: Side
    right: Side
    pairs: tuple[Pair, ...]
    only_left: int
    only_right: int
    figures: Comparison | None
    diff: tuple[Change, ...]

    def shown(self, which: str) -> list[Pair]:
        """The pairs that a filter lets through."""
        if which == "left":
            return [pair for pair in self.pairs if (pair.gain or 0) < 0]
        if which == "right":
            return [pair for pair in self.pairs if (pair.gain or 0) > 0]
        return [pair for pair in self.pairs if which == "all" or pair.gain != 0]


def choices(folder: Path) -> list[Side]:
    """What of a run can be held against something."""
    files, run = RunFiles(folder), folder.name
    found = [Side(run, f"test/{label}", f"test, {name}") for label, name in _TESTED.items()
             if files.has(f"test/{label}.jsonl")]  # fmt: skip
    for step in reversed(read_steps(files)):
        where = f"step {step.number + 1}"
        if files.has(f"{step.place}/incumbent.jsonl"):
            found.append(Side(run, f"{step.place}/incumbent", f"{where}, incumbent"))
        found += [
            Side(run, f"{view.place}/dev", f"{where}, {view.name.lower()} ({view.outcome})")
            for view in step.candidates
            if files.has(f"{view.place}/dev.jsonl")
        ]
    try:
        compared = sorted((folder / "compare").glob("*.jsonl"))
    except OSError:
        compared = []
    return [*found, *(Side(run, f"compare/{path.stem}", f"contestant {shown(path.stem)}") for path in compared)]


def hold_together(root: Path, left: Side, right: Side) -> Sides:
    """Pair the items of both sides and compare them."""
    ours, theirs = (dict(_items(root / side.run, side.group)) for side in (left, right))
    pairs = [Pair(seed, ours[seed], theirs[seed]) for seed in ours if seed in theirs]
    scored = [(pair.left.score, pair.right.score) for pair in pairs]
    known = [(one, other) for one, other in scored if one is not None and other is not None]
    figures = None
    if known:
        rng = generator(0, "sides", 0)
        figures = compare_paired([one for one, _ in known], [other for _, other in known], alpha=_ALPHA, margin=0.0,
                                 rng=rng)  # fmt: skip
    pairs.sort(key=lambda pair: -abs(pair.gain or 0.0))
    return Sides(left, right, tuple(pairs), len(ours) - len(pairs), len(theirs) - len(pairs), figures,
                 _diff(root, left, right))  # fmt: skip


def is_group(name: str) -> bool:
    """Whether this can be a file of items inside a run, without its ending; a path to anywhere else is none."""
    return _GROUP.fullmatch(name) is not None and name != "compare/.."


def find_item(folder: Path, group: str, seed_id: str) -> TrajectoryRecord | None:
    """An item of a run by the file that it is in."""
    rows = RunFiles(folder).rows(f"{group}.jsonl", TrajectoryRecord)
    return next((row for row in rows if row.seed_id == seed_id), None)


def _items(folder: Path, group: str) -> Iterator[tuple[str, Example]]:
    """By the seed's text: two runs on the same data may number it in two ways."""
    for row in RunFiles(folder).rows(f"{group}.jsonl", TrajectoryRecord):
        if row.stages:
            yield row.stages[0], of_trajectory(row)


def _diff(root: Path, left: Side, right: Side) -> tuple[Change, ...]:
    methods = [_method(root / side.run, side.group) for side in (left, right)]
    texts = [None if text is None else read_method(text, "method.md") for text in methods]
    return changes(texts[0], texts[1]) if texts[0] and texts[1] else ()


def _method(folder: Path, group: str) -> str | None:
    """The text of the method behind a group, where the run has it."""
    files = RunFiles(folder)
    places: Sequence[str] = (f"{group.rpartition('/')[0]}/method.md",)
    if group == "test/best":
        places = ("method.md",)
    elif group == "test/start":
        places = ("steps/000/method.md",)
    return next((text for place in places if (text := files.text(place)) is not None), None)
