"""The pages of the live view as texts: the list of runs, sides held together, the quality review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..cli.run_list import RunEntry, list_runs
from ..pages.rendering import render
from ..pages.review import review_of
from ..pages.rows import Example
from ..scoring.quality import QUESTIONS, Sampled
from ..scoring.rates import Rate
from .addresses import Asked, address
from .items import item_sign
from .sides import ALPHA, LETTERS, MOST, Held, Pair, Side, came_to, choices, hold_together

__all__ = ["SCRIPT", "quality_page", "runs_page", "sides_page"]

SCRIPT = "live.js"
_PAGE = 20


@dataclass(frozen=True, slots=True)
class _Runs:
    """The list of runs."""

    entries: tuple[RunEntry, ...]

    def name(self, entry: RunEntry) -> str:
        """By which it is addressed."""
        return Path(entry.folder).name


@dataclass(frozen=True, slots=True)
class _Seat:
    """A place for a side: what can be chosen for it, and what was.

    Args:
        letter: its name on the page.
        run: that was chosen; empty where none was, or there is no such run.
        without: the address of the page without it; `first` the one with it as the first side.
        missing: the address names a side that is not there.
    """

    letter: str
    run: str
    offered: tuple[Side, ...]
    chosen: Side | None
    without: str = ""
    first: str = ""
    missing: bool = False


@dataclass(frozen=True, slots=True)
class _SidesPage:
    """Sides held together, or what can be chosen for them."""

    runs: tuple[str, ...]
    seats: tuple[_Seat, ...]
    held: Held | None
    shown: tuple[Pair, ...]
    total: int
    number: int
    which: str

    @property
    def letters(self) -> str:
        """The names of the sides."""
        return LETTERS

    @property
    def open(self) -> list[str]:
        """The sides that the address names and that are not there."""
        return [seat.letter for seat in self.seats if seat.missing]

    @property
    def alpha(self) -> float:
        """Chance of any false claim in the table."""
        return ALPHA

    @property
    def filters(self) -> dict[str, str]:
        """Filters of the examples, and what they are called."""
        names = {"differs": "scores differ", "all": "all items", "won": "A is beaten", "lost": "A is better"}
        what, _, letter = self.which.partition("-")
        if letter:
            names[self.which] = f"{letter} is better than A" if what == "won" else f"A is better than {letter}"
        return names

    @property
    def pages(self) -> range:
        """The pages of examples."""
        return range((self.total + _PAGE - 1) // _PAGE)

    def sign(self, item: Example) -> str:
        """Of the texts that are shown, for the verdict on them."""
        return item_sign(item)

    def at(self, which: str, number: int = 0) -> str:
        """The address of these sides with another filter or page."""
        return address(self.held.sides if self.held else (), which, number)


@dataclass(frozen=True, slots=True)
class _Quality:
    """The review: the row that is next, and the shares so far."""

    run: str
    row: Sampled | None
    done: int
    sample: int
    questions: dict[str, str]
    shares: dict[str, Rate]


def runs_page(root: Path) -> str:
    """All runs of a folder.

    Raises:
        UsageError: the folder cannot be read.
    """
    return render("runs.html", _Runs(tuple(reversed(list(list_runs(root))))), scripts=(SCRIPT,), served=True)


def sides_page(root: Path, runs: Sequence[str], asked: Asked) -> str:
    """Sides held together, each against the first.

    Args:
        root: the folder of runs.
        runs: all their names.
        asked: what the address says; a side that is not there is left open.
    """
    offered = {run: tuple(choices(root / run)) for run, _ in asked.sides if run in runs}
    found = [_find(root / run, offered.get(run, ()), group) for run, group in asked.sides]
    seats = [
        _Seat(LETTERS[place], run if run in offered else "", offered.get(run, ()), side,
              missing=side is None and (group != "" or not offered.get(run)))
        for place, ((run, group), side) in enumerate(zip(asked.sides, found, strict=True))
    ]  # fmt: skip
    chosen = [seat.chosen for seat in seats if seat.chosen]
    held = hold_together(root, chosen) if len(chosen) == len(seats) > 1 else None
    pairs = held.shown(asked.show) if held else []
    page = _SidesPage(
        tuple(runs), _with_ways(seats), held, tuple(pairs[asked.page * _PAGE : (asked.page + 1) * _PAGE]), len(pairs),
        asked.page, asked.show,
    )  # fmt: skip
    return render("sides.html", page, scripts=(SCRIPT,), served=True)


def _find(folder: Path, offered: Sequence[Side], group: str) -> Side | None:
    """The side that is meant; what the run came to where no group is named."""
    if not group:
        return came_to(folder, offered) if offered else None
    return next((side for side in offered if side.group == group), None)


def _with_ways(seats: Sequence[_Seat]) -> tuple[_Seat, ...]:
    """Each seat with the addresses without it and with it in front; then empty ones, at least two seats in all."""
    sides = [seat.chosen or Side(seat.run, "", "") for seat in seats]

    def ways(place: int, seat: _Seat) -> _Seat:
        others = [*sides[:place], *sides[place + 1 :]]
        return replace(seat, without=address(others), first=address([sides[place], *others]) if place else "")

    found = [ways(place, seat) for place, seat in enumerate(seats)]
    empty = max(2 - len(found), min(1, MOST - len(found)))
    return (*found, *(_Seat(LETTERS[len(found) + more], "", (), None) for more in range(empty)))


def quality_page(folder: Path, sample: int) -> str:
    """The next row of the review, with its questions."""
    review = review_of(folder, sample)
    waiting = review.waiting
    page = _Quality(
        folder.name, waiting[0] if waiting else None, len(review.rows) - len(waiting), len(review.rows),
        dict(QUESTIONS), review.shares,
    )  # fmt: skip
    return render("quality.html", page, scripts=(SCRIPT,), served=True)
