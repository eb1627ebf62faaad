"""Items of a group by the text of their seed; where a comparison drew several times, one item for all its draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..pages.files import RunFiles
from ..pages.numbers import shown
from ..pages.records import TrajectoryRecord
from ..pages.rows import Example, of_trajectory
from ..record.by_hand import text_sign

__all__ = ["Items", "find_item", "item_sign", "read_items"]


class DrawnRecord(TrajectoryRecord):
    """A line of `compare/*.jsonl`: one item of one set by one evolver in one draw. Other files have one row an item."""

    set: str = ""
    evolver: str | None = None
    draw: int = 0


@dataclass(frozen=True, slots=True)
class Items:
    """Items of a group.

    Args:
        by_seed: by the seed's text, since two runs on the same data may number it in two ways. The texts are those of
            the first row of a seed, the score the mean over its rows that have one.
        told: which draws and evolvers these are, where there are several; else nothing.
    """

    by_seed: Mapping[str, Example]
    told: str


def read_items(folder: Path, group: str) -> Items:
    """The items of a group. Of several evolvers it is the first one alone: models are not averaged."""
    rows = [row for row in RunFiles(folder).rows(f"{group}.jsonl", DrawnRecord) if row.stages]
    evolvers = list(dict.fromkeys(row.evolver for row in rows))
    taken = [row for row in rows if row.evolver == evolvers[0]]
    by_seed: dict[str, list[DrawnRecord]] = {}
    for row in taken:
        by_seed.setdefault(row.stages[0], []).append(row)
    return Items({seed: _mean_of(same) for seed, same in by_seed.items()}, _told(taken, evolvers))


def item_sign(item: Example | TrajectoryRecord) -> str:
    """A sign of the texts of an item: what a person judges must be what was on the screen."""
    return text_sign(*item.stages, item.response or "")


def find_item(folder: Path, group: str, seed_id: str, sign: str = "") -> tuple[TrajectoryRecord, int] | None:
    """An item of a run by the file that it is in.

    Args:
        folder: the run.
        group: the file without its ending.
        seed_id: of the item; sets and draws of a comparison may share it.
        sign: of its texts (`item_sign`); empty for the first of this id.

    Returns:
        The row, and how many of the same id stand before it; None where there is none.
    """
    rows = RunFiles(folder).rows(f"{group}.jsonl", TrajectoryRecord)
    same = (row for row in rows if row.seed_id == seed_id)
    return next(((row, place) for place, row in enumerate(same) if not sign or item_sign(row) == sign), None)


def _mean_of(rows: Sequence[DrawnRecord]) -> Example:
    scores = [row.score for row in rows if row.score is not None]
    return replace(of_trajectory(rows[0]), score=sum(scores) / len(scores) if scores else None)


def _told(taken: Sequence[DrawnRecord], evolvers: Sequence[str | None]) -> str:
    """In words, which of the rows of the file these are."""
    draws = len({row.draw for row in taken})
    words = [f"scores are means over {draws} draws, texts those of the first"] if draws > 1 else []
    if len(evolvers) > 1:
        first, *others = (shown(name or "none") for name in evolvers)
        words.append(f"evolved by {first}; the items by {', '.join(others)} are in the same file and not shown here")
    return "; ".join(words)
