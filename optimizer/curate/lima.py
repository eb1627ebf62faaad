"""The selector `lima`: a small set of one style, spread over its topics."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping

from ..dataset.draws import draw_key
from ..record.curating.lima import LimaSettings
from ..record.run import Run
from .before_after import topic_of
from .choice import Choice, Why
from .naming import purpose
from .paths import refuse_unsaid
from .quotas import rows_in_turn, tempered
from .rows import CurateRow, Rows, word_of
from .style import first_person, length_of, links, references

__all__ = ["lima", "unfit"]

_RULES = (("first-person", first_person), ("references", references), ("links", links))


async def lima(run: Run, part: LimaSettings, place: str, rows: Rows) -> Choice:
    """Take out what is not of the style, and then rows topic by topic until there are enough.

    The same for any order of the rows, where they have ids of their own; a larger budget keeps all of a smaller one, as
    long as the rows are the same. Topics get rows by the method of highest averages (see `quotas`).

    Raises:
        UsageError: no row has the topic or the figure that the settings name.
    """
    refuse_unsaid(rows, "lima", [part.topic], [part.prefer])
    why: dict[int, Why] = {}
    cells: dict[tuple[str, ...], list[tuple[float, int, str, int]]] = {}
    for row in rows:
        reason = unfit(row, part)
        if reason is not None:
            why[row.index] = reason
            continue
        figure = row.number(part.prefer) if part.prefer else None
        best = math.inf if figure is None or math.isnan(figure) else -figure
        drawn = draw_key(run.settings.run_seed, purpose(part, place, "drawn"), row.seed.id)
        cells.setdefault((_topic(row, part),), []).append((best, drawn, row.seed.id, row.index))
    ready = {cell: [index for *_, index in sorted(members)] for cell, members in cells.items()}
    weights = tempered({cell[0]: len(members) for cell, members in ready.items()}, part.temperature)
    order = rows_in_turn(ready, {cell: weights[cell[0]] for cell in ready}, part.budget(len(rows)))
    topics = {index: cell[0] for cell, members in ready.items() for index in members}
    taken = frozenset(order)
    left = {index: Why("over-budget", f"there was no room left for {topic}", {"topic": topic})
            for index, topic in topics.items() if index not in taken}  # fmt: skip
    chosen = Counter(topics[index] for index in order)
    figures = {cell[0]: {"in": len(members), "out": chosen[cell[0]]} for cell, members in sorted(ready.items())}
    notes = {index: {"topic": topics[index]} for index in order}
    by = f" by {part.topic}" if part.topic else " (by tag or field, else by verb or question word)"
    lines = [f"Of the style: {len(topics):,} rows on {len(ready):,} topics{by}{_counted(why)}."]
    return Choice(order, {**why, **left}, notes, {"topics": figures}, lines)


def _counted(why: Mapping[int, Why]) -> str:
    fallen = Counter(each.reason for each in why.values())
    return f"; not: {', '.join(f'{count:,} {reason}' for reason, count in sorted(fallen.items()))}" if fallen else ""


def unfit(row: CurateRow, part: LimaSettings) -> Why | None:
    """The first rule that a row falls by; None where it is of the style."""
    return next(_faults(row, part), None)


def _faults(row: CurateRow, part: LimaSettings) -> Iterator[Why]:
    response = row.seed.response or ""
    length = length_of(response)
    if not response.strip():
        yield Why("no-response", "there is no response")
    if not part.shortest <= length <= part.longest:
        yield Why("too-short" if length < part.shortest else "too-long", f"{length:,} characters")
    wanted = {"first-person": part.first_person, "references": part.references, "links": part.links}
    for name, rule in _RULES:
        if wanted[name] == "drop" and (found := rule(response)):
            yield Why(name, found)
    if part.least is not None:
        figure = row.number(part.prefer)
        if figure is None:
            yield Why("no-figure", f"the row says nothing at {part.prefer}")
        elif not figure >= part.least:
            yield Why("low-figure", f"{figure:g}")


def _topic(row: CurateRow, part: LimaSettings) -> str:
    if not part.topic:
        return topic_of(row)
    word = word_of(row.value(part.topic))
    return "none" if word is None else word
