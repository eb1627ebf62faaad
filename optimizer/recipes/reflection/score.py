"""Scores of rows by IFD, and the choice of those with the highest: Cherry LLM and Superfiltering as one recipe.

Sources: arXiv 2308.12032 (the score), 2402.00530 (a small student is enough; IFD below 1, sorted, a share taken). The
share is of the rows that are there. A first pass asks and writes `scores.jsonl`; a second one chooses and writes rows,
so that of each row only a number stays in memory.
"""

from __future__ import annotations

import json
import math
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any

from ....agents.messages import Reply, ScoreTask, Task
from ....agents.team import Journey
from ...curate.rows import carried
from ...dataset.rows import DataRow, DroppedRow, Provenance, data_object
from ...dataset.seed import Seed
from ...record.folder import RowsFile
from ...record.making.ifd import IfdSettings
from ...record.run import Run
from ...scoring.ifd import Ratio, value_of
from ...scoring.selection import ranks
from ..book import Book, Made, cost_of, count_of, keys_of, models_of, with_said
from .probe import prove_alignment
from .tuning import reader_of
from .versions import Reader, Version, read_texts

__all__ = ["ifd_scores"]

_NO_RESPONSE = {"reason": "no-response", "detail": "there is no response to score"}


async def ifd_scores(run: Run, part: IfdSettings, place: str, rows: Iterable[Seed]) -> Made:
    """Score every row, and keep those that the settings want. Rows come out in their order, each with its rank.

    Raises:
        UsageError: the student's log-probabilities are not those of the text, or the frame is none.
        SessionStopped: budget, key, quota or outage; scores that are paid for are in the journal.
    """
    reader = reader_of(run, part.frame, part.start, part.floor)
    await prove_alignment(run, place, part.start)
    with run.folder.rows(f"{place}/scores.jsonl") as file:
        desk = _Desk(run, part, place, reader, file, count_of(rows))
        await run.team.work(desk.tasks(rows), desk.route, desk.deliver)
        desk.flush()
    return _chosen(run, part, place, rows, desk.values)


class _Desk:
    """Where rows go out as texts and come back as scores, in the same order.

    Attributes:
        values: the ratio of each row; NaN where it has none.
    """

    def __init__(self, run: Run, part: IfdSettings, place: str, reader: Reader, file: RowsFile, total: int) -> None:
        self.values = array("d")
        self._run = run
        self._part = part
        self._place = place
        self._reader = reader
        self._file = file
        self._out: deque[Seed] = deque()
        self._further: dict[str, Sequence[ScoreTask]] = {}
        self._tick = run.phase(None, place, total)

    def tasks(self, rows: Iterable[Seed]) -> Iterator[Task]:
        """The first text of every row that has a response."""
        for seed in rows:
            self._out.append(seed)
            if seed.response:
                first, *further = self._asks(seed)
                self._further[first.id] = further
                yield first
            elif len(self._out) == 1:
                self.flush()

    def route(self, journey: Journey) -> Sequence[Task]:
        """The other texts of the row, side by side."""
        return self._further.pop(journey[0].id, ())

    async def deliver(self, journey: Journey) -> None:
        """Write the scores of a row."""
        self.flush()
        seed = self._out.popleft()
        self._run.heard(journey)
        calls = [call for message in journey if isinstance(message, Reply) for call in message.calls]
        version, texts = _version(seed), read_texts(journey)
        score = self._reader.score(version, texts, reverse=False)
        row: dict[str, Any] = {"ifd": score.as_row()}
        if self._part.reverse:
            row["r_ifd"] = self._reader.score(version, texts, reverse=True).as_row()
        if not isinstance(score, Ratio):
            row |= {"reason": score.reason, "detail": score.detail}
        self._write(seed, value_of(score, self._part.measure), row | {
            "calls": list(keys_of(calls)), "cost": cost_of(calls), "models": list(models_of(calls)),
        })  # fmt: skip

    def flush(self) -> None:
        """Write the rows without a response that stand before the next one under way."""
        while self._out and not self._out[0].response:
            self._write(self._out.popleft(), None, _NO_RESPONSE)

    def _asks(self, seed: Seed) -> Iterator[ScoreTask]:
        version = _version(seed)
        wanted = [(version, reverse) for reverse in ((False, True) if self._part.reverse else (False,))]
        return self._reader.asks(wanted, f"{self._place}/{seed.id}", self._place, {})

    def _write(self, seed: Seed, value: float | None, row: Mapping[str, Any]) -> None:
        self.values.append(math.nan if value is None else value)
        self._file.write({"id": seed.id, **row})
        self._tick()


