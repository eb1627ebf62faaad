"""The second pass, over the file of all rows: what can be said only of all together, the filter, the preference pairs.

In memory stand a few numbers a row; the rows themselves are read one by one.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from ...dataset.rows import DataRow, DroppedRow, Provenance
from ...record.making.magpie import MagpieSettings
from ...record.run import Run
from ..book import Book
from .keeping import Verdict, difference_of, longest, verdict_of
from .neighbours import VECTORS, Neighbours, neighbours_of
from .preferences import against_base, best_against_worst
from .rows import Candidate, candidate_from, conversation

__all__ = ["Labels", "finish"]


@dataclass(frozen=True, slots=True)
class Labels:
    """What every row of a part says of itself.

    Args:
        recipe: `magpie`, or `user-simulator` for what is none.
        notes: how it was asked.
    """

    recipe: str
    notes: Mapping[str, JsonValue]


def finish(run: Run, part: MagpieSettings, place: str, labels: Labels, book: Book) -> None:
    """Write data and dropped rows, in order, and the preference pairs.

    Raises:
        StorageError: a file cannot be read or written.
    """
    path = run.folder.path / place / "made.jsonl"
    if not path.exists():
        return
    finishing = _Finishing(run, part, place, labels, path)
    kept = finishing.kept()
    with ExitStack() as stack:
        pairs = {name: stack.enter_context(run.folder.rows(f"{place}/{name}.jsonl")) for name in _pairs_of(part)}
        counts = {name: Counter[str]() for name in pairs}
        for number, (candidate, (reason, detail)) in enumerate(finishing.judged()):
            if not reason and kept is not None and number not in kept:
                book.drop(finishing.dropped(candidate, "not-longest", f"{len(candidate.turns[-1].answer)} characters"))
            elif reason:
                book.drop(finishing.dropped(candidate, reason, detail))
            if reason or (kept is not None and number not in kept):
                continue
            book.keep(finishing.data(candidate))
            for name, file in pairs.items():
                make = best_against_worst if name == "preferences" else against_base
                pair, why = make(candidate, part.margin)
                counts[name][why or "pairs"] += 1
                if pair is not None:
                    file.write(pair)
    book.lines += [f"  {name}.jsonl: {_told(count)}" for name, count in counts.items()]


def _pairs_of(part: MagpieSettings) -> list[str]:
    return [name for name, wanted in (("preferences", part.answers > 1), ("preferences-base", part.base)) if wanted]


def _told(count: Counter[str]) -> str:
    rest = ", ".join(f"{number:,} {why}" for why, number in sorted(count.items()) if why != "pairs")
    return f"{count['pairs']:,} pairs{f' (none of {rest})' if rest else ''}"


class _Finishing:
    """Reads the file of rows, as often as it is needed."""

    def __init__(self, run: Run, part: MagpieSettings, place: str, labels: Labels, path: Path) -> None:
        self._part = part
        self._place = place
        self._labels = labels
        self._path = path
        self._ids: array[int] = array("q")
        self._near: Neighbours | None = None
        size = 0
        for candidate in self._read() if part.neighbours else ():
            if candidate.vector is not None:
                self._ids.append(candidate.number)
                size = candidate.vector_size
        if size:
            vectors = run.folder.path / place / VECTORS
            self._near = neighbours_of(vectors, size, len(self._ids), part.repeat_distance)

    def judged(self) -> Iterator[tuple[Candidate, Verdict]]:
        """Every row with what it falls by, but for the choice of the longest."""
        keep = self._part.thresholds
        for candidate in self._read():
            verdict = candidate.reason, candidate.detail
            if candidate.turns:
                verdict = verdict_of(candidate, keep, self._repeated(candidate))
            yield candidate, verdict

    def kept(self) -> set[int] | None:
        """Numbers of the rows with the longest answers among those that pass; None where that is not asked."""
        if self._part.thresholds.longest is None:
            return None
        numbers, lengths, easy = array("q"), array("q"), array("b")
        for number, (candidate, verdict) in enumerate(self.judged()):
            if not verdict[0]:
                numbers.append(number)
                lengths.append(len(candidate.turns[-1].answer))
                easy.append(candidate.measured.get("tags", {}).get("difficulty") == "easy")
        chosen = longest(lengths, [bool(each) for each in easy], self._part.thresholds)
        return None if chosen is None else {numbers[place] for place in chosen}

    def data(self, candidate: Candidate) -> DataRow:
        """A row of data."""
        turns, last = candidate.turns, candidate.turns[-1]
        return DataRow(
            id=candidate.id, instruction=last.instruction, response=last.answer, context=conversation(turns[:-1]),
            provenance=Provenance(
                seed_id=candidate.id, recipe=self._labels.recipe, calls=candidate.calls, cost=candidate.cost,
                models=candidate.models, notes=self._notes(candidate),
            ),
        )  # fmt: skip

    def dropped(self, candidate: Candidate, reason: str, detail: str) -> DroppedRow:
        """A row that is none, with what was made of it."""
        last = candidate.turns[-1] if candidate.turns else None
        return DroppedRow(
            candidate.id, self._place, reason, detail, calls=candidate.calls, cost=candidate.cost,
            instruction=last.instruction if last else candidate.raw, response=last.answer if last else None,
            notes=self._notes(candidate),
        )  # fmt: skip

    def _notes(self, candidate: Candidate) -> dict[str, JsonValue]:
        measured = {
            name: value for name, value in candidate.measured.items()
            if not name.startswith(("answer-", "base")) or name == "base-reward"
        }  # fmt: skip
        notes: dict[str, JsonValue] = {**self._labels.notes, "sampling": dict(candidate.sampling)}
        if candidate.turns:
            notes["raw_instructions"] = [turn.raw for turn in candidate.turns]
            notes["rules"] = [list(turn.rules) for turn in candidate.turns]
        if candidate.turns and candidate.reason:
            notes["broke_off"] = candidate.reason  # a later turn of the user gave nothing
        notes["language"] = candidate.language
        notes |= {name.replace("-", "_"): value for name, value in measured.items()}
        difference = difference_of(candidate.measured)
        if difference is not None:
            notes["reward_difference"] = difference
        return {**notes, **self._neighbour(candidate)}

    def _neighbour(self, candidate: Candidate) -> dict[str, JsonValue]:
        number, near = candidate.vector, self._near
        if near is None or number is None or near.nearest[number] < 0:
            return {}
        nearest, first = (self._ids[int(place)] for place in (near.nearest[number], near.first[number]))
        return {
            "neighbour": {
                "distance": round(float(near.distance[number]), 6),
                "id": f"magpie-{nearest:06d}",
                "repeats": int(near.repeats[number]),
                **({"first": f"magpie-{first:06d}"} if near.repeats[number] else {}),
            }
        }

    def _repeated(self, candidate: Candidate) -> str:
        number, near = candidate.vector, self._near
        if near is None or number is None or near.first[number] >= number:
            return ""
        return f"magpie-{self._ids[int(near.first[number])]:06d}"

    def _read(self) -> Iterator[Candidate]:
        with self._path.open(encoding="utf-8") as file:
            for line in file:
                yield candidate_from(json.loads(line))
