"""`autoevol overlap`: how much of made data stands in benchmarks, too."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .options import runs_option

if TYPE_CHECKING:
    from ..dataset.overlap import Benchmarks
    from ..dataset.overlap_report import OverlapReport

__all__ = ["command"]

_LONGEST_SHOWN = 160


@click.command("overlap")
@click.argument("source", metavar="RUN|FILE")
@click.option("--against", required=True, multiple=True, metavar="FILE",
              help="A benchmark: a file, or hub:OWNER/NAME; may be given several times.")  # fmt: skip
@click.option("--n", "lengths", multiple=True, type=click.IntRange(2, 100), default=(8, 13), show_default=True,
              help="Length of the n-grams in words; may be given several times.")  # fmt: skip
@click.option("--field", "fields", multiple=True, metavar="NAME",
              help="Field of the benchmark to look at; may be given several times [default: all texts].")  # fmt: skip
@click.option("--drop", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write the rows without overlap here, the others with their reason beside it.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option("--examples", default=5, show_default=True, type=click.IntRange(min=0), help="Rows that are shown.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object with every row instead.")
@runs_option
def command(
    source: str, drop: Path | None, examples: int, runs: Path, *, as_json: bool, force: bool, **options: Any
) -> None:
    """Look for runs of n words of benchmarks in the rows of RUN or FILE, in instructions and responses.

    Words are compared in lower case and without punctuation. Overlap is no error: the exit code is 0.
    """
    from ..dataset.overlap_report import find_overlap, read_benchmarks  # noqa: PLC0415  --help must stay quick
    from .export import open_source  # noqa: PLC0415

    known = read_benchmarks(options["against"], options["lengths"], options["fields"])
    report = find_overlap(open_source(source, runs), known, drop, force=force)
    click.echo(json.dumps(_as_row(report, known)) if as_json else "\n".join(_lines(report, known, examples)))


def _as_row(report: OverlapReport, known: Benchmarks) -> dict[str, Any]:
    return {
        "rows": report.rows,
        "unreadable": report.unreadable,
        "overlap": [
            {"n": n, "side": side, "rows": report.hits.get((n, side), 0),
             "share": report.hits.get((n, side), 0) / report.rows}
            for n in known.lengths for side in ("instruction", "response", "any")
        ],
        "benchmarks": [
            {"name": name, "items": items, "n": n, "too_short": known.short[name, n],
             "met": len(report.items.get((n, name), ()))}
            for name, items in known.items.items() for n in known.lengths
        ],
        "found": [{"id": row, "overlaps": [asdict(each) for each in overlaps]} for row, overlaps in report.found],
        "written": report.written, "dropped": report.dropped, "left": report.left,
        "files": [str(path) for path in report.files],
    }  # fmt: skip


def _lines(report: OverlapReport, known: Benchmarks, examples: int) -> list[str]:
    from ...agents.reading import one_line  # noqa: PLC0415

    lines = [f"{report.rows:,} rows compared, in lower case and without punctuation."]
    lines += [f"  not compared, {reason}: {count:,}" for reason, count in report.unreadable.items()]
    for n in known.lengths:
        told = (f"{side} {report.hits.get((n, side), 0):,} ({report.hits.get((n, side), 0) / report.rows:.2%})"
                for side in ("instruction", "response", "any"))  # fmt: skip
        lines.append(f"{n:>3} words: rows with overlap: {', '.join(told)}")
        for name, items in known.items.items():
            short = known.short[name, n]
            lines.append(
                f"     {one_line(name)}: {len(report.items.get((n, name), ())):,} of {items:,} items met"
                + (f"; {short:,} are too short to be found" if short else "")
            )
    for row, overlaps in report.found[:examples]:
        lines.append(f"\n{one_line(row)}")
        for each in {(one.n, one.side): one for one in reversed(overlaps)}.values():
            text = each.text if len(each.text) <= _LONGEST_SHOWN else f"{each.text[:_LONGEST_SHOWN]} …"
            lines.append(
                f"  {each.side}, {each.words} words ({each.share:.0%} covered at {each.n}), "
                f"{one_line(each.benchmark)} {each.item}: {one_line(text)}"
            )
    if len(report.found) > examples:
        lines.append(f"\n… and {len(report.found) - examples:,} more rows: --json shows all.")
    if report.files:
        clean, rest = report.files
        lines.append(f"\n{report.written:,} rows written to {clean}, {report.dropped:,} to {rest}.")
        if report.left:
            lines.append(f"{report.left:,} more are in {rest.name}: not compared, or nothing that JSON can hold.")
    return lines
