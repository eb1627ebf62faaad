"""A comparison on a terminal: as a table where there is room for one, else contestant by contestant."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..record.folder import ABLATION, COMPARISON
from .comparison_records import ClauseRecord, ComparisonFile, PairRecord, PlaceRecord
from .files import RunFiles
from .numbers import p_value, score, shown, signed

__all__ = ["comparison_file", "comparison_table", "read_comparison", "table"]

_ROOM = 76  # columns that a table needs
_WIDE = 100  # and one with all columns
_MOST_WIDE = 120
_KINDS_SHOWN = 8


def comparison_file(folder: Path) -> Path | None:
    """The record of a comparison in the folder of a run; None where there is none."""
    return next((folder / name for name in (COMPARISON, ABLATION) if (folder / name).is_file()), None)


def read_comparison(files: RunFiles) -> ComparisonFile | None:
    """The record of a comparison, None where there is none, it cannot be read, or nobody is in it."""
    path = comparison_file(files.folder)
    record = None if path is None else files.record(path.name, ComparisonFile)
    return record if record is not None and record.contestants else None


def comparison_table(path: Path, width: int | None = None) -> str:
    """What the record says, in tables.

    Args:
        path: of the record.
        width: columns of the terminal; None finds out.
    """
    record = RunFiles(path.parent).record(path.name, ComparisonFile)
    if record is None or not record.contestants:
        return f"{path} cannot be read."
    width = min(_MOST_WIDE, width or shutil.get_terminal_size().columns)
    blocks = [_clauses(record, width)] if record.clauses else [_ranking(record, width), _pairs(record, width)]
    blocks += [_sides(record, width), _transfer(record, width), _findings(record, width), _regressions(record)]
    return "\n\n".join(block for block in blocks if block)


def _ranking(record: ComparisonFile, width: int) -> str:
    title = f"Ranking on {record.items:,} items, by evidence; who shares a letter cannot be told apart"
    wide = width >= _WIDE
    mean = "mean (95 %)" if wide else "mean"
    heads = ("place", "", "contestant", mean, f"less {_line(record.baseline)} (95 %)", "won/lost/tied", "p")
    return table(title, heads, [_placed(record, place, wide=wide) for place in record.ranking], width)


def _placed(record: ComparisonFile, place: PlaceRecord, *, wide: bool) -> tuple[str, ...]:
    one, pair = record.contestant(place.label), record.against_baseline(place.label)
    mean = score(one.mean) + (f" ({score(one.low)} to {score(one.high)})" if wide else "")
    return (place.words, place.group, _line(place.label), mean, *(_cells(pair) if pair else ("baseline", "", "")))


def _pairs(record: ComparisonFile, width: int) -> str:
    others = [pair for pair in record.pairs if record.baseline not in (pair.first, pair.second)]
    heads = ("second", "less first", "difference (95 %)", "won/lost/tied", "p")
    return table("The other pairs", heads, [(_line(p.second), _line(p.first), *_cells(p)) for p in others], width)


def _cells(pair: PairRecord) -> tuple[str, str, str]:
    if not pair.n:
        return "no item in common", "", ""
    interval = f"{signed(pair.difference)} ({signed(pair.low)} to {signed(pair.high)})"
    return interval + " *" * bool(pair.better), f"{pair.wins}/{pair.losses}/{pair.ties}", p_value(pair.p_adjusted)


def _clauses(record: ComparisonFile, width: int) -> str:
    title = f"What each clause is worth on {record.items:,} items: the method less the method without it"
    return table(title, ("clause", "worth (95 %)", "helped/hurt", "p", "text"),
                  [_clause(row) for row in record.clauses], width)  # fmt: skip


def _clause(row: ClauseRecord) -> tuple[str, ...]:
    worth = f"{signed(row.worth)} ({signed(row.low)} to {signed(row.high)})" + " *" * bool(row.shown)
    return str(row.clause), worth, f"{row.helped}/{row.hurt}", p_value(row.p_adjusted), _line(row.text)


def _sides(record: ComparisonFile, width: int) -> str:
    pairs = record.side_by_side.pairs if record.side_by_side else ()
    heads = ("second", "against first", "harder less easier (95 %)", "won/lost/tied", "p")
    rows = [(_line(pair.second), _line(pair.first), *_cells(pair)) for pair in pairs]
    return table("Side by side: whose text the judge finds harder", heads, rows, width)


def _transfer(record: ComparisonFile, width: int) -> str:
    rows: list[tuple[str, ...]] = []
    for cell in record.transfer:
        against = "baseline" if cell.label == record.baseline else "no item in common"
        if cell.difference is not None:
            against = f"{signed(cell.difference)} ({signed(cell.low)} to {signed(cell.high)})" + " *" * cell.shown
        rows.append((_line(cell.set), _line(cell.evolver), _line(cell.label), score(cell.mean), against))
    heads = ("seeds", "evolver", "contestant", "mean", f"against {_line(record.baseline)} (95 %)")
    return table("Transfer: each set of seeds with each evolver", heads, rows, width)


def _findings(record: ComparisonFile, width: int) -> str:
    labels = [one.label for one in record.contestants]
    rows = [
        (row.kind, *(_share(row.shares.get(label), changed=row.changed(label)) for label in labels))
        for row in record.findings[:_KINDS_SHOWN]
    ]
    more = len(record.findings) - _KINDS_SHOWN
    title = "Findings: share of the items" + (f"; {more} rarer classes are in the page" if more > 0 else "")
    return table(title, ("class", *map(_line, labels)), rows, width)


def _share(value: float | None, *, changed: bool) -> str:
    return "–" if value is None else f"{value:.0%}" + " *" * changed


def _regressions(record: ComparisonFile) -> str:
    lines = [
        f"{_line(one.label)}: {one.missing:,} items are missing; had they failed, its mean would be "
        f"{score(one.mean_if_missing_failed)}."
        for one in record.contestants
        if one.missing
    ]
    lines += [
        f"{_line(label)}: breaks {len(found.broken)} items that {_line(record.baseline)} solves, "
        f"mends {len(found.mended)}."
        for label, found in record.regressions.items()
    ]
    stars = "* more than chance, at the level of the comparison" if _starred(record) else ""
    return "\n".join([*lines, *([stars] if stars else [])])


def _starred(record: ComparisonFile) -> bool:
    return (
        any(pair.better for pair in record.pairs)
        or any(cell.shown for cell in record.transfer)
        or any(change.shown for row in record.findings for change in row.changes.values())
    )


def table(title: str, heads: Sequence[str], rows: Sequence[tuple[str, ...]], width: int) -> str:
    """A table; row by row in blocks where there is no room for one, and nothing where there is no row."""
    if not rows:
        return ""
    if width < _ROOM:
        return "\n".join([title, *(line for row in rows for line in _block(heads, row))])
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  rich takes a while, and most commands do without it
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(title=Text(title), title_justify="left", title_style="", box=SIMPLE_HEAD, pad_edge=False)
    for head in heads:
        table.add_column(Text(head), overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))  # as text: nothing in it is markup
    stream = io.StringIO()
    Console(file=stream, width=width, color_system=None).print(table)
    return "\n".join(line.rstrip() for line in stream.getvalue().rstrip().splitlines())


def _block(heads: Sequence[str], row: Sequence[str]) -> Iterator[str]:
    """One row over several lines, for a narrow terminal."""
    yield f"- {row[0]} {row[1]}".rstrip() if not heads[1] else f"- {heads[0]}: {row[0]}"
    start = 2 if not heads[1] else 1
    yield from (f"  {head}: {cell}" for head, cell in zip(heads[start:], row[start:], strict=True) if cell)


def _line(text: str) -> str:
    """One line that a terminal shows and does not obey."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in shown(text)).split())
