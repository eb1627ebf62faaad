"""Which method goes on: the incumbent, or one candidate that showed to be better. See also `published`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol

from ..dataset.seed import Seed
from .evaluate import Standing
from .referee import Referee, Rules, Ruling

__all__ = ["BACK_SHARE", "Decide", "Decision", "Evidence", "PairedEvidence", "replay"]

BACK_SHARE = 0.1
"""Share of the run's level that is kept for going back to an earlier method (see `archive`)."""

_SHOWN = 0.025  # each side of the interval of a candidate that decided nothing
_LEAST_LEVEL = 1e-9


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and why.

    Args:
        accepted: index in the standings of the new incumbent, or None where the old one stays.
        reason: one sentence for people.
        figures: per standing (the incumbent first) what the rule looked at.
        undecidable: the rule could not decide (too few items); the incumbent stays.
        kind: `race`, or `roll-back` to a method that was the incumbent before.
        n: items that decided, 0 where none did.
        difference, low, high: gain of who was looked at last over the incumbent in mean score, and the interval that
            decided: `low` above the margin accepts. None where the rule has no interval.
        confidence: of that interval: it is wrong on either side with half of the rest.
        chance: one-sided chance that a gain of no more than the margin shows itself as large as this one.
        granted, used: level of the step (chance of a false acceptance), and what of it is used up by the look.
        plausible: upper bound of what this step could have gained, by who was tested, or by anyone where nobody was.
        calls: model calls that the race took.
        usd: what they cost; None where it is not known.
    """

    accepted: int | None
    reason: str
    figures: tuple[dict[str, Any], ...]
    undecidable: bool = False
    kind: Literal["race", "roll-back"] = "race"
    n: int = 0
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float | None = None
    chance: float | None = None
    granted: float = 0.0
    used: float = 0.0
    plausible: float | None = None
    calls: int = 0
    usd: float | None = None

    def as_row(self) -> dict[str, Any]:
        """What stands in the record of the step, beside the standings."""
        row = asdict(self)
        for name in ("accepted", "figures"):  # these are told with the standings
            del row[name]
        return row


class Decide(Protocol):
    """Choose from standings on complete sets of items."""

    def __call__(
        self, step: int, standings: Sequence[Standing], dev: Sequence[Seed], past: Sequence[Decision]
    ) -> Decision:
        """The first standing is the incumbent; `past` holds the decisions of the steps before."""
        ...


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a change needs under the recommended profile.

    Args:
        rules: of the referee.
        alpha: chance of any false acceptance in the whole run.
        steps: at most so many steps share it.
        least: under so many dev items nothing is decided.
    """

    rules: Rules
    alpha: float
    steps: int
    least: int

    def level(self, past: Sequence[Decision]) -> float:
        """The level of the next step: what is left, shared evenly by the steps that are left.

        What a step used is gone if it kept the incumbent. An acceptance gives it back: it was either right, then
        nothing was risked, or wrong, then the one error that alpha bounds has been made (the fallback procedure of
        Wiens 2003 and, for hypotheses that come one by one, Tian and Ramdas 2021).
        """
        gone = sum(decision.used for decision in past if decision.accepted is None)
        left = self.alpha * (1 - BACK_SHARE) - gone
        return max(left / max(1, self.steps - len(past)), _LEAST_LEVEL)

    def referee(self, candidates: int, items: int, level: float) -> Referee:
        """The referee of a step."""
        return Referee(self.rules, candidates, items, level)


def replay(referee: Referee, standings: Sequence[Standing], dev: Sequence[Seed]) -> Referee:
    """Tell a referee what standings hold, as far as they do."""
    while heat := referee.heat:
        seeds = dev[heat.start : heat.stop]
        if any(seed.id not in standings[number].scores for number in heat.contestants for seed in seeds):
            break
        referee.tell({number: standings[number].values(seeds) for number in heat.contestants})
    return referee


@dataclass(frozen=True, slots=True)
class PairedEvidence:
    """The recommended rule: the referee's (see `referee`), who is told what the standings hold.

    So the decision is a function of scores and past decisions alone, and the race may be asked again from the record.
    """

    evidence: Evidence

    def __call__(
        self, step: int, standings: Sequence[Standing], dev: Sequence[Seed], past: Sequence[Decision]
    ) -> Decision:
        """Accept the leader where the lower bound of its gain on items that did not choose it is above the margin."""
        evidence = self.evidence
        level = evidence.level(past)
        referee = replay(evidence.referee(len(standings) - 1, len(dev), level), standings, dev)
        ruling = referee.ruling
        if ruling is None:
            raise ValueError("a race is decided before it was run")
        figures = _figures(standings, referee, ruling)
        if len(dev) < evidence.least:
            reason = f"Kept the incumbent: {len(dev)} dev items are too few to decide (at least {evidence.least})."
            return Decision(None, reason, figures, undecidable=True)
        return Decision(
            ruling.accepted, _words(standings, referee, ruling), figures,
            n=ruling.tested.n, difference=ruling.tested.difference, low=ruling.low, high=ruling.high,
            confidence=1 - 2 * ruling.level, chance=ruling.chance, granted=level, used=ruling.spent,
            plausible=_plausible(referee, ruling),
        )  # fmt: skip


def _plausible(referee: Referee, ruling: Ruling) -> float:
    """Upper bound of what the step could have gained: by its leader, or where nobody was tested by any of them."""
    chance = referee.rules.pruning
    if ruling.leader is not None:
        return ruling.tested.high(chance)
    return max(referee.gain(number).high(chance) for number in range(1, referee.candidates + 1))


def _words(standings: Sequence[Standing], referee: Referee, ruling: Ruling) -> str:
    if ruling.leader is None:
        best = max(referee.gain(number).difference for number in range(1, len(standings)))
        return f"Kept the incumbent: no candidate can still win (the best was at {best:+.3f} when it left)."
    label, found = standings[ruling.leader].contestant.label, ruling.tested
    interval = f"{1 - 2 * ruling.level:.1%} interval {ruling.low:+.3f} to {ruling.high:+.3f}".replace("%", " %")
    on = f"on {found.n} items that had no part in choosing it"
    chance = f"chance of error {ruling.chance:.2g} where {ruling.level:.2g} is granted"
    if ruling.accepted is not None:
        return f"{label} is better by {found.difference:.3f} ({interval}) {on}; {chance}."
    why = "cannot be proven any more" if referee.left[-1].why == "cannot win" else "is not better beyond doubt"
    return f"Kept the incumbent: {label} led and {why}: {found.difference:+.3f} ({interval}) {on}; {chance}."


def _figures(standings: Sequence[Standing], referee: Referee, ruling: Ruling) -> tuple[dict[str, Any], ...]:
    left = {leave.candidate: leave for leave in referee.left}
    rows: list[dict[str, Any]] = [{"mean": standings[0].mean}]
    for number in range(1, len(standings)):
        gain, level = referee.gain(number), _SHOWN
        if number == ruling.leader:
            gain, level = ruling.tested, ruling.level
        row = {
            "mean": standings[number].mean, "n": gain.n, "wins": gain.wins, "losses": gain.losses,
            "difference": gain.difference, "low": gain.low(level), "high": gain.high(level),
            "confidence": 1 - 2 * level, "p": gain.chance(referee.rules.margin), "tested": number == ruling.leader,
        }  # fmt: skip
        rows.append(row | ({"left": left[number].why, "left_at": left[number].at} if number in left else {}))
    return tuple(rows)
