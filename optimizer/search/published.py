"""The rules of the published loop, each with the quirks that change it: decision, failure, items of a step.

Sources: Auto Evol-Instruct (arXiv 2406.00770), section 3.3 and eq. 2; Zeng-WH/Auto-Evol-Instruct, `optimizer.py`
(`calevol_metrics`, `main`). Which profile has which quirk is said in optimizer/record/quirks.py, what is published and
what is excluded in docs/profiles.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..dataset.draws import generator
from ..dataset.seed import Seed
from ..dataset.split import Split
from ..scoring.item import ItemScore
from .decision import Decision
from .evaluate import Standing
from .trajectory import Trajectory

__all__ = ["Forward", "ItemsOf", "ObservedRate", "batches_of", "dev_slices", "is_lost", "no_failure"]

ItemsOf = Callable[[Split, int], Sequence[Seed]]
"""The seeds that a step looks at."""

Forward = Literal["none", "quarter", "slice"]
"""How far the dev items of a step go on from those of the step before."""

_ANSWERED = frozenset({"", "unreadable", "truncated", "empty"})  # faults of a call that gave an answer, if a bad one


@dataclass(frozen=True, slots=True)
class ObservedRate:
    """The best observed rate decides; a difference of one item is enough.

    Plain: the lowest failure rate wins (the paper's eq. 2), the incumbent competes and wins ties, then the earlier
    candidate; the denominator is all of dev. The quirks:

    Args:
        length_ratio: rates of success are multiplied by the ratio of mean answer length to mean instruction length,
            and neither may fall: the first in the order of the products whose both figures reach the incumbent's.
        ties: to reach the incumbent is enough; else a candidate must exceed it.
        survivors: items that a failed call lost are in no rate and no length. They stay in the record.
        candidates_only: the incumbent does not compete; the first in the order replaces it in any case.
    """

    length_ratio: bool = False
    ties: bool = False
    survivors: bool = False
    candidates_only: bool = False

    def __call__(
        self, step: int, standings: Sequence[Standing], dev: Sequence[Seed], past: Sequence[Decision]
    ) -> Decision:
        """Compare what was observed; the first standing is the incumbent's."""
        figures = [self._figures(standing, dev) for standing in standings]
        success = [figure["success_rate"] if self.length_ratio else 1 - figure["failure_rate"] for figure in figures]
        aims = [figure["score"] for figure in figures] if self.length_ratio else success
        order = sorted(range(1, len(standings)), key=lambda index: (-aims[index], index))
        for index in order:
            if self.candidates_only or self._reaches(success, aims, index):
                return self._accept(standings, figures, aims, index)
        reason = (
            f"No candidate reached the incumbent's {aims[0]:.3f} on both figures."
            if self.length_ratio
            else f"No candidate failed less than the incumbent ({1 - success[0]:.1%})."
        )
        return Decision(None, reason, tuple(figures))

    def _figures(self, standing: Standing, dev: Sequence[Seed]) -> dict[str, Any]:
        items = [standing.trajectories[seed.id] for seed in dev]
        counted = [item for item in items if not is_lost(item)] if self.survivors else items
        passed = sum(standing.scores[item.seed.id] for item in counted)
        rate = passed / len(counted) if counted else 0.0
        figures: dict[str, Any] = {"survivors": len(counted)} if self.survivors else {}
        if not self.length_ratio:
            return {"failure_rate": 1 - rate, **figures}
        ratio = _length_ratio(counted)
        return {"success_rate": rate, "length_ratio": ratio, "score": rate * ratio, **figures}

    def _reaches(self, success: Sequence[float], aims: Sequence[float], index: int) -> bool:
        if success[index] < success[0]:
            return False
        return aims[index] > aims[0] or (self.ties and aims[index] == aims[0])

    def _accept(
        self, standings: Sequence[Standing], figures: Sequence[dict[str, Any]], aims: Sequence[float], index: int
    ) -> Decision:
        contestant = standings[index].contestant
        if contestant.method.id == standings[0].contestant.method.id:
            # Taking the old method again is keeping it, and is not to be counted as a change.
            return Decision(None, f"{contestant.label} was the first to be taken, and is the old method again.",
                            tuple(figures))  # fmt: skip
        if self.length_ratio:
            reason = f"{contestant.label} scores {aims[index]:.3f} (success x length), the incumbent {aims[0]:.3f}."
        else:
            reason = f"{contestant.label} failed on {1 - aims[index]:.1%}, the incumbent on {1 - aims[0]:.1%}."
        if self.candidates_only:
            reason += " The incumbent did not compete."
        return Decision(index, reason, tuple(figures))


def is_lost(item: Trajectory) -> bool:
    """Whether a call that gave no answer at all (stopped by a filter, too long, unanswerable) ended the item."""
    return item.fault not in _ANSWERED or (item.response is None and item.response_fault not in _ANSWERED)


def no_failure(item: Trajectory) -> ItemScore:
    """The published score: 0 where a rule fired or where there is no evolution or no answer, else 1."""
    bad = bool(item.findings) or item.evolved is None or item.response is None
    return ItemScore(0.0 if bad else 1.0)


def dev_slices(run_seed: int, size: int, forward: Forward, *, overlapping: bool) -> ItemsOf:
    """The dev items of a step: a slice of the held-out seeds, or of a shuffled copy of train and dev together.

    Our own slices go on by a quarter of the pool: another quarter chooses the leader, so that ten steps do not fit
    their choice to the same few items, and the incumbent has met most of a slice before. The code goes on by a whole
    slice and ends with an error where they run out; here they begin again. The test split is in no pool (design,
    section 7).

    Args:
        run_seed: names the shuffle.
        size: items of a slice.
        forward: how far each step goes on.
        overlapping: whether the pool has the seeds of the batches too.
    """

    def dev_of(split: Split, step: int) -> Sequence[Seed]:
        pool = _pool(run_seed, "dev-slices", split) if overlapping else list(split.dev)
        by = {"none": 0, "quarter": max(1, len(pool) // 4), "slice": size}[forward]
        return _slice(pool, step * by, size)

    return dev_of


def batches_of(run_seed: int, size: int, *, in_turn: bool, overlapping: bool) -> ItemsOf:
    """The seeds of a step's batch: a fresh sample of train, or the next slice of it in a shuffled order.

    Args:
        run_seed: names the draws.
        size: seeds of a batch.
        in_turn: whether the batches are slices, so that no seed comes up again before all did.
        overlapping: whether the held-out seeds of dev are among them.
    """

    def batch_of(split: Split, step: int) -> Sequence[Seed]:
        pool = _pool(run_seed, "batch-slices", split) if overlapping else list(split.train)
        if in_turn:
            return _slice(pool, step * size, size)
        return generator(run_seed, "batch", step).sample(pool, min(size, len(pool)))

    return batch_of


def _pool(run_seed: int, purpose: str, split: Split) -> list[Seed]:
    pool = [*split.train, *split.dev]
    generator(run_seed, purpose).shuffle(pool)
    return pool


def _slice(pool: Sequence[Seed], start: int, size: int) -> list[Seed]:
    return [pool[(start + offset) % len(pool)] for offset in range(min(size, len(pool)))]


def _length_ratio(items: Sequence[Trajectory]) -> float:
    """Mean characters of the answers over mean characters of the evolved instructions."""
    asked = sum(len(item.evolved or "") for item in items)
    answered = sum(len(item.response or "") for item in items)
    return answered / asked if asked else 0.0
