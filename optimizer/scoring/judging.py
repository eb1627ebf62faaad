"""The judge is judged: what it said in a run is counted, so that its noise and its order bias can be told.

The same pair shown twice in the same order gives the noise floor; the same pair in both orders gives the order bias
(known of judges: Zheng et al. 2023, section 3.3). A gain that is smaller than either is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ...agents.messages import Failed, JudgeTask, Message, Verdict
from .judge_health import FIELDS, NAMED, RUBRIC, JudgeHealth
from .rates import Rate

__all__ = ["JudgeTally", "Look", "looks_of"]


@dataclass(frozen=True, slots=True)
class Look:
    """One time that a pair was shown: in which order, as which draw, and what came. None: the call gave nothing.

    `key` names the call, so that an answer that is taken from the journal again is counted once.
    """

    swap: bool
    sample: int
    verdict: Verdict | None
    key: str = ""


def looks_of(messages: Sequence[Message]) -> tuple[Look, ...]:
    """The looks of the judge in one journey (tasks, each with its reply behind it somewhere)."""
    replies = {each.parent: each for each in messages if isinstance(each, Verdict | Failed)}
    found: list[Look] = []
    for task in messages:
        if isinstance(task, JudgeTask) and task.id in replies:
            reply = replies[task.id]
            key = reply.calls[-1].key if reply.calls else ""
            found.append(Look(task.swap, task.sample, reply if isinstance(reply, Verdict) else None, key))
    return tuple(found)


@dataclass(slots=True)
class JudgeTally:
    """What a judge said, counted item by item; a few numbers however long the run.

    Items may come again (a step that draws seeds of an earlier one): by its calls each is counted once.
    """

    counts: Counter[str] = field(default_factory=Counter[str])
    _seen: set[str] = field(default_factory=set[str])

    def add(self, looks: Sequence[Look]) -> None:
        """Count the looks at one pair: any number of orders and draws."""
        keys = {look.key[:24] for look in looks if look.key}
        if not looks or keys & self._seen:
            return
        self._seen |= keys
        self.counts["items"] += 1
        for look in looks:
            self._one(look)
        readable = {(look.swap, look.sample): look.verdict for look in looks if _readable(look.verdict)}
        for swap in (False, True):
            draws = [verdict for (order, _), verdict in sorted(readable.items()) if order is swap and verdict]
            for again in draws[1:]:
                self._repeat(draws[0], again)
        first = [readable.get((swap, 0)) for swap in (False, True)]
        if first[0] and first[1]:
            self._turn(first[0], first[1])

    def health(self, judge: str = "", evolver: str = "") -> JudgeHealth:
        """What it comes to.

        Args:
            judge, evolver: names of their models; empty where there is nothing to compare.
        """
        counts = self.counts
        readable, repeats = counts["readable"], counts["repeats"]

        def fields(what: str, of: int) -> Mapping[str, Rate]:
            return MappingProxyType({name: Rate(counts[f"{what}/{name}"], of) for name in FIELDS})

        return JudgeHealth(
            items=counts["items"], looks=counts["looks"], pairs=counts["pairs"], repeats=repeats,
            noise=fields("noise", repeats), abstained=fields("abstained", readable),
            named=MappingProxyType({name: Rate(counts[f"harder/{name}"], readable) for name in NAMED}),
            flips=Rate(counts["flips"], counts["compared"]),
            first_wins=counts["first"], second_wins=counts["second"],
            no_answer=Rate(counts["no answer"], counts["looks"]),
            unreadable=Rate(counts["unreadable"], counts["looks"] - counts["no answer"]),
            ungrounded=Rate(counts["ungrounded"], counts["noes"]),
            refused=Rate(counts["refused"], readable), yes_to_all=Rate(counts["yes to all"], readable),
            judge=judge, evolver=evolver,
        )  # fmt: skip

    def _one(self, look: Look) -> None:
        counts, verdict = self.counts, look.verdict
        counts["looks"] += 1
        if verdict is None:
            counts["no answer"] += 1
            return
        if not _readable(verdict):
            counts["unreadable"] += 1
            return
        counts["readable"] += 1
        counts.update(f"abstained/{name}" for name in FIELDS if getattr(verdict, name) is None)
        counts[f"harder/{verdict.harder}"] += 1
        noes = [name for name in RUBRIC if getattr(verdict, name) is False]
        counts["refused"] += bool(noes)
        counts["ungrounded"] += len(verdict.ungrounded)
        counts["noes"] += len(noes) + len(verdict.ungrounded)
        counts["yes to all"] += all(getattr(verdict, name) is True for name in RUBRIC)

    def _repeat(self, one: Verdict, again: Verdict) -> None:
        self.counts["repeats"] += 1
        self.counts.update(f"noise/{name}" for name in FIELDS if getattr(one, name) != getattr(again, name))

    def _turn(self, plain: Verdict, swapped: Verdict) -> None:
        """`plain` saw the original first, `swapped` the evolved text."""
        counts = self.counts
        counts["pairs"] += 1
        if plain.harder is None or swapped.harder is None:
            return
        counts["compared"] += 1
        counts["flips"] += plain.harder != swapped.harder
        counts["first"] += (plain.harder, swapped.harder) == ("original", "evolved")
        counts["second"] += (plain.harder, swapped.harder) == ("evolved", "original")


def _readable(verdict: Verdict | None) -> bool:
    return verdict is not None and not verdict.fault
