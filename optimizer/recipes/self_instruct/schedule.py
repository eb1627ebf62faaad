"""What is asked next, as a function of what was known `window` journeys before: never of when answers came.

Everything that the recipe asks is one numbered row of journeys: requests for new tasks, and tasks on their way to
instances. Journey i is decided on with the results of all journeys before i − W, and of none after, so that the row is
the same however many calls are under way at once. Only where nothing sensible is left to ask at that state of
knowledge, the next result is waited for, which is again the same in every course.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal

__all__ = ["Known", "Result", "Schedule"]

_PRIOR = 2  # calls' worth of hope before there is experience


@dataclass(frozen=True, slots=True)
class Result:
    """What a delivered journey taught.

    Args:
        kind: a request for tasks, or a task on its way.
        admitted: new tasks that came into the pool and are to be sent on their way.
        made: tasks that have an instance now.
    """

    kind: Literal["invent", "task"]
    admitted: int = 0
    made: int = 0


@dataclass(slots=True)
class Known:
    """What is known at a point: sums over the journeys delivered up to there."""

    journeys: int = 0
    requests: int = 0
    admitted: int = 0
    found: int = 0
    """New tasks out of requests, whether they are whole already or have a way to go."""
    ended: int = 0
    finished: int = 0
    """Tasks that came to an instance on their way."""
    made: int = 0
    barren: int = 0
    """Requests in a row that gave nothing."""

    def learn(self, result: Result) -> None:
        """One more journey."""
        self.journeys += 1
        if result.kind == "invent":
            self.requests += 1
            self.admitted += result.admitted
            self.found += result.admitted + result.made
            self.barren = 0 if result.admitted or result.made else self.barren + 1
        else:
            self.ended += 1
            self.finished += result.made
        self.made += result.made


class Schedule:
    """Says journey after journey what it is.

    Args:
        count: tasks that are wanted.
        per_call: tasks that a request asks for.
        window: W.
        patience: requests in a row that gave nothing, after which no more are made.
    """

    def __init__(self, count: int, per_call: int, window: int, patience: int) -> None:
        self._count, self._per_call, self._window, self._patience = count, per_call, window, patience
        self._results: deque[Result] = deque()
        self._delivered = 0
        self._issued = 0
        self._requested = 0
        self._sent = 0
        self.known = Known()

    def deliver(self, result: Result) -> None:
        """The next journey in order has ended."""
        self._results.append(result)
        self._delivered += 1

    @property
    def wants(self) -> Literal["invent", "task", "wait", "end"]:
        """What the next journey is; `wait` for one more result, or the end. Learns what may be known by now."""
        while self.known.journeys < self._issued - self._window:
            if not self._results:
                return "wait"
            self.known.learn(self._results.popleft())
        while True:
            choice = self._choice()
            if choice != "wait" or not self._results:
                return choice
            self.known.learn(self._results.popleft())

    def issue(self, kind: Literal["invent", "task"]) -> None:
        """The next journey is on its way."""
        self._issued += 1
        if kind == "invent":
            self._requested += 1
        else:
            self._sent += 1

    @property
    def sent(self) -> int:
        """Tasks that were sent on their way."""
        return self._sent

    def _choice(self) -> Literal["invent", "task", "wait", "end"]:
        known = self.known
        under_way = self._sent - known.ended
        waiting = known.admitted - self._sent
        if waiting > 0 and known.made + under_way < self._count:
            return "task"
        if known.barren < self._patience and self._expected(under_way, waiting) < self._count - known.made:
            return "invent"
        return "end" if known.journeys == self._issued else "wait"

    def _expected(self, under_way: int, waiting: int) -> float:
        """Tasks that what was asked so far will still give, going by experience; hopeful where there is none."""
        known = self.known
        share = (known.finished + _PRIOR) / (known.ended + _PRIOR)
        fruit = (known.found + _PRIOR * self._per_call) / (known.requests + _PRIOR)
        on_way = share * (under_way + waiting)
        return on_way + (share if known.admitted or not known.made else 1.0) * fruit * (
            self._requested - known.requests
        )
