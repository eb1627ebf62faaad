"""Which rows are kept: thresholds one by one, then the longest of what is left. What a row lacks, it does not pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ...record.making.magpie_filters import DIFFICULTIES, QUALITIES, Thresholds
from .rows import Candidate

__all__ = ["Measured", "Verdict", "longest", "verdict_of", "verdict_on"]

Verdict = tuple[str, str]
"""Reason and detail; both empty where a row is kept."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of a row: its tags, rewards (None where there is none), instructions turn by turn, language."""

    tags: Mapping[str, str]
    reward: float | None
    difference: float | None
    instructions: Sequence[str]
    language: str


def verdict_of(candidate: Candidate, keep: Thresholds, repeated: str = "") -> Verdict:
    """What a row falls by, before the longest are chosen.

    Args:
        candidate: a finished row.
        keep: the thresholds.
        repeated: id of the earlier row that it repeats; empty where it repeats none.
    """
    found = candidate.measured
    measured = Measured(
        cast("Mapping[str, str]", found.get("tags", {})), found.get("reward"), difference_of(found),
        [turn.instruction for turn in candidate.turns], candidate.language,
    )  # fmt: skip
    return verdict_on(measured, keep, repeated)


def verdict_on(measured: Measured, keep: Thresholds, repeated: str = "") -> Verdict:
    """The same of any row that is measured."""
    checks: tuple[Callable[[], Verdict], ...] = (
        lambda: _level("quality", measured.tags.get("quality"), keep.quality, QUALITIES),
        lambda: _level("difficulty", measured.tags.get("difficulty"), keep.difficulty, DIFFICULTIES),
        lambda: _above("reward", measured.reward, keep.reward),
        lambda: _above("reward-difference", measured.difference, keep.difference),
        lambda: ("repeat", repeated) if keep.repeats and repeated else ("", ""),
        lambda: _colon(measured.instructions) if keep.colon else ("", ""),
        lambda: ("", "") if keep.language in {None, measured.language} else ("language", measured.language),
    )
    return next((verdict for check in checks if (verdict := check())[0]), ("", ""))


def difference_of(measured: Mapping[str, Any]) -> float | None:
    """The reward above that of the base model's answer; None where one of them is missing."""
    reward, base = measured.get("reward"), measured.get("base-reward")
    return None if reward is None or base is None else float(reward) - float(base)


def longest(lengths: Sequence[int], easy: Sequence[bool], keep: Thresholds) -> set[int] | None:
    """The places of the rows with the longest answers; None where all are kept.

    Args:
        lengths: characters of each answer; of several of one length the first are taken.
        easy: whether each row is exactly easy.
        keep: says how many, and how many of them are to be easy. Where there are fewer of one kind, it is fewer in all.
    """
    if keep.longest is None or (keep.easy_share is None and len(lengths) <= keep.longest):
        return None
    order = sorted(range(len(lengths)), key=lambda place: (-lengths[place], place))
    if keep.easy_share is None:
        return set(order[: keep.longest])
    share = keep.easy_share
    kinds = [place for place in order if easy[place]], [place for place in order if not easy[place]]
    total = float(keep.longest)
    for kind, part in zip(kinds, (share, 1 - share), strict=True):
        total = min(total, len(kind) / part) if part else total
    return {*kinds[0][: round(total * share)], *kinds[1][: round(total * (1 - share))]}


def _level(name: str, found: str | None, least: str | None, levels: Sequence[str]) -> Verdict:
    if least is None:
        return "", ""
    if found is None:
        return f"no-{name}", "the tagger did not say"
    return ("", "") if levels.index(found) >= levels.index(least) else (name, found)


def _above(name: str, found: float | None, bound: float | None) -> Verdict:
    if bound is None:
        return "", ""
    if found is None:
        return f"no-{name}", "it could not be had"
    return ("", "") if found > bound else (name, f"{found:g}")


def _colon(instructions: Sequence[str]) -> Verdict:
    ends = [text for text in instructions if text.rstrip().endswith((":", "："))]
    return ("ends-in-colon", ends[0][-80:]) if ends else ("", "")
