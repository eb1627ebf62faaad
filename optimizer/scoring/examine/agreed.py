"""Agreement of several answers as a check: where they all differ, the text is ill-posed or beyond its answerer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ....agents.messages import Answered, AnswerTask, RoleName
from ..agreement import agreement, agreement_finding
from .exam import Item, Report

__all__ = ["Agreed"]


@dataclass(frozen=True, slots=True)
class Agreed:
    """Compares answers of the responder (self-consistency, Wang et al. 2022; no gold answer is needed).

    Args:
        answers: how many, the first one included.
        least: share of them that must be the same.
    """

    answers: int
    least: float

    @property
    def name(self) -> str:
        """Its name in the settings."""
        return "agreement"

    @property
    def price(self) -> Mapping[RoleName, float]:
        """Calls that one item costs at most."""
        return {"responder": self.answers - 1}

    def next_tasks(self, item: Item) -> Sequence[AnswerTask]:
        """The further answers to the same instruction, each drawn anew."""
        return [
            AnswerTask(id=item.name(what), stage=item.stage, sample=number - 1, instruction=item.evolved)
            for number in range(2, self.answers + 1)
            if (what := f"answer/{number}") not in item.replies
        ]

    def report(self, item: Item) -> Report:
        """A finding where too few agree; nothing where the answers cannot be compared."""
        others = [
            reply.text
            for number in range(2, self.answers + 1)
            if isinstance(reply := item.replies.get(f"answer/{number}"), Answered) and not reply.fault
        ]
        if not others:
            return Report()
        found = agreement([item.response, *others], item.evolved.language)
        if not found.comparable:
            return Report()
        finding = agreement_finding(found, self.least)
        return Report((finding,) if finding else (), MappingProxyType({"agreement": found.share}))
