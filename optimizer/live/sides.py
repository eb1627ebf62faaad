"""Sides of a comparison: the items of any methods of any runs, paired by the text of their seed, against the first."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..pages.files import RunFiles
from ..pages.lineage import Change, changes, read_method
from ..pages.numbers import shown
from ..pages.rows import Example
from ..pages.steps import accepted, read_steps
from ..scoring.ranking import Duel, duel_of, settled
from .items import read_items

__all__ = [
    "ALPHA",
    "LETTERS",
    "MOST",
    "Held",
    "Other",
    "Pair",
    "Side",
    "came_to",
    "choices",
    "hold_together",
    "is_group",
]

MOST = 6
LETTERS = "ABCDEF"
"""The sides in their order; A is the one that the others are held against."""
ALPHA = 0.05
"""Chance of any false claim in one table."""
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
    """The same seed on all sides, in their order; None where a side does not have it. The first one always does."""

    seed: str
    examples: tuple[Example | None, ...]

    @property
    def gains(self) -> tuple[float | None, ...]:
        """The score of each other side less that of the first; None where one of them has no score."""
        scores = [None if each is None else each.score for each in self.examples]
        first = scores[0]
        return tuple(None if first is None or each is None else each - first for each in scores[1:])

    @property
    def widest(self) -> float:
        """The largest difference, whoever won."""
        return max((abs(gain) for gain in self.gains if gain is not None), default=0.0)


@dataclass(frozen=True, slots=True)
class Other:
    """A side against the first one.

    Args:
        duel: the paired comparison, this side less the first; None where no item has a score on both.
        shared, own: items that the first has too, and that it does not have.
        diff: the clauses of this side's method against the first one's, where both are known.
    """

    side: Side
    duel: Duel | None
    shared: int
    own: int
    diff: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """Sides, held together.

    Args:
        means: by side: items with a score, and their mean.
        told: by side: which of its draws and evolvers these are, where there are several; else nothing.
        pairs: items of the first side that another one has too, the largest difference first.
        others: every side but the first, against it.
    """

    sides: tuple[Side, ...]
    means: tuple[tuple[int, float | None], ...]
    told: tuple[str, ...]
    pairs: tuple[Pair, ...]
    others: tuple[Other, ...]

    @property
    def claims(self) -> int:
        """Comparisons with the first that share the level: those of sides with an item in common with it."""
        return sum(1 for other in self.others if other.duel)

    def shown(self, which: str) -> list[Pair]:
        """The pairs that a filter lets through: `all`, `differs`, `won`, `lost`, or these two of one side (`won-C`)."""
        what, _, letter = which.partition("-")
        place = LETTERS.find(letter) - 1 if letter else -1

        def passes(pair: Pair) -> bool:
            gains = [pair.gains[place]] if 0 <= place < len(pair.gains) else pair.gains
            known = [gain for gain in gains if gain is not None]
            return what == "all" or any(
                gain > 0 if what == "won" else gain < 0 if what == "lost" else gain != 0 for gain in known
            )

        return [pair for pair in self.pairs if passes(pair)]


def choices(folder: Path) -> list[Side]:
    """What of a run can be held against something; the test first, then the latest step."""
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


def came_to(folder: Path, offered: Sequence[Side]) -> Side | None:
    """What the search of a run came to, of what it offers: its method on the test, before the test the one it holds.

    None where the run has searched for nothing: of the contestants of a comparison none is its result.
    """
    steps = read_steps(RunFiles(folder))
    names = ["test/best", *([] if accepted(steps) else ["test/start"])]
    for step in reversed(steps):
        names += [f"{view.place}/dev" for view in step.candidates if view.outcome == "accepted"]
        names.append(f"{step.place}/incumbent")
    by_group = {side.group: side for side in offered}
    return next((by_group[name] for name in names if name in by_group), None)


def hold_together(root: Path, sides: Sequence[Side]) -> Held:
    """Pair the items of all sides, and compare each side with the first.

    Args:
        root: the folder of runs.
        sides: two to six.
    """
    read = [read_items(root / side.run, side.group) for side in sides]
    items = [each.by_seed for each in read]
    first, *rest = items
    pairs = [
        Pair(seed, tuple(each.get(seed) for each in items)) for seed in first if any(seed in each for each in rest)
    ]
    pairs.sort(key=lambda pair: -pair.widest)
    duels = _duels(items)
    methods = [_method(root / side.run, side.group) for side in sides]
    others = tuple(
        Other(side, duels.get(LETTERS[place]), len(items[place].keys() & first.keys()),
              len(items[place].keys() - first.keys()), _diff(methods[0], methods[place]))
        for place, side in enumerate(sides) if place
    )  # fmt: skip
    means = tuple(_mean(each) for each in items)
    return Held(tuple(sides), means, tuple(each.told for each in read), tuple(pairs), others)


def is_group(name: str) -> bool:
    """Whether this can be a file of items inside a run, without its ending; a path to anywhere else is none."""
    return _GROUP.fullmatch(name) is not None and name != "compare/.."


def _duels(items: Sequence[Mapping[str, Example]]) -> dict[str, Duel]:
    """Every side against the first, by its letter; where there is nothing to compare there is no claim to pay for."""
    first = items[0]
    found: list[Duel] = []
    for place, side in enumerate(items[1:], 1):
        scored = [(first[seed].score, side[seed].score) for seed in first if seed in side]
        known = [(one, other) for one, other in scored if one is not None and other is not None]
        if known:
            old, new = ([pair[which] for pair in known] for which in (0, 1))
            names = (LETTERS[0], LETTERS[place])
            found.append(duel_of(names, old, new, run_seed=0, purpose="sides"))
    return {duel.second: duel for duel in settled(found, ALPHA)}


def _mean(items: Mapping[str, Example]) -> tuple[int, float | None]:
    scores = [each.score for each in items.values() if each.score is not None]
    return len(scores), sum(scores) / len(scores) if scores else None


def _diff(one: str | None, other: str | None) -> tuple[Change, ...]:
    if one is None or other is None:
        return ()
    return changes(read_method(one, "method.md"), read_method(other, "method.md"))


def _method(folder: Path, group: str) -> str | None:
    """The text of the method behind a group, where the run has it."""
    place = {"test/best": "method.md", "test/start": "steps/000/method.md"}
    return RunFiles(folder).text(place.get(group, f"{group.rpartition('/')[0]}/method.md"))
