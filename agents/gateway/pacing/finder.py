"""Finding a limit that nobody told, or told wrong: additive increase and multiplicative decrease on the *rate*.

Calls in flight follow from rate times latency, so it is the rate that is adapted. The level is a share of the known
limits (at most 1), or, where none is known, calls a second. It moves so:

- a start by doubling, four times a second, for as long as all that it allows is used and nothing is turned away;
- a cut once an episode: calls that were sent before the last cut tell nothing new. One call turned away among many
  lowers the level a little (some providers say 429 now and then for reasons of their own); several in a row lower it
  to what was let through since the first of them, which is the limit itself;
- between cuts the level follows a cubic curve (as TCP CUBIC does, RFC 9438): quickly back to just under the level that
  failed, slowly past it, then faster, so that a limit that came back up is found within half a minute.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["RateFinder", "Sent"]

_TICK_S, _TICK_CALLS, _TICK_MOST_S = 0.5, 4, 3.0
_FIRST_LEVEL, _START_TICK_S = 4.0, 0.25
# Share of what was allowed that must have been used for a higher level to make sense.
_USED = 0.7
# The cubic curve doubles the plateau so many seconds past it; slower calls make it slower, so that between two cuts
# there are so many calls at least, but not more than so many times slower.
_DOUBLED_S = 10.0
_CYCLE_CALLS, _CYCLE_S, _SLOWEST = 50, 10.0, 3.0
# One call turned away after so many that were not is no sign of a level too high: some providers say 429 for reasons
# of their own, and a limit is best used where it is just felt.
_TOLERATED_AFTER = 70
_CHANCE_AFTER = 105
_GAP_SMOOTHING = 0.1
# What was let through since the last cut is the limit itself, once it is enough to be told from chance.
_MEASURED_S, _MEASURED_CALLS = 0.3, 5
_LONGEST_PAUSE_S = 30.0
_LARGEST_CUT = 0.15
_LEAST_LEVEL = 1e-3
_MOST_LEVEL = 1e6


@dataclass(slots=True)
class Sent:
    """What the finder wants to know again of a call that was sent: when, the how many-th, and spans up to it."""

    at: float
    serial: int
    spans: float


class RateFinder:
    """The level of one account and model.

    Args:
        ceiling: 1.0 where limits are known; None where none is, and the level is in calls a second.
        now: seconds of the clock.
        free: start without a bound (calls in flight are bounded by the person) instead of carefully.

    Attributes:
        level: the share of the limits, or calls a second; infinite while there is no bound.
        cuts: how often it was lowered.
        calls_per_s: calls that were sent a second, smoothed.
        fellows: how many processes use what the level allows; it is that of them together.
    """

    def __init__(self, ceiling: float | None, now: float, *, free: bool = False) -> None:
        self._ceiling = ceiling
        self.level = ceiling if ceiling is not None else float("inf") if free else _FIRST_LEVEL
        self.cuts = 0
        self.fellows = 1
        self._starting = ceiling is None and not free
        self._plateau = self.level
        self._curve_from = now
        self._knee = 0.0
        self._steep = 1 / _DOUBLED_S**3
        self._ticked = now
        self._ticked_spans = 0.0
        self._ticked_serial = 0
        self._serial = 0
        self._spans = 0.0
        self._cut_at = float("-inf")
        self._cut_serial = 0
        self._began = now
        self._metered = Sent(now, 0, 0.0)
        self._refused = 0.0
        self._rested = 0.0
        self._idle = False
        self._paused_until = now
        self._hasty = False
        self._short = 0
        self._mute = 0
        self.calls_per_s = 0.0
        self._gap = 2.0 * _TOLERATED_AFTER if ceiling is not None else 10.0

    @property
    def starting(self) -> bool:
        """Whether nothing is found yet."""
        return self._starting

    def pause(self, wait: float) -> float:
        """Seconds for which nothing should be sent after an episode began.

        One call turned away among many must not hold up the others, however long it is told to wait itself; one that
        is followed by nothing but such must. A short rest in between shows what is let through.

        Args:
            wait: what the provider asks for, or our own first guess.
        """
        if self._mute > 2:
            # Some say one second and mean the rest of the minute.
            pause = max(wait, min(_LONGEST_PAUSE_S, 2.0 ** (self._mute - 2)))
        elif self._mute:
            pause = min(wait, 0.5 if self._mute == 1 else 2.0)
        else:
            pause = min(wait, _MEASURED_S) if self._hasty else 0.0
        end = self._cut_at + pause
        self._rested += max(0.0, end - max(self._paused_until, self._cut_at))
        self._paused_until = max(self._paused_until, end)
        return pause

    def sent(self, span: float, now: float) -> Sent:
        """A call goes out. Its span is the seconds that it takes of the limits at level 1; 1 where none is known."""
        self._serial += 1
        self._spans += span
        return Sent(now, self._serial, self._spans)

    def unsent(self, span: float) -> None:
        """It did not go out after all."""
        self._spans -= span

    def tick(self, now: float, *, may_grow: bool = True) -> None:
        """Move the level where its time has come. Cheap enough to be called at every send.

        Args:
            now: seconds of the clock.
            may_grow: False while the endpoint shows that it is at its end in another way (it gets slower).
        """
        passed = now - self._ticked
        if passed < (_START_TICK_S if self._starting else _TICK_S):
            return
        if not self._starting and passed * self.calls_per_s < _TICK_CALLS and passed < _TICK_MOST_S:
            return
        used = self.fellows * (self._spans - self._ticked_spans) / (self.level * passed)
        rate = (self._serial - self._ticked_serial) / passed
        self.calls_per_s += 0.2 * (rate - self.calls_per_s) if self.calls_per_s else rate
        self._ticked, self._ticked_spans, self._ticked_serial = now, self._spans, self._serial
        if used < _USED or not may_grow:
            # Not at the limit, so this time teaches nothing about it: the curve waits.
            self._curve_from += passed
            self._idle = self._idle or (used < _USED / 2 and now - passed >= self._paused_until)
        elif self._starting:
            self.level = min(self.level * 2, _MOST_LEVEL)
        elif self.level != float("inf"):
            self._climb(now)

    def _climb(self, now: float) -> None:
        level = self._plateau * (1 + self._steep * (now - self._curve_from - self._knee) ** 3)
        level = min(level, self.level * 1.1, self._ceiling or _MOST_LEVEL)
        self.level = max(self.level, level)

    def turned_away(self, call: Sent, span: float, now: float) -> bool:
        """A call came back as too fast.

        Returns:
            Whether a new episode begins with it, and the level was lowered.
        """
        self._refused += span
        if call.at < self._cut_at:
            return False
        # Only what was sent after the last cut says anything about the level since.
        clean = call.serial - self._cut_serial - 1
        self._mute = self._mute + 1 if self.cuts and not clean else 0
        self._gap += _GAP_SMOOTHING * (min(clean, 10 * _TOLERATED_AFTER) - self._gap)
        self._hasty = False
        if self._starting:
            # It doubled into the limit: the level before is the last that was fine.
            self._plateau, self.level = self.level / 1.5, self.level / 2
            self._hasty = True
        elif not self._mute:
            # Where nothing at all comes through it is shut, and that says nothing about how fast it would be.
            self._cut(call, clean)
        if not self._mute:
            self._metered = call
            self._refused = span
            self._rested = 0.0
            self._idle = False
        self.level = max(self.level, _LEAST_LEVEL)
        self._plateau = max(self._plateau, self.level)
        self._starting = False
        self.cuts += 1
        self._cut_at, self._cut_serial = now, self._serial
        self._set_curve(now)
        return True

    def _cut(self, call: Sent, clean: int) -> None:
        """Lower the level to what was let through since the last cut, or, where that is not known, a little."""
        # A bucket that was empty fills in a rest, but not for longer than a second. Where hardly any were turned away
        # before it was not empty.
        chance = self._gap >= _CHANCE_AFTER
        rested = self._rested if chance else max(0.0, self._rested - 1.0)
        passed = max(call.at - self._metered.at - rested, 1e-9)
        through = self.fellows * max(0.0, call.spans - self._metered.spans - self._refused) / passed
        if self.level == float("inf"):
            self.level = self._plateau = max(1.0, call.spans / max(call.at - self._began, 0.1))
            self._hasty = True
        if passed >= _MEASURED_S and (clean >= _MEASURED_CALLS or passed * self.calls_per_s >= _MEASURED_CALLS):
            if through < 0.85 * self.level and not self._idle:
                self._plateau = max(through, self.level * 0.1)
                self.level = self._plateau * 0.95
                return
        elif clean < _MEASURED_CALLS:
            # Once may be chance, and twice where hardly any were turned away before.
            self._short += 1
            if self._short > (2 if self._gap >= _TOLERATED_AFTER else 1):
                self._hasty = True
                self._plateau, self.level = self.level * 0.9, self.level * 0.7
                return
        else:
            self._short = 0
        self._plateau = self.level
        if self._gap < _TOLERATED_AFTER:
            self.level *= 1 - min(_LARGEST_CUT, 1.5 / (self._gap + 1))

    def _set_curve(self, now: float) -> None:
        self._curve_from = now
        self._ticked, self._ticked_spans, self._ticked_serial = now, self._spans, self._serial
        slower = _CYCLE_CALLS / (_CYCLE_S * self.calls_per_s) if self.calls_per_s else 1.0
        self._steep = 1 / (_DOUBLED_S * min(_SLOWEST, max(1.0, slower))) ** 3
        gap = max(0.0, 1 - self.level / self._plateau)
        self._knee = (gap / self._steep) ** (1 / 3)

    def adopt(self, level: float, now: float) -> None:
        """Take a level that another process has found for the same account."""
        if self._ceiling is not None:
            level = min(level, self._ceiling)
        if level >= self.level:
            # The curve goes on: it is a function of time, so that several who climb do not climb faster.
            self.level = level
            if self._starting:
                self._ticked, self._ticked_spans, self._ticked_serial = now, self._spans, self._serial
            return
        # It was cut there, and what is out here tells of the same episode.
        self._plateau = self.level if level > 0.85 * self.level and not self._starting else level / 0.95
        self.level = level
        self._starting = False
        self._cut_at, self._cut_serial = now, self._serial
        self._metered, self._refused, self._idle = Sent(now, self._serial, self._spans), 0.0, False
        self._set_curve(now)

    def renew(self, ceiling: float | None, now: float) -> None:
        """The limits themselves are others now: what was learned about the old ones is forgotten.

        Args:
            ceiling: 1.0 where limits are known; None where none is any more, which keeps the level.
        """
        if ceiling is None:
            return
        self._ceiling = ceiling
        self.level = self._plateau = ceiling
        self._starting = False
        self._set_curve(now)
