"""Which version of a row is kept: pure rules over IFD and r-IFD.

Source: Selective Reflection-Tuning (arXiv 2402.10110, section 3.2): of two instructions the one with the higher IFD, of
two responses to it the one with the lower r-IFD, both below 1; a row whose response was not replaced is left out. The
authors' code holds four versions against each other with the same comparisons, but drops an instruction whose IFD is
not below 1 only when its better response is not either.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .ifd import Measure, Ratio, Unscored

__all__ = ["Drop", "ResponseScores", "pick_instruction", "pick_response", "ranks"]

Score = Ratio | Unscored


@dataclass(frozen=True, slots=True)
class Drop:
    """Why a row is none: `ifd-not-below-1`, `r-ifd-not-below-1`, `not-replaced`, or why a text has no score."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ResponseScores:
    """Scores of an instruction with its old response and with the one that was reflected on."""

    old_ifd: Score
    old_rifd: Score
    new_ifd: Score
    new_rifd: Score


def pick_instruction(
    old: Score, new: Score | None, measure: Measure, *, limit: bool
) -> Literal["old", "new"] | Drop:  # fmt: skip
    """Which instruction is kept: the one with the higher IFD; the old one where both are alike.

    Args:
        old, new: IFD of each with its response; `new` is None where there is none.
        measure: the ratio that is compared.
        limit: whether only one below 1 may be kept.
    """
    values = {
        name: score.value(measure)
        for name, score in (("old", old), ("new", new))
        if isinstance(score, Ratio) and not (limit and score.value(measure) >= 1)
    }
    if not values:
        return _none_of(old, new)
    if "new" in values and ("old" not in values or values["new"] > values["old"]):
        return "new"
    return "old"


def _none_of(old: Score, new: Score | None) -> Drop:
    if isinstance(old, Ratio) or isinstance(new, Ratio):
        return Drop("ifd-not-below-1", "no version of the instruction has an IFD below 1")
    return Drop(old.reason, old.detail)


def pick_response(scores: ResponseScores, measure: Measure, *, keep_old: bool) -> Literal["old", "new"] | Drop:
    """Which response is kept: the one with the lower r-IFD, if it has r-IFD and IFD below 1.

    Args:
        scores: of the instruction that was chosen, with either response.
        measure: the ratio that is compared.
        keep_old: whether a row may keep its old response.
    """
    if isinstance(scores.old_rifd, Unscored) or isinstance(scores.new_rifd, Unscored):
        missing = scores.new_rifd if isinstance(scores.new_rifd, Unscored) else scores.old_rifd
        assert isinstance(missing, Unscored)  # noqa: S101  one of them is
        return Drop(missing.reason, missing.detail)
    better = scores.new_rifd.value(measure) < scores.old_rifd.value(measure)
    if not better and not keep_old:
        return Drop("not-replaced", "the response that was reflected on has no lower r-IFD")
    rifd, ifd = (scores.new_rifd, scores.new_ifd) if better else (scores.old_rifd, scores.old_ifd)
    if isinstance(ifd, Unscored):
        return Drop(ifd.reason, ifd.detail)
    if rifd.value(measure) >= 1:
        return Drop("r-ifd-not-below-1", "the instruction is no easier to guess from the response")
    if ifd.value(measure) >= 1:
        return Drop("ifd-not-below-1", "the response is no easier to say after the instruction")
    return "new" if better else "old"


def ranks(values: Sequence[float]) -> list[int | None]:
    """The place of each row among those with an IFD below 1, from 1 for the highest; None for the others.

    Superfiltering (arXiv 2402.00530, section 3): IFD of 1 and above says that the instruction does not help at all. Of
    equal values the earlier row comes first; NaN is no value.
    """
    below = [index for index, value in enumerate(values) if value < 1]
    places: list[int | None] = [None] * len(values)
    for rank, index in enumerate(sorted(below, key=lambda index: -values[index]), 1):
        places[index] = rank
    return places
