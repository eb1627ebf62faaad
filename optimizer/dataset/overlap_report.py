"""What of a file of rows stands in benchmarks, too: shares, the rows with their text, and a file without them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from ...agents.gateway.errors import UsageError
from ..record.settings import SeedSettings
from .exports.example import Example, Unfit
from .exports.reading import Met, Source
from .exports.writing import Parts, RowWriter, row_writer
from .overlap import Benchmarks, Overlap, Side, batches_of
from .source import stream_of

__all__ = ["OverlapReport", "find_overlap", "read_benchmarks"]

_SIDES = ("instruction", "response")


@dataclass(slots=True)
class OverlapReport:
    """Counts in rows, and the rows.

    Args:
        rows: rows that were compared.
        unreadable: rows that were not, by reason.
        hits: rows with an overlap, by n and side (`any` for either).
        items: items of each benchmark that were met, by n and benchmark.
        found: the rows with an overlap: id and overlaps, in order.
        written, dropped: rows of the clean file, and those with an overlap in the other one.
        left: rows of the other one that were not compared, or that JSON cannot hold.
        files: those two, where they were asked for.
    """

    rows: int = 0
    unreadable: dict[str, int] = field(default_factory=dict[str, int])
    hits: dict[tuple[int, str], int] = field(default_factory=dict[tuple[int, str], int])
    items: dict[tuple[int, str], set[int]] = field(default_factory=dict[tuple[int, str], set[int]])
    found: list[tuple[str, list[Overlap]]] = field(default_factory=list[tuple[str, list[Overlap]]])
    written: int = 0
    dropped: int = 0
    left: int = 0
    files: tuple[Path, ...] = ()

    def add(self, row_id: str, overlaps: list[Overlap]) -> None:
        """A row that was compared."""
        self.rows += 1
        for n, side in {(each.n, side) for each in overlaps for side in (each.side, "any")}:
            self.hits[n, side] = self.hits.get((n, side), 0) + 1
        for each in overlaps:
            self.items.setdefault((each.n, each.benchmark), set()).add(each.item)
        if overlaps:
            self.found.append((row_id, overlaps))


def read_benchmarks(sources: Sequence[str], lengths: Sequence[int], fields: Sequence[str] = ()) -> Benchmarks:
    """The n-grams of all texts of the rows of benchmark files (any form that seeds can have), however nested.

    Args:
        sources: files, or `hub:OWNER/NAME`.
        lengths: the lengths n.
        fields: names of the fields to take; none takes all.

    Raises:
        UsageError: a file cannot be read, or has no text of these fields.
    """
    known = Benchmarks(lengths)
    for source in sources:
        name = source if source.startswith("hub:") else Path(source).name
        if name in known.items:
            name = source
        for row in stream_of(SeedSettings(source=source)).rows():
            texts = [] if row.fields is None else list(_texts({
                field: value for field, value in row.fields.items() if not fields or field in fields
            }))  # fmt: skip
            if texts:
                known.add(name, row.line, texts)
        if name not in known.items:
            named = f" in the fields {', '.join(fields)}" if fields else ""
            raise UsageError(f"{source} has no text{named}.", fix="Give a file of benchmark items, or other --field.")
    return known


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in cast("Mapping[str, object]", value).values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _texts(each)


def find_overlap(source: Source, known: Benchmarks, clean: Path | None = None, *, force: bool = False) -> OverlapReport:
    """Compare every row; with `clean` also write the rows without any overlap there, and all others beside it.

    Raises:
        UsageError: the source has no row that can be compared, or a file is in the way.
        StorageError: a file cannot be written.
    """
    report = OverlapReport()
    with Parts(force=force) as parts:
        writers = _writers(parts, clean)
        for batch in batches_of(source.met()):
            _compare(batch, known, report, writers)
        for writer in writers:
            writer.close()
        if not report.rows:
            raise UsageError(f"{source.name} has no row that can be compared.", fix="Give rows with instructions.")
    report.files = parts.files
    return report


def _writers(parts: Parts, clean: Path | None) -> tuple[RowWriter, ...]:
    if clean is None:
        return ()
    if clean.suffix.lower() not in (".jsonl", ".ndjson"):
        raise UsageError(f"{clean} is not named as JSON lines.", fix="Give --drop a name that ends in .jsonl.")
    rest = clean.with_name(f"{clean.stem}.overlap.jsonl")
    return tuple(row_writer(path, parts.place(path), None) for path in (clean, rest))


def _compare(batch: Sequence[Met], known: Benchmarks, report: OverlapReport, writers: tuple[RowWriter, ...]) -> None:
    examples = [each for each in batch if isinstance(each, Example)]
    found = iter(known.find([_sides(each) for each in examples]))
    for each in batch:
        if not isinstance(each, Example):
            report.unreadable[str(each)] = report.unreadable.get(str(each), 0) + 1
            if writers:
                report.left += 1
                _write_rest(writers[1], {"id": each.row_id, "reason": str(each)}, each.row)
            continue
        overlaps = next(found)
        report.add(each.id, overlaps)
        if writers:
            _write(each, overlaps, report, writers)


def _write(
    example: Example, overlaps: Sequence[Overlap], report: OverlapReport, writers: tuple[RowWriter, ...]
) -> None:
    clean, rest = writers
    if overlaps:
        report.dropped += 1
        told = {"id": example.id, "reason": "overlap", "overlaps": [asdict(one) for one in overlaps]}
        _write_rest(rest, told, dict(example.row))
        return
    try:
        clean.write(example.row)
        report.written += 1
    except Unfit as reason:
        report.left += 1
        rest.write({"id": example.id, "reason": str(reason)})


def _write_rest(rest: RowWriter, told: Mapping[str, object], row: object) -> None:
    """With the row, where JSON can hold it."""
    try:
        rest.write(told if row is None else {**told, "row": row})
    except Unfit:
        rest.write(told)


def _sides(example: Example) -> list[Side]:
    said: dict[str, list[str]] = {name: [] for name in _SIDES}
    for turn in example.context:
        said["response" if turn.speaker == "assistant" else "instruction"].append(turn.text)
    said["instruction"] += [example.system, example.asked]
    answers: list[Any] = [example.response, *(each.text for each in (example.rejected,) if each)]
    said["response"] += answers
    return [Side(name, tuple(text for text in texts if text)) for name, texts in said.items()]
