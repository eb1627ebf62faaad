"""Findings by class over the whole run: which got rarer as the method came to be, with the way to the items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from .whole import Group, item_link

__all__ = ["Cell", "ClassRow", "Classes", "Share", "read_classes"]

_MOST = 40  # classes
_EXAMPLES = 3
_OWN = "Incumbent"


@dataclass(frozen=True, slots=True)
class Share:
    """Items that had a class at least once, of those that were looked at."""

    hits: int
    of: int

    @property
    def words(self) -> str:
        """`30 %`."""
        return f"{self.hits / self.of:.0%}".replace("%", " %") if self.of else "–"


@dataclass(frozen=True, slots=True)
class Cell:
    """A class in a step.

    Args:
        own: by the method that the step began with, on its batch and in its race.
        others: by the candidates, in the race.
        link: to these items; empty where there are none.
    """

    own: Share
    others: Share
    link: str


@dataclass(frozen=True, slots=True)
class ClassRow:
    """A class in every step, and on the test.

    Args:
        total: over all steps; items that a method made once and kept over several steps count once.
        test: by the chosen method, or by the starting one where none was chosen; None without a test.
        examples: items that had it, by name and address.
    """

    kind: str
    link: str
    total: Share
    cells: tuple[Cell, ...]
    test: Share | None
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Classes:
    """The table.

    Args:
        steps: from 1.
        rows: the most frequent class first.
        more: classes that are not shown.
        tested: whose items the column of the test counts.
    """

    steps: tuple[int, ...]
    rows: tuple[ClassRow, ...]
    more: int
    tested: str


def read_classes(groups: Sequence[Group]) -> Classes:
    """Count every class of finding in every step.

    Args:
        groups: every item of the run, as the page has it.
    """
    in_steps = [_Counted(group, _counted(group)) for group in groups if group.step]
    steps = tuple(sorted({each.group.step for each in in_steps}))
    tests = {group.name: group for group in groups if group.part == "test"}
    test = tests.get("test/best") or tests.get("test/start")
    tested = [_Counted(test, _counted(test))] if test else []
    fresh = _fresh(in_steps)
    totals = sum((each.hits for each in fresh), Counter[str]())
    kinds = sorted(totals, key=lambda kind: (-totals[kind], kind))
    races = {each.group.step for each in in_steps if each.group.part == "race"}
    every = "all" if len(races) > 1 else f"step-{min(races, default=1)}"
    by_step = [[each for each in in_steps if each.group.step == step] for step in steps]
    rows = tuple(
        ClassRow(
            kind, _all_link(in_steps, every, kind), _share(fresh, kind), tuple(_cell(each, kind) for each in by_step),
            _share(tested, kind) if tested else None, _examples(fresh, kind),
        )
        for kind in kinds[:_MOST]
    )  # fmt: skip
    return Classes(steps, rows, max(0, len(kinds) - _MOST), test.who if test else "")


@dataclass(frozen=True, slots=True)
class _Counted:
    """Items of a method, and how many of them had each class."""

    group: Group
    hits: Counter[str]


def _counted(group: Group) -> Counter[str]:
    return Counter(kind for kinds in group.kinds for kind in set(kinds))


def _cell(groups: Sequence[_Counted], kind: str) -> Cell:
    own = [each for each in groups if each.group.part == "batch" or each.group.who == _OWN]
    others = [each for each in groups if each not in own]
    raced = any(each.hits[kind] for each in groups if each.group.part == "race")
    found = _examples(groups, kind)
    link = _matrix(f"step-{groups[0].group.step}", kind) if raced else found[0][1] if found else ""
    return Cell(_share(own, kind), _share(others, kind), link)


def _share(groups: Iterable[_Counted], kind: str) -> Share:
    listed = list(groups)
    return Share(sum(each.hits[kind] for each in listed), sum(len(each.group.items) for each in listed))


def _fresh(groups: Sequence[_Counted]) -> list[_Counted]:
    """Each item of a method once: later races of a method that stayed have its items again, and may add some."""
    seen: set[tuple[str, str]] = set()
    found: list[_Counted] = []
    for each in groups:
        group = each.group
        if group.part != "race":
            found.append(each)
            continue
        signs = list(zip(group.methods, group.items, strict=True))
        new = [place for place, sign in enumerate(signs) if not sign[0] or sign not in seen]
        seen.update(signs)
        if new:
            rest = replace(group, items=[group.items[place] for place in new],
                           scores=[group.scores[place] for place in new],
                           kinds=[group.kinds[place] for place in new],
                           methods=[group.methods[place] for place in new])  # fmt: skip
            found.append(_Counted(rest, _counted(rest)))
    return found


def _examples(groups: Iterable[_Counted], kind: str) -> tuple[tuple[str, str], ...]:
    """The first item that has it of each group, as far as there is room."""
    found: dict[str, str] = {}
    for group in (each.group for each in groups if each.hits[kind]):
        having = (item for item, kinds in zip(group.items, group.kinds, strict=True) if kind in kinds)
        item = next((item for item in having if item not in found), "")
        if item:
            found[item] = item_link(group.name, item)
        if len(found) == _EXAMPLES:
            break
    return tuple(found.items())


def _all_link(groups: Sequence[_Counted], every: str, kind: str) -> str:
    """The table of items holds races alone: to an item itself where only batches had the class."""
    if any(each.hits[kind] for each in groups if each.group.part == "race"):
        return _matrix(every, kind)
    return _examples(groups, kind)[0][1]


def _matrix(place: str, kind: str) -> str:
    """The table of items, with this class alone."""
    return f"#matrix/{place}/all/{quote(kind, safe='')}"