def _version(seed: Seed) -> Version:
    return Version("row", seed.instruction, seed.response or "")


def _chosen(run: Run, part: IfdSettings, place: str, rows: Iterable[Seed], values: Sequence[float]) -> Made:
    """The second pass: every row again, with its scores and its rank, kept or dropped."""
    order = ranks(values)
    most = None if part.select is None else int(part.select * len(values))
    scored = (json.loads(line) for line in _lines(run.folder.path / place / "scores.jsonl"))
    with Book(run, place) as book:
        for index, ((seed, said), found) in enumerate(zip(with_said(rows), scored, strict=True)):
            book.taken += 1
            reason, detail = _reason(found, values[index], order[index], most)
            notes = {name: found[name] for name in ("ifd", "r_ifd") if name in found} | {"rank": order[index]}
            if reason:
                calls = tuple(found.get("calls", ()))
                book.drop(DroppedRow(seed.id, place, reason, detail, calls=calls, cost=found.get("cost"), notes=notes))
            else:
                book.keep_object(carried(data_object(_row(seed, found, values[index], notes)), said))
        figures = _figures(part, values)
        run.folder.write_json(f"{place}/ifd.json", figures)
        book.lines += _told(figures)
        return book.made


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8") as file:
        yield from file


def _reason(found: Mapping[str, Any], value: float, rank: int | None, most: int | None) -> tuple[str, str]:
    """Why a row is not kept; empty where it is."""
    if math.isnan(value):
        return found["reason"], found["detail"]
    if most is None:
        return "", ""
    if rank is None:
        return "ifd-not-below-1", "the response is no easier to say after the instruction"
    return ("", "") if rank <= most else ("not-selected", f"rank {rank:,}, and the first {most:,} are kept")


def _row(seed: Seed, found: Mapping[str, Any], value: float, notes: Mapping[str, Any]) -> DataRow:
    came = Provenance(
        seed.id, seed.line, seed.instruction.text, calls=tuple(found["calls"]), score=value, cost=found["cost"],
        models=tuple(found["models"]), recipe="ifd", parents=(seed.id,), notes=notes,
    )  # fmt: skip
    asked = seed.instruction
    return DataRow(seed.id, asked.text, seed.response or "", came, asked.system, asked.context)


def _figures(part: IfdSettings, values: Sequence[float]) -> dict[str, Any]:
    """What the scores come to, for `ifd.json`."""
    good = sorted(value for value in values if not math.isnan(value))
    cuts = quantiles(good, n=4, method="inclusive") if len(good) > 1 else [*good] * 3
    return {
        "measure": part.measure, "template": part.frame, "rows": len(values), "scored": len(good),
        "below_1": sum(value < 1 for value in good), "mean": math.fsum(good) / len(good) if good else None,
        "quartiles": cuts, "select": part.select,
    }  # fmt: skip


def _told(figures: Mapping[str, Any]) -> list[str]:
    if not figures["scored"]:
        return ["No row has a score."]
    low, median, high = figures["quartiles"]
    return [
        f"IFD ({figures['measure']} ratio) of {figures['scored']:,} rows: mean {figures['mean']:.3f},"
        f" median {median:.3f}, half between {low:.3f} and {high:.3f}; {figures['below_1']:,} below 1."
    ]
