"""The judge as a check: the rubric once, the comparison in both orders, and now and then the same pair again.

Judges favour a position (order bias) and do not always agree with themselves (noise). Both orders balance the
first; how large either is in this run is measured on what is asked anyway.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ....agents.messages import Finding, JudgeTask, RoleName, Verdict
from ...dataset.draws import generator
from .exam import Item, Report

__all__ = ["AGAIN", "FIRST", "TURNED", "Judged", "refusals"]

FIRST, TURNED, AGAIN = "judge", "judge/turned", "judge/again"

_KINDS: Mapping[str, Literal["judged-invalid", "judged-incomplete", "judged-inconsistent", "judged-other-task"]] = {
    "valid": "judged-invalid",
    "self_contained": "judged-incomplete",
    "consistent": "judged-inconsistent",
    "intent_kept": "judged-other-task",
}
_HARDER = {"evolved": 1.0, "same": 0.5, "original": 0.0, None: 0.5}


@dataclass(frozen=True, slots=True)
class Judged:
    """Asks the judge.

    Args:
        orders: 1 shows each pair in one order, drawn by its place; 2 also in the other.
        repeats: share of the seeds whose pairs are shown once more in the first order.
        run_seed: names the generators.
    """

    orders: int
    repeats: float
    run_seed: int

    @property
    def name(self) -> str:
        """Its name in the settings."""
        return "judge"

    @property
    def price(self) -> Mapping[RoleName, float]:
        """Calls that one item costs at most."""
        return {"judge": self.orders + self.repeats}

    def next_tasks(self, item: Item) -> Sequence[JudgeTask]:
        """The first look; then the other order, where the first did not refuse, and the repeat, where it is drawn."""
        swap = generator(self.run_seed, f"judge-order/{item.place}").random() < 0.5
        first = item.replies.get(FIRST)
        if FIRST not in item.replies:
            return (_task(item, FIRST, swap=swap),)
        if not isinstance(first, Verdict) or first.fault:
            return ()
        tasks: list[JudgeTask] = []
        if self.orders > 1 and not refusals(first) and TURNED not in item.replies:
            tasks.append(_task(item, TURNED, swap=not swap))
        if AGAIN not in item.replies and self._drawn(item):
            tasks.append(_task(item, AGAIN, swap=swap, sample=1))
        return tasks

    def report(self, item: Item) -> Report:
        """Refusals of the first look as findings; `harder` as the mean of both orders.

        What the judge did not say counts as undecided (0.5): an item whose judge failed must not do better than one
        that was judged.
        """
        first = item.replies.get(FIRST)
        if first is None:
            return Report()
        if not isinstance(first, Verdict):
            return Report(measures=MappingProxyType({"harder": 0.5}))
        looks = [first, *(reply for reply in (item.replies.get(TURNED),) if isinstance(reply, Verdict))]
        harder = sum(_HARDER[look.harder] for look in looks) / len(looks)
        return Report(refusals(first), MappingProxyType({"harder": harder}))

    def _drawn(self, item: Item) -> bool:
        return generator(self.run_seed, f"judge-again/{item.seed_id}").random() < self.repeats


def refusals(verdict: Verdict) -> tuple[Finding, ...]:
    """What the judge said no to, as findings with its evidence."""
    return tuple(
        Finding(kind, verdict.evidence, "judge") for field, kind in _KINDS.items() if getattr(verdict, field) is False
    )


def _task(item: Item, what: str, *, swap: bool, sample: int = 0) -> JudgeTask:
    return JudgeTask(
        id=item.name(what), stage=item.stage, sample=sample, original=item.original, evolved=item.evolved,
        response=item.response, swap=swap,
    )  # fmt: skip
