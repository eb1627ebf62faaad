"""What a person sees while a run is at work: a live panel on a terminal, plain lines elsewhere, or nothing.

Everything goes to stderr; stdout is for results. Texts from models are shown as text, never as markup or as control
sequences (design, law 8).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from ...agents.gateway.progress import Forecast, Progress
from .numbers import duration
from .progress_json import JsonWatcher
from .watcher import QuietWatcher, Watcher

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

__all__ = ["PlainWatcher", "QuietWatcher", "RichWatcher", "Watcher", "duration", "make_watcher", "pace_words"]

_PLAIN_EVERY_S = 10.0
_PACE_AFTER_S = 1.0  # the first calls of a session say nothing about its pace
_LAST = "apply"  # the part that ends a run, where it is made


def make_watcher(
    *, quiet: bool = False, steps: int | None = None, stream: TextIO | None = None, as_json: bool = False
) -> Watcher:
    """The watcher that suits where the output goes.

    Args:
        quiet: show nothing.
        as_json: lines for a program instead.
        steps: how many steps it makes at most; None where unknown.
        stream: where to show it; None is stderr.
    """
    stream = stream or sys.stderr
    if quiet or stream is None:
        return QuietWatcher()
    if as_json:
        return JsonWatcher(stream)
    return (RichWatcher if stream.isatty() else PlainWatcher)(stream, steps=steps)


class _Figures(QuietWatcher):
    """Remembers where the run stands and puts it in words; the two visible watchers build on it."""

    def __init__(self, stream: TextIO, *, steps: int | None = None) -> None:
        self._of_steps = f" of {steps}" if steps else ""
        self._stream = stream
        self._look: Callable[[], Progress] | None = None
        self._place = "starting"
        self._done = 0
        self._total = 0
        self._since = time.monotonic()
        self._ended = False

    def phase(self, step: int | None, name: str, total: int) -> None:
        """Remember the part of the work."""
        self._place = _plain(name) if step is None else f"step {step + 1}{self._of_steps} · {_plain(name)}"
        self._done, self._total, self._since = 0, total, time.monotonic()

    def tick(self, done: int) -> None:
        """Remember how far it is."""
        self._done = done

    def attach(self, progress: Callable[[], Progress]) -> None:
        """Remember where the figures are."""
        self._look = progress

    def end(self, summary: str) -> None:
        """Nothing is left."""
        self._ended = True

    def _items(self) -> str:
        return f"{self._done:,}/{self._total:,}" if self._total else ""

    def _calls(self, now: Progress) -> list[str]:
        shown = [f"{now.calls:,} calls"]
        if now.journaled:
            shown.append(f"{now.journaled:,} from the journal")
        if now.in_flight:
            shown.append(f"{now.in_flight} in flight")
        if now.calls_per_min and now.elapsed_s >= _PACE_AFTER_S:
            shown.append(pace_words(now.calls_per_min, now.permitted))
        if now.tokens_out:
            shown.append(f"{now.tokens_out:,} tokens out, {now.tokens_per_s:.0f}/s")
        return [*shown, _money(now)]

    def _times(self, now: Progress) -> list[str]:
        shown = [f"{duration(now.elapsed_s)} so far"]
        left = self._left(now)
        return [*shown, left] if left else shown

    def _left(self, now: Progress) -> str:
        """What is left of the whole run at the present rate; without a rate, of this part by its items.

        The last part has no more items than these, so there its own pace may be the better guess; but items are
        counted in their order, so one that is slow holds the count up, and then what is left at most is nearer.
        """
        if self._ended:
            return ""
        left, last = now.forecast, self._place == _LAST
        if left is not None and left.seconds is not None and left.calls and not last:
            return f"at most {duration(left.seconds)}{_and_money(now, left)} left{_bound(left)}"
        if 2 <= self._done < self._total:
            seconds = (time.monotonic() - self._since) / self._done * (self._total - self._done)
            if last and left is not None and left.seconds is not None:
                seconds = min(seconds, left.seconds)
            return f"about {duration(seconds)} left{'' if last else ' here'}{_bound(left) if left else ''}"
        return ""

    def _line(self) -> str:
        words = [" ".join(word for word in (self._place, self._items()) if word)]
        if self._look is not None:
            now = self._look()
            words += [*self._calls(now), *self._times(now)]
            if now.waiting_on:
                words.append(f"waiting: {_plain(now.waiting_on)}")
        return " · ".join(words)


class PlainWatcher(_Figures):
    """Plain lines for files and pipes: one for each part of the work, and one about every ten seconds in it.

    Args:
        stream: where the lines go.
        steps: how many the whole run makes at most, or None.
        clock: seconds, for the pauses between lines.
    """

    def __init__(
        self, stream: TextIO, *, steps: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(stream, steps=steps)
        self._clock = clock
        self._said = clock()

    def begin(self, folder: Path, forecast: str) -> None:
        """Say where the run is and what it will take."""
        self._say(f"Run folder: {folder}")
        if forecast:
            self._say(_plain(forecast))

    def phase(self, step: int | None, name: str, total: int) -> None:
        """Say which part begins."""
        super().phase(step, name, total)
        self._say(self._line())

    def tick(self, done: int) -> None:
        """Say how far it is, from time to time."""
        super().tick(done)
        self.beat()

    def beat(self) -> None:
        """Say how it stands, where nothing was said for a while: also in an outage, a pause, or a long call."""
        if self._clock() - self._said >= _PLAIN_EVERY_S:
            self._say(self._line())

    def note(self, line: str) -> None:
        """Say it."""
        self._say(_plain(line))

    def end(self, summary: str) -> None:
        """Say the last figures."""
        super().end(summary)
        if self._look is not None:
            self._say(self._line())

    def _say(self, line: str) -> None:
        self._said = self._clock()
        try:
            print(line, file=self._stream, flush=True)
        except OSError:
            return  # nobody reads it any more; the run itself goes on


class RichWatcher(_Figures):
    """A live panel that rich's own thread redraws four times a second, so that it moves while nothing finishes."""

    def __init__(self, stream: TextIO, *, steps: int | None = None) -> None:
        from rich.console import Console  # noqa: PLC0415  rich is loaded only where something is drawn
        from rich.live import Live  # noqa: PLC0415

        super().__init__(stream, steps=steps)
        self._console: Console = Console(file=stream, highlight=False)
        self._live: Live = Live(
            console=self._console, get_renderable=self._draw, refresh_per_second=4, transient=False,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def begin(self, folder: Path, forecast: str) -> None:
        """Say above the panel where the run is and what it will take."""
        self.note(f"Run folder: {folder}")
        if forecast:
            self.note(forecast)

    def note(self, line: str) -> None:
        """Say it above the panel."""
        from rich.text import Text  # noqa: PLC0415

        self._console.print(Text(_plain(line)))

    def end(self, summary: str) -> None:
        """Draw the last figures."""
        super().end(summary)
        self._live.refresh()

    def _draw(self) -> RenderableType:
        from rich.console import Group  # noqa: PLC0415
        from rich.progress_bar import ProgressBar  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        head = Table.grid(padding=(0, 1))
        head.add_row(Text(self._place, "bold"), ProgressBar(max(1, self._total), self._done, width=30), self._items())
        lines: list[RenderableType] = [head]
        if self._look is not None:
            now = self._look()
            lines.append(Text("  " + " · ".join(self._calls(now))))
            lines.append(Text("  " + " · ".join(self._times(now)), "dim"))
            if now.waiting_on:
                lines.append(Text(f"  waiting: {_plain(now.waiting_on)}", "yellow"))
        return Group(*lines)


def pace_words(calls_per_min: float, permitted: Mapping[str, float]) -> str:
    """Calls a second, against what is permitted where that is known."""
    of = ", ".join(
        f"{'' if len(permitted) == 1 else _plain(name) + ' '}{_a_second(rate)}" for name, rate in permitted.items()
    )
    return f"{_a_second(calls_per_min)} calls/s{f' of {of} permitted' if of else ''}"


def _a_second(per_minute: float) -> str:
    rate = per_minute / 60
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"


def _and_money(now: Progress, left: Forecast) -> str:
    """Nothing where models are free or nobody knows a price: what is spent so far says which."""
    return "" if now.free or left.usd is None else f" and ${left.usd:,.2f}"


def _bound(left: Forecast) -> str:
    """What holds it up, and whether a cap comes before the end."""
    words = {"seeds": "how fast answers come", "retries": "calls between two tries", "budget": "the budget"}
    cap = {"usd": "USD"}.get(left.cap, left.cap)
    return f", bound by {words.get(left.bound_by, left.bound_by)}{f'; the cap in {cap} comes first' if cap else ''}"


def _money(now: Progress) -> str:
    if now.free:
        return "free"
    return "price unknown" if now.spent_usd is None else f"${now.spent_usd:,.4f}"


def _plain(text: str) -> str:
    """One line without anything a terminal would obey."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
