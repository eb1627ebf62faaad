"""Brings news to one tracker, in a thread of its own: the run neither waits for it nor falls with it.

What goes wrong is said once in a session and tried again later, after a pause that grows. Calls that cannot be kept
because too many wait are dropped and counted; all other news are few. At the end of a session, when the report is
written and the run's lock is free, what is left is brought (see `Trackers.close`).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Protocol

from ...agents.gateway.errors import AutoEvolError
from ..record.keys import hide_keys
from .news import CallEnded, News

__all__ = ["Courier", "Tracker"]

_MOST_WAITING = 5_000
_SEND_EVERY_S = 2.0
_PAUSE_S, _LONGEST_PAUSE_S = 15.0, 600.0
_LONGEST = 300


class Tracker(Protocol):
    """Who is told. Used by one thread alone; made there, so what is heavy is imported there."""

    def hear(self, news: News) -> None:
        """Remember it; nothing is sent."""
        ...

    def send(self, *, last: bool) -> None:
        """Send what is not sent yet. May raise anything; then it is called again later.

        Args:
            last: the session is over and all its files are written.
        """
        ...


class Courier:
    """The thread of one tracker, which begins to work with the first news.

    Args:
        name: of the tracker, for the person.
        make: makes the tracker.
        say: takes a line for the person.
        mends: whether a later session of the run brings what this one could not.
    """

    def __init__(
        self, name: str, make: Callable[[], Tracker], say: Callable[[str], None], *, mends: bool = True
    ) -> None:
        self._name = name
        self._make = make
        self._say = say
        self._mends = mends
        self._news: deque[News] = deque()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures = 0
        self._not_before = 0.0
        self._said = False
        self._dropped = 0

    def bring(self, news: News) -> None:
        """Take a piece of news; returns at once."""
        if isinstance(news, CallEnded) and len(self._news) >= _MOST_WAITING:
            self._dropped += 1
            return
        self._news.append(news)
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name=f"tracker {self._name}", daemon=True)
            self._thread.start()

    def finish(self) -> None:
        """The session is over: bring what is left. `wait` waits for it."""
        self._over.set()

    def wait(self, until: float) -> None:
        """Wait until all is brought, but not beyond this moment (of `time.monotonic`), and say what is missing."""
        if self._thread is None:
            return
        self._thread.join(max(0.0, until - time.monotonic()))
        again = " Resume the run to bring it." if self._mends else ""
        if self._thread.is_alive():
            self._say(f"{self._name} takes too long to hear the rest of this run.{again}")
        elif self._failures:
            self._say(f"{self._name} has not heard all of this run.{again}")
        if self._dropped:
            self._say(f"{self._name} is too slow: it was not told of {self._dropped:,} calls.")
        self._thread = None

    def _work(self) -> None:
        tracker = self._made()
        while True:
            over = self._listen(tracker)
            if tracker is not None and (over or time.monotonic() >= self._not_before):
                self._try(partial(tracker.send, last=over))
            if over:
                return

    def _listen(self, tracker: Tracker | None) -> bool:
        """Wait a while, then hear what came; True where the session is over.

        Not woken by each piece: to change threads for every call would cost the run more than the news themselves.
        """
        over = self._over.wait(_SEND_EVERY_S)
        while self._news:
            news = self._news.popleft()
            if tracker is not None:
                tracker.hear(news)
        return over

    def _made(self) -> Tracker | None:
        made: list[Tracker] = []
        self._try(lambda: made.append(self._make()))
        return made[0] if made else None

    def _try(self, act: Callable[[], None]) -> None:
        """The one boundary to code of others: whatever it raises is said once, and the run goes on."""
        try:
            act()
        except Exception as error:
            self._failures += 1
            self._not_before = time.monotonic() + min(_PAUSE_S * self._failures, _LONGEST_PAUSE_S)
            if not self._said:
                self._said = True
                self._say(f"{self._name} cannot be told how the run goes, which goes on all the same: {_words(error)}")
        else:
            self._failures = 0


def _words(error: Exception) -> str:
    """A line of an error, without keys."""
    text = str(error) if isinstance(error, AutoEvolError) else f"{type(error).__name__}: {error}"
    return hide_keys(" ".join(text.split()))[:_LONGEST]
