"""The pages of the live view as texts: the list of runs, two sides held together, the quality review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..cli.run_list import RunEntry, list_runs
from ..pages.rendering import render
from ..pages.review import review_of
from ..scoring.quality import QUESTIONS, Sampled
from ..scoring.rates import Rate
from .sides import FILTERS, Pair, Side, Sides, choices, hold_together

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
class _SidesPage:
    """Two sides, or what can be chosen for them, with what was chosen so far."""

    runs: tuple[str, ...]
    left: tuple[Side, ...]
    right: tuple[Side, ...]
    chosen: tuple[Side | None, Side | None]
    sides: Sides | None
    shown: tuple[Pair, ...]
    total: int
    number: int
    which: str
    filters: dict[str, str]


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


def sides_page(root: Path, runs: Sequence[str], chosen: Sequence[str], which: str, number: int) -> str:
    """Two sides held together.

    Args:
        root: the folder of runs.
        runs: all their names.
        chosen: run and group of the left, run and group of the right; what is unknown is left open.
        which: the filter of the examples.
        number: the page of examples, from 0.
    """
    offered = [choices(root / run) if run in runs else [] for run in (chosen[0], chosen[2])]
    found = [
        next((side for side in sides if side.group == group), None)
        for sides, group in zip(offered, (chosen[1], chosen[3]), strict=True)
    ]
    left, right = found
    sides = hold_together(root, left, right) if left and right else None
    which = which if which in FILTERS else "differs"
    pairs = sides.shown(which) if sides else []
    page = _SidesPage(
        tuple(runs), tuple(offered[0]), tuple(offered[1]), (left, right), sides,
        tuple(pairs[number * _PAGE : (number + 1) * _PAGE]),
        len(pairs), number, which, FILTERS,
    )  # fmt: skip
    return render("sides.html", page, scripts=(SCRIPT,), served=True)


def quality_page(folder: Path, sample: int) -> str:
    """The next row of the review, with its questions."""
    review = review_of(folder, sample)
    waiting = review.waiting
    page = _Quality(
        folder.name, waiting[0] if waiting else None, len(review.rows) - len(waiting), len(review.rows),
        dict(QUESTIONS), review.shares,
    )  # fmt: skip
    return render("quality.html", page, scripts=(SCRIPT,), served=True)
