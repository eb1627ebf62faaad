"""Our scores beside those of trained models, on a terminal."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

from ...agents.reading import one_line
from .comparison_table import table
from .external import ExternalView, MethodRow, PairRow
from .numbers import score, signed

__all__ = ["external_table", "figure", "gap"]

_MOST_WIDE = 120


def external_table(view: ExternalView, width: int | None = None) -> str:
    """Methods with all scores, what each benchmark says of our order, and the pairs.

    Args:
        view: what was found.
        width: columns of the terminal; None finds out.
    """
    width = min(_MOST_WIDE, width or shutil.get_terminal_size().columns)
    heads = ("method", "our mean (95 %)", *(one_line(name) for name in view.benchmarks))
    rows = [_method(view, row) for row in view.methods]
    lines = [f"{one_line(row.benchmark)}: {row.words}" for row in view.agreements]
    title = "Trained models beside our scores"
    pairs = [(one_line(p.benchmark), f"{one_line(p.second)} less {one_line(p.first)}", *_gaps(p)) for p in view.pairs]
    blocks = [
        table(title, heads, rows, width), "\n".join(lines),
        table("The second less the first; * shown", ("benchmark", "methods", "ours", "trained", "same way"), pairs,
                   width),
    ]  # fmt: skip
    return "\n\n".join(block for block in blocks if block)


def figure(view: ExternalView, row: MethodRow) -> Iterator[tuple[str, str]]:
    """The score and the interval of a method on each benchmark, empty where there is none."""
    for name in view.benchmarks:
        one = row.scores.get(name)
        if one is None:
            yield "–", ""
            continue
        interval = one.interval
        yield f"{one.score:.4g}".replace("-", "−"), "" if interval is None else _interval(*interval)


def gap(value: float, low: float | None, high: float | None) -> str:
    """A difference with its interval, where it has one."""
    return signed(value) if low is None or high is None else f"{signed(value)} ({signed(low)} to {signed(high)})"


def _method(view: ExternalView, row: MethodRow) -> tuple[str, ...]:
    ours = score(row.ours) + ("" if row.low is None or row.high is None else f" ({_interval(row.low, row.high)})")
    cells = (value + (f" ({interval})" if interval else "") for value, interval in figure(view, row))
    return (one_line(row.label), ours, *cells)


def _gaps(pair: PairRow) -> tuple[str, str, str]:
    low, high = pair.interval or (None, None)
    same = "–" if pair.same is None else "yes" if pair.same else "no"
    return gap(*pair.ours) + " *" * pair.ours_shown, gap(pair.theirs, low, high) + " *" * pair.shown, same


def _interval(low: float, high: float) -> str:
    return f"{score(low)} to {score(high)}"
