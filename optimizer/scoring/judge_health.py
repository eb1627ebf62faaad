"""What can be said of a judge, and what is wrong with it, in figures and in sentences.

The interval of the preference for a place is that for the difference of two shares of the same pairs by Bonett and
Price 2012; its test is the exact binomial one on the pairs in which a place won both times (McNemar).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .families import kin_warning, shared_family
from .rates import Rate, Z, sign_p

__all__ = ["FIELDS", "NAMED", "RUBRIC", "JudgeHealth", "judge_lines", "problems", "told"]

RUBRIC = ("valid", "self_contained", "consistent", "intent_kept")
"""What a verdict says yes or no to."""

NAMED = ("evolved", "same", "original")
"""What can be named as the harder text."""

FIELDS = (*RUBRIC, "harder")
"""All that a verdict answers, by name."""

_TOLD = {"self_contained": "self-contained", "intent_kept": "intent kept"}
_FEW = 5  # under so many items, pairs or repeats nothing is said of a share
_CHANCE, _SHAKY, _MUCH = 0.4, 0.2, 0.2
_SURE = 0.05


@dataclass(frozen=True, slots=True)
class JudgeHealth:
    """What can be said of a judge.

    Args:
        items: pairs of texts that it was asked about.
        looks: times that it was asked.
        pairs: items shown in both orders, with both answers readable.
        repeats: times that a pair was shown again in the same order, with both answers readable.
        noise: by field, repeats whose answer differs; an abstention differs from an answer.
        named: by name, how often it was said to be the harder text, of the readable verdicts.
        flips: pairs that named something else as harder (evolved, original, same) when the order was turned, of those
            where neither answer was an abstention.
        first_wins, second_wins: pairs in which the text in the first place was harder both times, or in the second.
        abstained: by field, of the readable verdicts.
        no_answer: calls that gave nothing. unreadable: answers that were no verdict.
        ungrounded: answers "no" that quoted nothing that was shown, of all "no".
        refused: verdicts with a "no" that counts. yes_to_all: verdicts with four times "yes".
        judge, evolver: names of their models.
    """

    items: int
    looks: int
    pairs: int
    repeats: int
    noise: Mapping[str, Rate]
    named: Mapping[str, Rate]
    flips: Rate
    first_wins: int
    second_wins: int
    abstained: Mapping[str, Rate]
    no_answer: Rate
    unreadable: Rate
    ungrounded: Rate
    refused: Rate
    yes_to_all: Rate
    judge: str = ""
    evolver: str = ""

    @property
    def preference(self) -> float | None:
        """Share of pairs in which the first place won both times, minus that of the second: -1 to 1."""
        return (self.first_wins - self.second_wins) / self.flips.of if self.flips.of else None

    @property
    def preference_interval(self) -> tuple[float, float]:
        """95 % interval of the preference (Bonett and Price 2012); -1 to 1 where there is no pair."""
        n = self.flips.of + 2
        if n == 2:
            return -1.0, 1.0
        first, second = (self.first_wins + 1) / n, (self.second_wins + 1) / n
        difference = first - second
        spread = Z * math.sqrt((first + second - difference * difference) / n)
        return max(-1.0, difference - spread), min(1.0, difference + spread)

    @property
    def preference_p(self) -> float:
        """Two-sided exact binomial p-value of the preference."""
        return sign_p(self.first_wins, self.second_wins)

    def as_row(self) -> dict[str, Any]:
        """How the record shows it."""
        low, high = self.preference_interval
        preference = self.preference
        rates = ("flips", "no_answer", "unreadable", "ungrounded", "refused", "yes_to_all")
        return {
            "judge": self.judge, "evolver": self.evolver, "same_family": shared_family(self.judge, self.evolver),
            "items": self.items, "looks": self.looks, "pairs": self.pairs, "repeats": self.repeats,
            **{name: getattr(self, name).as_row() for name in rates},
            "named": {name: rate.as_row() for name, rate in self.named.items()},
            "noise": {name: rate.as_row() for name, rate in self.noise.items()},
            "abstained": {name: rate.as_row() for name, rate in self.abstained.items()},
            "preference": {
                "first_wins": self.first_wins, "second_wins": self.second_wins, "low": round(low, 6),
                "share": None if preference is None else round(preference, 6), "high": round(high, 6),
                "p": round(self.preference_p, 6),
            },
            "problems": list(problems(self)),
        }  # fmt: skip


def told(field: str) -> str:
    """The name of a field as people write it."""
    return _TOLD.get(field, field)


def problems(health: JudgeHealth) -> tuple[str, ...]:
    """What is wrong with the judge, in sentences; empty where nothing was seen that is."""
    kin = [sentence] if (sentence := kin_warning(health.judge, health.evolver)) else []
    return (*_silence(health), *_agreeable(health), *_unsteady(health), *kin)


def _silence(health: JudgeHealth) -> Iterable[str]:
    answered = health.looks - health.no_answer.hits
    if not health.looks:
        return
    if not answered:
        yield "The judge gave no answer at all: its opinion decides nothing."
        return
    if health.unreadable.hits == answered:
        yield "Not one answer of the judge could be read: its opinion decides nothing."
        return
    if _much(health.no_answer):
        yield f"The judge gave no answer in {_percent(health.no_answer)} of its calls."
    if _much(health.unreadable):
        yield f"{_percent(health.unreadable)} of the judge's answers could not be read."
    silent = [name for name, rate in health.abstained.items() if rate.of and rate.hits == rate.of]
    if len(silent) == len(FIELDS):
        yield "The judge abstained on every item: its opinion decides nothing."
        return
    for name, rate in health.abstained.items():
        if name in silent and rate.of >= _FEW:
            yield f"The judge never said anything on '{told(name)}'."
        elif _much(rate, 0.5):
            yield f"The judge abstained from '{told(name)}' in {_percent(rate)} of its verdicts."


def _agreeable(health: JudgeHealth) -> Iterable[str]:
    yes, noes = health.yes_to_all, health.refused.hits + health.ungrounded.hits
    if yes.of >= _FEW and yes.hits == yes.of:
        yield "The judge said yes to everything: validity is not checked."
    elif not health.refused.hits and health.ungrounded.of >= 3:
        yield f"Not one 'no' of the judge was proven ({health.ungrounded.of} were said): validity is not checked."
        return
    elif yes.of >= 30 and not noes and yes.hits:
        yield f"The judge said no to nothing in {yes.of} verdicts: either all were well, or validity is not checked."
    if health.ungrounded.of >= _FEW and _much(health.ungrounded, 0.3):
        yield (
            f"{_percent(health.ungrounded)} of the judge's 'no' quoted nothing that it was shown; "
            "they count as abstentions."
        )


def _unsteady(health: JudgeHealth) -> Iterable[str]:
    flips, preference = health.flips, health.preference
    same, answers = health.named["same"], sum(rate.hits for rate in health.named.values())
    if answers >= _FEW and same.hits == answers:
        yield "The judge called every pair equally hard: its comparison decides nothing."
    if flips.of >= _FEW and _much(flips, _SHAKY):
        worth = "'harder' is little better than chance" if _much(flips, _CHANCE) else "'harder' is shaky"
        yield f"The judge flips in {_percent(flips)} of the pairs when the order is turned: {worth}."
    if preference is not None and flips.of >= _FEW and health.preference_p < _SURE:
        place = "first" if preference > 0 else "second"
        low, high = health.preference_interval
        yield (
            f"The judge favours the text in the {place} place (first minus second {preference:+.0%}, 95 % {low:+.0%} "
            f"to {high:+.0%}, p = {health.preference_p:.2g})."
        )
    for name, rate in health.noise.items():
        if rate.of >= _FEW and _much(rate, _MUCH):
            yield f"Asked the same twice, the judge answers '{told(name)}' otherwise in {_percent(rate)} of the cases."


def judge_lines(health: JudgeHealth) -> list[str]:
    """The figures and the problems, in lines for a terminal."""
    if not health.looks:
        return ["The judge was not asked."]
    name = f" ({health.judge})" if health.judge else ""
    low, high = health.preference_interval
    lines = [
        f"Judge{name}: {health.items:,} items, {health.looks:,} looks, {health.pairs:,} in both orders, "
        f"{health.repeats:,} repeated",
        f"  refused                    {health.refused}",
        f"  yes to all                 {health.yes_to_all}",
        f"  'harder' turned with order {health.flips}",
    ]
    if health.preference is not None:
        lines.append(
            f"  first place minus second   {health.preference:+.0%} (95 % {low:+.0%} to {high:+.0%}, "
            f"p = {health.preference_p:.2g})"
        )
    lines += [f"  harder: {name:18} {rate}" for name, rate in health.named.items()]
    lines += [f"  noise, {told(name):19} {rate}" for name, rate in health.noise.items() if rate.of]
    lines += [f"  abstained, {told(name):15} {rate}" for name, rate in health.abstained.items() if rate.hits]
    shares = (("'no' unproven", health.ungrounded), ("unreadable", health.unreadable), ("no answer", health.no_answer))
    lines += [f"  {label:26} {rate}" for label, rate in shares if rate.hits]
    return [*lines, *(f"  ! {sentence}" for sentence in problems(health))]


def _much(rate: Rate, more_than: float = _MUCH) -> bool:
    return rate.share is not None and rate.share >= more_than


def _percent(rate: Rate) -> str:
    return f"{rate.share or 0:.0%}"
