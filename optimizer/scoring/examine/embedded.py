"""The embedding of an evolved text as a check: it finds nothing, and lets the diversity of a method be measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ....agents.messages import EmbedTask, RoleName
from .exam import Item, Report

__all__ = ["PLACE", "Embeds"]

PLACE = "embedding"


@dataclass(frozen=True, slots=True)
class Embeds:
    """Has the evolved text embedded, once."""

    @property
    def name(self) -> str:
        """Its name in the settings."""
        return "embedding"

    @property
    def price(self) -> Mapping[RoleName, float]:
        """Calls that one item costs at most."""
        return {"embedder": 1}

    def next_tasks(self, item: Item) -> Sequence[EmbedTask]:
        """The text, where it was not asked yet."""
        if PLACE in item.replies:
            return ()
        return (EmbedTask(id=item.name(PLACE), stage=item.stage, text=item.evolved.text),)

    def report(self, item: Item) -> Report:
        """Nothing: what it is for is a matter of all texts of a method together (optimizer/search/profile.py)."""
        return Report()
