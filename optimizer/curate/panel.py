"""The selector `panel`: several selectors over the same rows, what they share, and the rows that enough of them chose.

Each member chooses as it would alone, one after the other, and leaves in `members/NAME` of the panel's folder what a
run of it leaves: its rows, those that it dropped and why, its figures. No member sees what another one said.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from anyio import to_thread

from ...agents.gateway.errors import UsageError
from ..recipes.book import Made
from ..record.curating.panel import PanelSettings
from ..record.curating.selector import SelectorSettings
from ..record.curating.vectors import EmbedSettings
from ..record.run import Run
from .before_after import changes
from .choice import Choice, Notes, Why, first_of
from .naming import name_of
from .overlaps import Overlap, overlaps
from .part import Selector, chosen, write_figures, written
from .paths import unsaid
from .rows import Rows
from .vectors import SIDES, RowVectors, by_side, vectors_of

__all__ = ["MEMBERS", "panel_of", "voted"]

MEMBERS = "members"
"""Name of the folder with what each member left, in the folder of a panel."""
_SPENT = ("calls", "cost", "models")


@dataclass(frozen=True, slots=True)
class _Member:
    """What is kept of a member's choice: numbers and words, no texts.

    Args:
        name: in the panel.
        part: its settings.
        place: its folder.
        choice: without the reasons, which are on disk.
        made: counts.
        ranks: by row, from 1.
        reasons: by row that it did not choose.
        spent: by such a row, what was spent on it.
    """

    name: str
    part: SelectorSettings
    place: str
    choice: Choice
    made: Made
    ranks: Mapping[int, int]
    reasons: Mapping[int, str]
    spent: Mapping[int, Notes] = field(default_factory=dict[int, Notes])

    def spent_on(self, index: int) -> Notes:
        """What it spent on a row: `calls`, `cost` and `models`, where there is any."""
        notes = self.spent.get(index, {}) if index in self.reasons else self.choice.notes.get(index, {})
        return {name: notes[name] for name in _SPENT if name in notes}

    def entry(self, index: int) -> Notes:
        """What it says of a row that it chose."""
        notes = {name: value for name, value in self.choice.notes.get(index, {}).items() if name not in _SPENT}
        selector = name_of(self.part)
        return {
            "by": self.name, "rank": self.ranks[index], **({} if selector == self.name else {"selector": selector}),
            **notes,
        }  # fmt: skip


def panel_of(choosers: Mapping[str, Selector]) -> Selector:
    """The selector `panel`, whose members are among these."""

    async def panel(run: Run, part: PanelSettings, place: str, rows: Rows) -> Choice:
        """Ask every member, and keep the rows that enough of them chose. The same for any order of the rows where the
        members' choices are; more votes keep some of what fewer keep.

        Raises:
            SessionStopped: budget, key, quota or outage.
            UsageError: the rows lack what a member needs, which is named.
        """
        _refuse_unsaid(part, rows)
        members = [
            await _asked(run, choosers[member.recipe], member, place, name, rows)
            for name, member in part.members.items()
        ]
        ids = {row.index: row.seed.id for row in rows}
        choice = await to_thread.run_sync(_choice, part, members, ids)  # many pairs of large sets take seconds
        sets = [*(each.choice.order for each in members), choice.order]
        measure = partial(changes, vectors=await _seen(run, part, place, rows))
        *found, whole = await to_thread.run_sync(measure, rows, sets, run.settings.run_seed, part.paths())
        for member, change in zip(members, found, strict=True):
            write_figures(run, member.part, member.place, member.choice, member.made, change)
        told: dict[str, Any] = {
            each.name: {**choice.figures["members"][each.name], "before_after": change}
            for each, change in zip(members, found, strict=True)
        }
        return replace(choice, figures={**choice.figures, "members": told}, change=whole)

    return panel


async def _seen(run: Run, part: PanelSettings, place: str, rows: Rows) -> RowVectors | None:
    """Vectors that a member has of every row, by which all are measured; the journal gives them again.

    Those of instructions, where there are any, as hashed words are; else it is said which texts they are of.
    """
    members = [member for member in part.members.values() if isinstance(member, EmbedSettings)]
    having = {member.of: member for member in members if member.asks_embedder and member.embeds_every_row}
    side = next((side for side in SIDES if side in having), None)
    if side is None:
        return None
    found = await vectors_of(run, having[side], place, rows)
    return by_side(found, side)


def _refuse_unsaid(part: PanelSettings, rows: Rows) -> None:
    """A member that would go by what no row says is told before another one spends anything."""
    wanted = {path: name for name, member in part.members.items() for path in member.paths() if path != "language"}
    names: dict[str, None] = {}
    for row in rows:
        wanted = {path: name for path, name in wanted.items() if row.value(path) is None}
        if not wanted:
            return
        names |= dict.fromkeys(row.said)
    for path, name in wanted.items():
        raise unsaid(path, f"the member {name} of the panel", "figure or field", names)


def voted(ranks: Sequence[Mapping[int, int]], votes: int, ids: Mapping[int, str]) -> list[int]:
    """Rows with so many votes at least: those with the most first, then the best rank, then by id.

    Args:
        ranks: of each member, the rank of every row that it chose, from 1.
        votes: members that must have chosen a row.
        ids: of the rows.
    """
    counts = Counter(index for member in ranks for index in member)
    best = {index: min(member[index] for member in ranks if index in member) for index in counts}
    enough = [index for index, count in counts.items() if count >= votes]
    return sorted(enough, key=lambda index: (-counts[index], best[index], ids[index], index))


async def _asked(
    run: Run, selector: Selector, part: SelectorSettings, panel: str, name: str, rows: Rows
) -> _Member:  # fmt: skip
    place = f"{panel}/{MEMBERS}/{name}"
    try:
        choice = await chosen(run, selector, part, place, rows)
    except UsageError as error:
        raise UsageError(f"The member {name} of the panel cannot choose: {error.problem}", fix=error.fix) from error
    made = written(run, part, place, rows, choice, by=name)
    ranks = {index: rank for rank, index in enumerate(choice.order, 1)}
    reasons = {index: why.reason for index, why in choice.why.items()}
    spent = {index: why.notes for index, why in choice.why.items() if "calls" in why.notes}
    lean = replace(choice, why={}, entries={})
    return _Member(name, part, place, lean, made, ranks, reasons, spent)


def _choice(part: PanelSettings, members: Sequence[_Member], ids: Mapping[int, str]) -> Choice:
    order = voted([each.ranks for each in members], part.votes, ids)
    ranks = {index: {each.name: each.ranks[index] for each in members if index in each.ranks} for index in ids}
    passed = frozenset(order)
    left = {index: _too_few(members, ranks[index], index) for index in ids if index not in passed}
    kept, why = first_of(order, part.most, left)
    late = passed.difference(kept)
    why = {
        **why,
        **{index: Why(why[index].reason, why[index].detail, {**why[index].notes, **_said(members, ranks[index], index)})
           for index in late},
    }  # fmt: skip
    notes = {index: {"votes": len(ranks[index]), "members": ranks[index], **_spent(members, index)} for index in kept}
    entries = {index: [each.entry(index) for each in members if index in each.ranks] for index in kept}
    shared = overlaps({each.name: each.choice.order for each in members}, len(ids))
    counts = Counter(len(each) for each in ranks.values() if each)
    only = Counter(next(iter(each)) for each in ranks.values() if len(each) == 1)
    figures = {
        "members": {each.name: _figures(each, only[each.name]) for each in members},
        "overlaps": [_as_row(each) for each in shared],
        "votes": {f"{votes}": counts[votes] for votes in sorted(counts)},
    }  # fmt: skip
    lines = [*_lines(members, shared, counts), *_more(part, len(kept))]
    return Choice(kept, why, notes, figures, lines, entries)


def _said(members: Sequence[_Member], ranks: Mapping[str, int], index: int) -> Notes:
    reasons = {each.name: each.reasons[index] for each in members if index in each.reasons}
    return {"votes": len(ranks), "members": ranks, "reasons": reasons, **_spent(members, index)}


def _too_few(members: Sequence[_Member], ranks: Mapping[str, int], index: int) -> Why:
    notes = _said(members, ranks, index)
    if ranks:
        return Why("too-few-votes", f"chosen by {', '.join(ranks)} only", notes)
    said = ", ".join(f"{name} {reason}" for name, reason in notes["reasons"].items())
    return Why("chosen-by-none", said, notes)


def _spent(members: Sequence[_Member], index: int) -> Notes:
    """What the members spent on a row. A call of several of them is one; a price that is not known makes none."""
    calls: dict[str, float | None] = {}
    models: dict[str, None] = {}
    for each in members:
        spent = each.spent_on(index)
        for call in spent.get("calls", ()):
            calls.setdefault(call, each.choice.prices.get(call))
        models |= dict.fromkeys(spent.get("models", ()))
    if not calls:
        return {}
    known = [price for price in calls.values() if price is not None]
    cost = math.fsum(known) if len(known) == len(calls) else None  # the same for any order of the members
    return {"calls": tuple(calls), "cost": cost, "models": tuple(models)}


def _figures(member: _Member, only: int) -> Notes:
    return {
        "selector": name_of(member.part), "out": member.made.out, "only": only, "place": member.place,
        "dropped": dict(member.made.dropped),
    }  # fmt: skip


def _as_row(overlap: Overlap) -> Notes:
    chance = {**asdict(overlap.chance), "mean": round(overlap.chance.mean, 6)}
    return {
        "one": overlap.one, "other": overlap.other, "shared": overlap.shared, "share": round(overlap.share, 6),
        "chance": chance,
    }  # fmt: skip


def _lines(members: Sequence[_Member], shared: Sequence[Overlap], counts: Counter[int]) -> list[str]:
    """Who chose how many, how many rows have how many votes, and which two are most and least alike."""
    sizes = ", ".join(f"{each.name} {each.made.out:,}" for each in members)
    votes = ", ".join(f"{counts[number]:,} by {number}" for number in sorted(counts))
    lines = [f"Members chose: {sizes}. Rows that were chosen: {votes or 'none'}."]
    if len(shared) > 1:
        most, least = max(shared, key=lambda each: each.beyond), min(shared, key=lambda each: each.beyond)
        lines.append(f"Most alike: {_pair(most)}. Least alike: {_pair(least)}.")
    elif shared:
        lines.append(f"{_pair(shared[0])}.")
    return [*lines, *(f"{each.name}: {line}" for each in members for line in each.choice.lines)]


def _more(part: PanelSettings, kept: int) -> Iterator[str]:
    """That `count` is for each member, where more rows stay."""
    if part.most is None and part.count is not None and kept > part.count:
        yield f"Of {part.count:,} rows a member {kept:,} rows stay; `most = {part.count}` keeps so many at most."


def _pair(overlap: Overlap) -> str:
    shared = overlap.shared
    return (
        f"{overlap.one} and {overlap.other} share {shared:,} row{'' if shared == 1 else 's'} ({overlap.share:.0%} of"
        f" the smaller set; drawn sets share {overlap.chance})"
    )
