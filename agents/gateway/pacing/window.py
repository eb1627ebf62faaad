"""Calls in flight where nobody names a limit: as many as the endpoint takes without getting slower.

A server of one's own (vLLM, say) never says 429: it queues, and everything only takes longer. So the window of calls in
flight opens by the answers that come (as TCP's slow start), and closes a little whenever the time that an answer takes
is twice what it took at best. Times are compared for each output token: long answers are not taken for slow ones.
"""

from __future__ import annotations

import statistics

__all__ = ["FIRST_WINDOW", "Window"]

FIRST_WINDOW = 16.0
_LEAST_WINDOW, _MOST_WINDOW = 4.0, 20_000.0
_OPENING, _WIDENING = 1.0, 0.05
_SLOW, _KEPT, _QUICK = 2.0, 1.7, 1.5
_CLOSING = 0.85
_EPOCH_S, _EPOCH_ANSWERS = 1.0, 8
# What an answer takes besides its tokens, in tokens.
_FIXED = 20
# The best time is forgotten slowly: the endpoint may be another tomorrow.
_FORGET = 1.001


class Window:
    """The bound of calls in flight of one account and model.

    Attributes:
        size: the bound.
        slow: whether the endpoint shows by its times that it has more than it can do.
        seconds: what an answer takes now, smoothed.
    """

    def __init__(self, now: float) -> None:
        self.size = FIRST_WINDOW
        self.slow = False
        self.seconds = 0.0
        self._best = float("inf")
        self._epoch_from = now
        self._times: list[float] = []
        self._found = False

    def answered(self, seconds: float, output_tokens: int, in_flight: int, now: float) -> None:
        """Take the time of an answer into account.

        Args:
            seconds: wall time of the attempt.
            output_tokens: of the answer.
            in_flight: calls that were in flight with it.
            now: seconds of the clock.
        """
        self.seconds += (seconds - self.seconds) * (0.1 if self.seconds else 1.0)
        self._times.append(seconds / (_FIXED + output_tokens))
        if in_flight + 1 >= 0.8 * self.size and not self.slow:
            # Twice as many in each round trip at first; once it was too much, a twentieth more in each.
            self.size = min(self.size + (_WIDENING if self._found else _OPENING), _MOST_WINDOW)
        if len(self._times) >= _EPOCH_ANSWERS and now - self._epoch_from >= max(_EPOCH_S, self.seconds):
            self._close_epoch(in_flight, now)

    def _close_epoch(self, in_flight: int, now: float) -> None:
        middle = statistics.median(self._times)
        self._times.clear()
        self._epoch_from = now
        self._best = min(self._best * _FORGET, middle)
        if middle > _SLOW * self._best:
            # By Little's law so many are worked on at once when none waits, and some more may wait.
            self.slow = self._found = True
            self.size = max(_LEAST_WINDOW, min(self.size, in_flight + 1) * max(0.3, _KEPT * self._best / middle))
        elif middle < _QUICK * self._best:
            self.slow = False

    def overloaded(self, in_flight: int) -> None:
        """The endpoint said that it has too much to do: a little less at once."""
        self.size = max(_LEAST_WINDOW, min(self.size, in_flight + 1) * _CLOSING)
