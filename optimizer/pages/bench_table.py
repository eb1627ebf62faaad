"""A bench of strategies on a terminal: quality against cost, with intervals."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

from .comparison_table import table
from .numbers import score, signed

__all__ = ["bench_table"]

_MOST_WIDE = 120


def bench_table(record: Mapping[str, Any], width: int | None = None) -> str:
    """What the record of a bench says.

    Args:
        record: see `recipes.contest.bench`.
        width: columns of the terminal; None finds out.
    """
    rows = record["strategies"]
    first = rows[0]["strategy"] if rows else ""
    what = "True quality" if record["world"] else "Quality on test"
    seeds = f"{record['run_seeds']} run seed{'s' * (record['run_seeds'] > 1)}"
    title = f"{what} of what each strategy found, {seeds}, at most {record['budget']} a run"
    heads = (
        "strategy",
        "quality (95 %)",
        "gain on the start (95 %)",
        f"less {first} (95 %)",
        "runs",
        "calls",
        "USD",
        "confirmed",
    )
    body = [
        (
            str(row["strategy"]), _interval(row["quality"], signs=False), _interval(row["gain"]),
            "" if row["less_first"] is None else _interval(row["less_first"]), f"{row['n']} of {row['runs']}",
            "–" if row["calls"] is None else f"{row['calls']:,.0f}", _money(row), f"{row['confirmed']} of {row['n']}",
        )
        for row in rows
    ]  # fmt: skip
    shown = table(title, heads, body, min(_MOST_WIDE, width or shutil.get_terminal_size().columns))
    return "\n".join([shown, "", *record["notes"]])


def _money(row: Mapping[str, Any]) -> str:
    if row["usd"] is None:
        return "unknown" if row["n"] else "–"
    return f"{row['usd']:.2f}"


def _interval(spread: Mapping[str, Any], *, signs: bool = True) -> str:
    figure = signed if signs else score
    if spread["mean"] is None:
        return "–"
    if spread["low"] is None:
        return figure(spread["mean"])
    mark = ", items" if spread.get("over") == "items" else ""
    return f"{figure(spread['mean'])} ({figure(spread['low'])} to {figure(spread['high'])}{mark})"
