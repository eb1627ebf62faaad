"""Several selectors side by side: what they share and how each changed the rows, for a page and for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .part_records import ChangeRecord, MemberRecord, OverlapRecord, PanelCurationRecord

__all__ = ["Cell", "Column", "PanelView", "panel_lines", "panel_view"]

_ALL, _KEPT = "all rows", "the panel keeps"
_NOTHING = "–"
_ROWS, _ONLY, _KINDS = "rows", "chosen by no other", "kinds of "
_NEAREST, _DRAWN = "distance to the nearest kept row", "of as many drawn"
_SIGNS = {"more": "↑", "fewer": "↓", "": ""}


@dataclass(frozen=True, slots=True)
class Cell:
    """What two members share.

    Args:
        shared: rows; of a member with itself, all that it chose.
        share: of the smaller set, in words; empty on the diagonal.
        against: `more` or `fewer` than 95 of 100 pairs of drawn sets; empty for as many, and on the diagonal.
        chance: what drawn sets share, in words; empty where it is the same for every pair.
    """

    shared: int
    share: str = ""
    against: Literal["more", "fewer", ""] = ""
    chance: str = ""

    @property
    def sign(self) -> str:
        """An arrow up for more, down for fewer."""
        return _SIGNS[self.against]


@dataclass(frozen=True, slots=True)
class Column:
    """All rows, those of a member or those that the panel keeps: figures by name, as words.

    Args:
        name: whose.
        selector: of a member whose name is another.
        figures: the same names in every column.
        kinds: by dimension, the share of each kind.
        place: folder of a member.
    """

    name: str
    selector: str
    figures: Mapping[str, str]
    kinds: Mapping[str, Mapping[str, float]]
    place: str = ""


@dataclass(frozen=True, slots=True)
class PanelView:
    """A panel.

    Args:
        names: of its members.
        matrix: by member, what it shares with each.
        chance: what any two drawn sets of these sizes share, in words; empty where the sizes differ.
        votes: rows by how many members chose them, in words.
        columns: all rows, each member, and what the panel keeps.
        kinds: by dimension, the kinds that are named.
        by: vectors by which coverage is measured.
        fields: figures whose names are a user's.
    """

    names: tuple[str, ...]
    matrix: Mapping[str, tuple[Cell, ...]]
    chance: str
    votes: str
    columns: tuple[Column, ...]
    kinds: Mapping[str, tuple[str, ...]]
    by: str
    fields: tuple[str, ...] = ()

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the figures."""
        return tuple(self.columns[0].figures)

    def head(self, figure: str) -> str:
        """A figure at the head of a column: with a capital letter, but for a name that a user gave."""
        return figure if figure in self.fields else figure[:1].upper() + figure[1:]


def panel_view(record: PanelCurationRecord) -> PanelView | None:
    """A panel out of its `curation.json`; None where that says nothing of members."""
    members, whole = record.figures.members, record.before_after
    if not members:
        return None
    pairs = {frozenset((each.one, each.other)): each for each in record.figures.overlaps}
    ranges = {_range(each) for each in pairs.values()}
    alike = next(iter(ranges)) if len(ranges) == 1 else ""
    matrix = {
        name: tuple(_cell(name, other, members, pairs, plain=bool(alike)) for other in members) for name in members
    }
    columns = (
        _column(_ALL, whole, "before"),
        *(_column(name, each.before_after, "after", each) for name, each in members.items()),
        _column(_KEPT, whole, "after"),
    )
    votes = ", ".join(f"{number:,} by {many}" for many, number in record.figures.votes.items())
    kinds = {name: tuple(each.before) for name, each in whole.kinds.items() if len(each.before) > 1}
    by = whole.coverage.by if whole.coverage else ""
    fields = tuple(_apart(name) for name, each in whole.numbers.items() if each.path)
    return PanelView(tuple(members), matrix, alike, votes, columns, kinds, by, fields)


def panel_lines(view: PanelView) -> Iterator[str]:
    """The same for a terminal: figures and shares below each other, members beside each other."""
    yield f"  Rows that were chosen: {view.votes}." if view.votes else "  No row was chosen."
    if len(view.names) > 1:
        drawn = f" Two drawn sets share {view.chance}." if view.chance else ""
        yield f"  Rows that two of them share (+ more than drawn sets do, - fewer).{drawn}"
        yield from _table(view.names, {name: [_plain(cell) for cell in cells] for name, cells in view.matrix.items()})
    yield f"  What each is like{f' (distances by {view.by})' if view.by else ''}"
    names = [column.name for column in view.columns]
    rows = {name: [column.figures.get(name, _NOTHING) for column in view.columns] for name in view.figures}
    yield from _table(names, rows)


def _cell(
    name: str, other: str, members: Mapping[str, MemberRecord], pairs: Mapping[frozenset[str], OverlapRecord],
    *, plain: bool,
) -> Cell:  # fmt: skip
    found = pairs.get(frozenset((name, other)))
    if name == other or found is None:
        return Cell(members[name].out if name == other else 0)
    more, fewer = found.shared > found.chance.high, found.shared < found.chance.low
    return Cell(found.shared, f"{found.share:.0%}", "more" if more else "fewer" if fewer else "",
                "" if plain else _range(found))  # fmt: skip


def _range(found: OverlapRecord) -> str:
    chance = found.chance
    return f"{chance.low:,} to {chance.high:,}" if chance.low < chance.high else f"{chance.low:,}"


def _column(
    name: str, change: ChangeRecord, when: Literal["before", "after"], member: MemberRecord | None = None
) -> Column:  # fmt: skip
    rows = change.rows.get(when, 0)
    figures = {_ROWS: f"{rows:,}", _ONLY: _NOTHING if member is None else f"{member.only:,}"}
    for figure, spreads in change.numbers.items():
        spread = spreads.before if when == "before" else spreads.after
        figures[_apart(figure)] = _NOTHING if spread is None or spread.mean is None else _short(spread.mean)
    for dimension, kinds in change.kinds.items():
        if len(kinds.before) > 1:
            figures[f"{_KINDS}{dimension}"] = f"{kinds.different.get(when, 0):,}"
    covered = change.coverage if when == "after" else None
    kept, drawn = (covered.kept, covered.random) if covered else (None, None)
    figures[_NEAREST] = _NOTHING if kept is None else f"{kept:.3f}"
    figures[_DRAWN] = _NOTHING if drawn is None else f"{drawn:.3f}"
    shares = {
        dimension: {kind: number / rows for kind, number in getattr(kinds, when).items()} if rows else {}
        for dimension, kinds in change.kinds.items()
    }
    selector, place = (member.selector, member.place) if member else ("", "")
    return Column(name, "" if selector == name else selector, figures, shares, place)


def _apart(figure: str) -> str:
    """The name of a figure, apart from those that every panel shows."""
    return f"{figure} (field)" if figure in (_ROWS, _ONLY, _NEAREST, _DRAWN) or figure.startswith(_KINDS) else figure


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _plain(cell: Cell) -> str:
    sign = {"more": "+", "fewer": "-", "": " "}[cell.against]
    return f"{cell.shared:,}{sign}"


def _table(names: Sequence[str], rows: Mapping[str, Sequence[str]]) -> Iterator[str]:
    first = max(map(len, rows))
    widths = [max(len(name), *(len(cells[at]) for cells in rows.values())) for at, name in enumerate(names)]
    yield f"    {'':<{first}}" + _across(names, widths)
    for name, cells in rows.items():
        yield f"    {name:<{first}}" + _across(cells, widths)


def _across(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "".join(f"  {cell:>{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()
