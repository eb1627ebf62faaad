"""What waits for one model: small records in a fair order, never tasks.

Agents share by start-time fair queueing (Goyal, Vin and Cheng, 1996): each call gets a tag, the virtual time at which
its share's calls before it are served; the smallest tag is next. So one agent's thousand calls do not make another's
first one wait, and as the head stays the head until it passes, a heavy call is not passed by light ones for ever.
Urgent calls (the optimizer's critical path) go first, but never more than four in a row while others wait.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, Protocol, TypeVar

__all__ = ["Line", "Waiting"]

_URGENT_IN_A_ROW = 4


class Waiting(Protocol):
    """What can wait in a line."""

    @property
    def gone(self) -> bool:
        """Whether nobody wants it any more."""
        ...

    @property
    def share(self) -> str:
        """Whose call it is; calls of one share are served in their order."""
        ...

    @property
    def weight(self) -> float:
        """What it takes, in any unit that is the same for all."""
        ...

    @property
    def urgent(self) -> bool:
        """Whether it goes before what is not."""
        ...


ItemT = TypeVar("ItemT", bound=Waiting)


class _Share(Generic[ItemT]):
    __slots__ = ("items", "tag")

    def __init__(self, tag: float) -> None:
        self.items: deque[ItemT] = deque()
        self.tag = tag


class Line(Generic[ItemT]):
    """The line. `head` and `pop` skip what is gone."""

    def __init__(self) -> None:
        self._shares: dict[str, _Share[ItemT]] = {}
        self._urgent: deque[ItemT] = deque()
        self._urgent_run = 0
        self._virtual = 0.0
        self._count = 0
        self._chosen: _Share[ItemT] | None = None

    def __len__(self) -> int:
        return self._count

    def push(self, item: ItemT, *, again: bool = False) -> None:
        """Put it at the end of its share, or, where it has waited before, at the front."""
        self._count += 1
        if item.urgent:
            items = self._urgent
        else:
            share = self._shares.get(item.share)
            if share is None:
                share = self._shares[item.share] = _Share(self._virtual)
            if not share.items:
                # A share that was idle has saved nothing up.
                share.tag = max(share.tag, self._virtual)
            items = share.items
        if again:
            items.appendleft(item)
        else:
            items.append(item)

    def head(self) -> ItemT | None:
        """What is next, or None."""
        self._skim(self._urgent)
        first: _Share[ItemT] | None = None
        for share in self._shares.values():
            self._skim(share.items)
            if share.items and (first is None or share.tag < first.tag):
                first = share
        if self._urgent and (first is None or self._urgent_run < _URGENT_IN_A_ROW):
            self._chosen = None
            return self._urgent[0]
        self._chosen = first
        return first.items[0] if first is not None else None

    def pop(self) -> ItemT:
        """Take out what `head` has just shown."""
        self._count -= 1
        if self._chosen is None:
            self._urgent_run += 1
            return self._urgent.popleft()
        self._urgent_run = 0
        share = self._chosen
        item = share.items.popleft()
        self._virtual = share.tag
        share.tag += item.weight
        return item

    def remove(self, item: ItemT) -> None:
        """Take out one that waits, wherever it stands."""
        share = self._shares.get(item.share)
        items = self._urgent if item.urgent else share.items if share is not None else None
        if items is not None and item in items:
            items.remove(item)
            self._count -= 1

    def drain(self) -> list[ItemT]:
        """Take out all that waits, in order of service."""
        items: list[ItemT] = []
        while self.head() is not None:
            items.append(self.pop())
        return items

    def _skim(self, items: deque[ItemT]) -> None:
        while items and items[0].gone:
            items.popleft()
            self._count -= 1
