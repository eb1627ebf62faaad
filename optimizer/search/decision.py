"""Which method goes on: the incumbent, or one candidate that showed to be better. One rule for each profile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from ..dataset.draws import generator
from ..dataset.seed import Seed
from ..scoring.statistics import Comparison, compare_paired
from .evaluate import Standing
from .trajectory import Trajectory

__all__ = ["CodeAcceptance", "Decide", "Decision", "LowestFailureRate", "PairedEvidence"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, and why.

    Args:
        accepted: index in the standings of the new incumbent, or None where the old one stays.
        reason: one sentence for people.
        figures: per standing (the incumbent first) what the rule looked at.
        undecidable: the rule could not decide (too few items); the incumbent stays.
    """

    accepted: int | None
    reason: str
    figures: tuple[dict[str, Any], ...]
    undecidable: bool = False


class Decide(Protocol):
    """Choose from standings on complete sets of items."""

    def __call__(self, step: int, standings: Sequence[Standing], dev: Sequence[Seed]) -> Decision:
        """The first standing is the incumbent."""
        ...


@dataclass(frozen=True, slots=True)
class LowestFailureRate:
    """The published rule: the lowest failure rate wins (Auto Evol-Instruct, eq. 2).

    What the paper leaves open is settled so: the incumbent competes, ties go to the incumbent and then to the earlier
    candidate, items without an evolution or an answer count as failures, the denominator is all of dev.
    """

    def __call__(self, step: int, standings: Sequence[Standing], dev: Sequence[Seed]) -> Decision:
        """Compare failure rates; a score is 0 for a failure and 1 otherwise."""
        rates = [1 - sum(standing.values(dev)) / len(dev) for standing in standings]
        figures = tuple({"failure_rate": rate} for rate in rates)
        best = min(range(len(rates)), key=lambda index: (rates[index], index))
        if best == 0:
            return Decision(None, f"No candidate failed less than the incumbent ({rates[0]:.1%}).", figures)
        label = standings[best].contestant.label
        return Decision(best, f"{label} failed on {rates[best]:.1%}, the incumbent on {rates[0]:.1%}.", figures)


@dataclass(frozen=True, slots=True)
class CodeAcceptance:
    """The authors' code: success rate times length ratio; the first in that order that is nowhere below the incumbent.

    Source: Zeng-WH/Auto-Evol-Instruct, `optimizer.py` (`calevol_metrics`, `main`). Items without an answer stay in
    the denominator here (a bad item is a row), where the code divides by the survivors.
    """

    def __call__(self, step: int, standings: Sequence[Standing], dev: Sequence[Seed]) -> Decision:
        """Accept by (success >= incumbent's) and (success x length ratio >= incumbent's)."""
        success = [sum(standing.values(dev)) / len(dev) for standing in standings]
        ratios = [_length_ratio([s.trajectories[seed.id] for seed in dev]) for s in standings]
        scores = [rate * ratio for rate, ratio in zip(success, ratios, strict=True)]
        figures = tuple(
            {"success_rate": rate, "length_ratio": ratio, "score": score}
            for rate, ratio, score in zip(success, ratios, scores, strict=True)
        )
        order = sorted(range(1, len(standings)), key=lambda index: (-scores[index], index))
        for index in order:
            if success[index] >= success[0] and scores[index] >= scores[0]:
                label = standings[index].contestant.label
                reason = f"{label} scores {scores[index]:.3f} (success x length), the incumbent {scores[0]:.3f}."
                return Decision(index, reason, figures)
        return Decision(None, f"No candidate reached the incumbent's {scores[0]:.3f} on both figures.", figures)


@dataclass(frozen=True, slots=True)
class PairedEvidence:
    """A change needs evidence: paired on the same items, at a level spent over all steps and candidates.

    Args:
        alpha: level of one comparison (the run's level over steps x candidates: a Bonferroni bound).
        margin: gain in mean score that must be exceeded.
        least: under so many items nothing is decided.
        run_seed: names the generator of the bootstrap intervals.
    """

    alpha: float
    margin: float
    least: int
    run_seed: int

    def __call__(self, step: int, standings: Sequence[Standing], dev: Sequence[Seed]) -> Decision:
        """Accept the best of those that are better beyond doubt."""
        incumbent, *candidates = standings
        old = incumbent.values(dev)
        figures: list[dict[str, Any]] = [{"mean": incumbent.mean}]
        proven: list[tuple[float, int]] = []
        for index, candidate in enumerate(candidates, start=1):
            if candidate.dropped_at is not None:
                figures.append({"mean": candidate.mean, "dropped_at": candidate.dropped_at})
                continue
            comparison = self._compare(step, index, old, candidate.values(dev))
            figures.append({"mean": candidate.mean, **asdict(comparison)})
            if comparison.better:
                proven.append((-comparison.difference, index))
        if len(dev) < self.least:
            reason = f"Kept the incumbent: {len(dev)} dev items are too few to decide (at least {self.least})."
            return Decision(None, reason, tuple(figures), undecidable=True)
        if not proven:
            return Decision(None, "Kept the incumbent: no candidate is better beyond doubt.", tuple(figures))
        gain, best = min(proven)
        label = standings[best].contestant.label
        return Decision(best, f"{label} is better by {-gain:.3f} in mean score (p = {figures[best]['p']:.2g}).",
                        tuple(figures))  # fmt: skip

    def _compare(self, step: int, index: int, old: Sequence[float], new: Sequence[float]) -> Comparison:
        rng = generator(self.run_seed, f"bootstrap/{step}", index)
        return compare_paired(old, new, alpha=self.alpha, margin=self.margin, rng=rng)


def _length_ratio(trajectories: Sequence[Trajectory]) -> float:
    """Mean characters of the responses over mean characters of the evolved instructions."""
    asked = sum(len(trajectory.evolved or "") for trajectory in trajectories)
    answered = sum(len(trajectory.response or "") for trajectory in trajectories)
    return answered / asked if asked else 0.0
