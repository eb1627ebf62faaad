"""How far the judge can be trusted: noise, order bias, abstentions, and what is wrong with it, as a page shows it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..scoring.judge_health import told
from .files import RunFiles
from .judge_records import JudgeRecord, RateRecord
from .numbers import count, p_value, signed

__all__ = ["JUDGE", "Figure", "JudgeView", "read_judge"]

JUDGE = "judge.json"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: what it is, how many of how many, its share and interval in words, and what it says."""

    name: str
    hits: str
    share: str
    interval: str
    meaning: str


@dataclass(frozen=True, slots=True)
class JudgeView:
    """What a page shows of the judge.

    Args:
        summary: how much it was asked, in a sentence.
        problems: what is wrong with it, in sentences.
        figures: the table.
    """

    summary: str
    problems: tuple[str, ...]
    figures: tuple[Figure, ...]


def read_judge(files: RunFiles) -> JudgeView | None:
    """The judge's section; None where no judge was asked or the run has no record of it."""
    record = files.record(JUDGE, JudgeRecord)
    if record is None or not record.looks:
        return None
    name = f" ({record.judge})" if record.judge else ""
    summary = (
        f"The judge{name} looked {count(record.looks, 'time')} at {count(record.items, 'item')}: "
        f"{count(record.pairs, 'pair')} in both orders, {count(record.repeats, 'look')} again in the same order."
    )
    return JudgeView(summary, record.problems, tuple(_figures(record)))


def _figures(record: JudgeRecord) -> Iterator[Figure]:
    yield _figure("said no", record.refused, "verdicts that refuse the item, with words of a text as proof")
    yield _figure("said yes to all", record.yes_to_all, "a judge that never says anything else checks nothing")
    for name, rate in record.named.items():
        yield _figure(f"harder: {name}", rate, "named so, of the readable verdicts")
    yield _figure("“harder” turned with the order", record.flips, "a coin would turn in half of the pairs")
    yield _preference(record)
    for field, rate in record.noise.items():
        if rate.of:
            yield _figure(f"noise of “{told(field)}”", rate, "answered otherwise when asked again")
    for field, rate in record.abstained.items():
        if rate.hits:
            yield _figure(f"abstained from “{told(field)}”", rate, "of the readable verdicts")
    yield _figure("“no” without proof", record.ungrounded, "quoted nothing that was shown; counts as an abstention")
    yield _figure("unreadable", record.unreadable, "answers that were no verdict")
    yield _figure("no answer", record.no_answer, "calls that gave nothing")


def _figure(name: str, rate: RateRecord, meaning: str) -> Figure:
    if not rate.of or rate.share is None:
        return Figure(name, "–", "–", "–", meaning)
    between = f"{rate.low:.0%} to {rate.high:.0%}"
    return Figure(name, f"{rate.hits:,} of {rate.of:,}", f"{rate.share:.0%}", between, meaning)


def _preference(record: JudgeRecord) -> Figure:
    found = record.preference
    if found.share is None:
        return Figure("first place minus second", "–", "–", "–", "pairs that one place won in both orders")
    return Figure(
        "first place minus second", f"{found.first_wins:,} to {found.second_wins:,}", signed(found.share),
        f"{signed(found.low)} to {signed(found.high)}",
        f"pairs that one place won in both orders; p = {p_value(found.p)}",
    )  # fmt: skip
