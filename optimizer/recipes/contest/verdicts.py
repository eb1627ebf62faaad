"""What a comparison may say in words: who is better beyond doubt, and what could have been shown where nothing was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["sentences"]

_Row = Mapping[str, Any]
_MOST_PAIRS = 6


def sentences(record: _Row) -> list[str]:
    """The result in a few sentences that promise no more than the figures do."""
    return [*(_clauses(record) if record["clauses"] else _contestants(record)), *_side_by_side(record["side_by_side"])]


def _contestants(record: _Row) -> Iterator[str]:
    pairs = record["pairs"]
    shown = [pair for pair in pairs if pair["better"]]
    means = {row["label"]: row["mean"] for row in record["contestants"]}
    # First what the baseline takes part in, then by size.
    aside = {id(pair): record["baseline"] not in (pair["first"], pair["second"]) for pair in shown}
    for pair in sorted(shown, key=lambda each: (aside[id(each)], -abs(each["difference"])))[:_MOST_PAIRS]:
        yield _better(pair, means, len(pairs))
    if len(shown) > _MOST_PAIRS:
        yield f"{len(shown) - _MOST_PAIRS} more pairs are told apart; the table has them."
    open_pairs = [pair for pair in pairs if not pair["better"]]
    if not open_pairs:
        return
    if shown:
        names = ", ".join(f"'{pair['first']}' and '{pair['second']}'" for pair in open_pairs[:_MOST_PAIRS])
        rest = len(open_pairs) - _MOST_PAIRS
        yield f"Not told apart: {names}{f' and {rest} more pairs' if rest > 0 else ''}."
    else:
        yield "No difference was shown between any two of them."
    yield _could(open_pairs)


def _better(pair: _Row, means: Mapping[str, float | None], family: int) -> str:
    """`difference` is second less first; the sentence speaks for the better one."""
    turned = pair["better"] == pair["first"]
    other = pair["second"] if turned else pair["first"]
    sign = -1 if turned else 1
    low, high = (-pair["high"], -pair["low"]) if turned else (pair["low"], pair["high"])
    wins, losses = (pair["losses"], pair["wins"]) if turned else (pair["wins"], pair["losses"])
    adjusted = f", Holm over {family} pairs" if family > 1 else ""
    counts = f"{wins} won, {losses} lost, {pair['ties']} tied"
    return (
        f"'{pair['better']}' is better than '{other}': {_signed(sign * pair['difference'])} in mean score on "
        f"{pair['n']} items (95 % interval {_signed(low)} to {_signed(high)}; {counts}; "
        f"p = {_p(pair['p_adjusted'])}{adjusted})."
    )


def _could(pairs: list[_Row]) -> str:
    """The least that these items could have shown."""
    met = [pair for pair in pairs if pair["n"]]
    if not met:
        return "They have no item in common."
    known = [pair["provable"] for pair in met if pair["provable"] is not None]
    if not known:
        return "There are too few items to show any difference."
    n, most = min(pair["n"] for pair in met), max(known)
    few = " Where they are fewest, too few to show any." if len(known) < len(met) else ""
    return (
        f"With these items ({n} at least) a difference of {most:.2f} in mean score would have been shown four times "
        f"out of five, and smaller ones less often.{few} That nothing was shown does not mean that they are equal."
    )


def _clauses(record: _Row) -> Iterator[str]:
    rows = record["clauses"]
    for row in rows:
        if row["shown"]:
            what = "is worth" if row["shown"] == "helps" else "costs"
            interval = f"95 % interval {_signed(row['low'])} to {_signed(row['high'])}"
            yield (
                f"Clause {row['clause']} {what} {abs(row['worth']):.3f} in mean score ({interval}, "
                f"p = {_p(row['p_adjusted'])}, Holm over {len(rows)} clauses)."
            )
    silent = [row for row in rows if not row["shown"]]
    if silent:
        which = ", ".join(str(row["clause"]) for row in sorted(silent, key=lambda each: each["clause"]))
        yield f"Of {'clause' if len(silent) == 1 else 'clauses'} {which} no effect was shown."
        known = [row["provable"] for row in silent if row["provable"] is not None]
        n = record["contestants"][0]["items"]
        yield (
            f"On these {n} items an effect of {max(known):.2f} in mean score is shown four times out of five. A clause "
            "that does less may still do something."
            if known
            else f"{n} items are too few to show any effect."
        )


def _side_by_side(sides: _Row | None) -> Iterator[str]:
    if sides is None:
        return
    if not sides["pairs"]:
        yield "Side by side there was nothing to look at: no two texts of one item passed the gates."
        return
    shown = [pair for pair in sides["pairs"] if pair["better"]]
    for pair in shown[:_MOST_PAIRS]:
        turned = pair["better"] == pair["first"]
        wins, losses = (pair["losses"], pair["wins"]) if turned else (pair["wins"], pair["losses"])
        other = pair["second"] if turned else pair["first"]
        yield (
            f"Side by side the judge finds the texts of '{pair['better']}' harder than those of '{other}' "
            f"({wins} to {losses}, {pair['ties']} tied; p = {_p(pair['p_adjusted'])})."
        )
    if not shown:
        yield "Side by side the judge finds nobody's texts harder beyond chance."


def _signed(value: float) -> str:
    return f"{value:+.3f}"


def _p(value: float) -> str:
    return "0.001 at most" if value <= 0.001 else f"{value:.2g}"
