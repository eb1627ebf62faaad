"""What a person sees while a run is at work."""

from __future__ import annotations

import io
import itertools
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from autoevol.agents.gateway.progress import Forecast, Progress
from autoevol.optimizer.pages.progress import PlainWatcher, RichWatcher, duration, make_watcher
from autoevol.optimizer.pages.progress_json import JsonWatcher
from autoevol.optimizer.pages.watcher import QuietWatcher, Watcher

NOW = Progress(
    calls=120, journaled=30, in_flight=4, waiting=2, waiting_on="default: rpm", tokens_out=900, tokens_per_s=17.4,
    spent_usd=0.0123, free=False, elapsed_s=60.0,
)  # fmt: skip
LATER = replace(NOW, forecast=Forecast(150, 75.0, 4.1, "rpm"))
FREE = Progress(
    calls=0, journaled=0, in_flight=0, waiting=0, waiting_on="", tokens_out=0, tokens_per_s=0.0, spent_usd=0.0,
    free=True, elapsed_s=1.0,
)  # fmt: skip


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _play(watcher: Watcher, now: Progress) -> None:
    with watcher:
        watcher.begin(Path("runs/a"), "At most 300 calls.")
        watcher.attach(lambda: now)
        watcher.phase(0, "dev 16 of 48", 16)
        for done in range(1, 6):
            watcher.tick(done)
        watcher.note("default: \x1b[31moutage\x1b[0m, [bold]waiting[/bold] ...")
        watcher.end("all done")


def _slowly(stream: io.StringIO, steps: int | None = None) -> PlainWatcher:
    """One to which every look at the clock is ten seconds later, so that it says each item."""
    times = itertools.count(0.0, 10.0)
    return PlainWatcher(stream, steps=steps, clock=lambda: next(times))


def _words(now: Progress) -> tuple[str, ...]:
    time_left = "at most 1 min 15 s and $4.10 left, bound by rpm" if now.forecast else "left here"
    return (
        "Run folder: runs/a", "At most 300 calls.", "step 1 of 3 · dev 16 of 48", "5/16", "120 calls",
        "30 from the journal", "4 in flight", "900 tokens out, 17/s", "$0.0123", "1 min 00 s so far", time_left,
        "waiting: default: rpm", "[bold]waiting[/bold]",
    )  # fmt: skip


@pytest.mark.parametrize("now", [NOW, LATER])
def test_plain_lines_tell_everything(now: Progress) -> None:
    """Step, items, calls, journal, in flight, tokens a second, money, time, what it waits for; no control sequence."""
    stream = io.StringIO()

    _play(_slowly(stream, steps=3), now)

    assert [] == [word for word in _words(now) if word not in stream.getvalue()]
    assert "\x1b" not in stream.getvalue()


def test_thousands_are_told_apart() -> None:
    """In counts of items as everywhere else."""
    stream = io.StringIO()
    watcher = PlainWatcher(stream)
    watcher.phase(None, "1-deita", 2000)

    assert "1-deita 0/2,000\n" == stream.getvalue()


def test_the_live_panel_tells_the_same() -> None:
    """On a terminal; texts from outside are shown as text."""
    stream = _Terminal()
    watcher = make_watcher(steps=3, stream=stream)

    _play(watcher, LATER)

    assert isinstance(watcher, RichWatcher)
    shown = stream.getvalue()
    assert [] == [word for word in ("step 1 of 3", "5/16", "120 calls", "$0.0123", "s so far") if word not in shown]
    assert "[bold]waiting[/bold]" in shown
    assert "\x1b[31moutage" not in shown


def test_plain_lines_come_once_a_part_and_every_ten_seconds() -> None:
    """A log of hours stays short."""
    times = iter(float(second) for second in range(10_000))
    stream = io.StringIO()
    watcher = PlainWatcher(stream, clock=lambda: next(times))

    watcher.phase(None, "apply", 100)
    for done in range(100):
        watcher.tick(done)

    lines = stream.getvalue().splitlines()
    assert "apply 0/100" == lines[0]
    assert 8 <= len(lines) <= 12


@pytest.mark.parametrize("kind", [PlainWatcher, JsonWatcher])
def test_where_no_item_ends_it_is_told_all_the_same(kind: type[PlainWatcher | JsonWatcher]) -> None:
    """An outage, a pause or one long call: every ten seconds there is a line that says what is waited for."""
    now, stream = [0.0], io.StringIO()
    watcher = kind(stream, clock=lambda: now[0])
    watcher.attach(lambda: NOW)
    watcher.phase(None, "apply", 100)
    for second in range(1, 26):
        now[0] = float(second)
        watcher.beat()

    lines = stream.getvalue().splitlines()
    assert 3 == len(lines)
    assert all("default: rpm" in line for line in lines)


def test_the_panel_survives_having_nothing_to_show() -> None:
    """Before the first phase, without figures, with no items."""
    watcher = RichWatcher(_Terminal())
    with watcher:
        watcher.phase(None, "test", 0)
        watcher.tick(0)
        watcher.end("")


def test_the_last_part_is_timed_by_its_own_items() -> None:
    """The forecast counts at most; in the end what is left is known."""
    stream = io.StringIO()
    watcher = _slowly(stream)
    watcher.attach(lambda: LATER)
    watcher.phase(None, "apply", 4)
    for done, word in ((2, "left, bound by rpm"), (4, " so far")):
        watcher.tick(done)
        line = stream.getvalue().splitlines()[-1]
        assert "at most" not in line
        assert line.removesuffix(" · waiting: default: rpm").endswith(word)


def test_the_last_part_never_takes_longer_than_all_that_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """Items are counted in their order, so a slow one holds the count up while the others are done."""
    times = iter((0.0, 0.0, 1000.0))
    monkeypatch.setattr(time, "monotonic", lambda: next(times, 1000.0))
    stream = io.StringIO()
    watcher = _slowly(stream)
    watcher.attach(lambda: LATER)
    watcher.phase(None, "apply", 40)
    watcher.tick(2)

    assert "about 1 min 15 s left, bound by rpm" in stream.getvalue().splitlines()[-1]


def test_at_the_end_nothing_is_left() -> None:
    """Whatever the forecast still counts: a search may have stopped early."""
    stream = io.StringIO()
    _play(PlainWatcher(stream), LATER)

    assert "left" not in stream.getvalue().splitlines()[-1]


def test_the_first_calls_have_no_pace_yet() -> None:
    """Two calls in a few hundredths of a second are no hundred a second."""
    for seconds, said in ((0.1, False), (5.0, True)):
        stream = io.StringIO()
        _play(PlainWatcher(stream), replace(NOW, elapsed_s=seconds, calls_per_min=3000.0))
        assert said == ("50 calls/s" in stream.getvalue())


def test_a_program_gets_json_lines() -> None:
    """Each part, note and end, with the figures of status.json and texts that are data."""
    stream = io.StringIO()
    watcher = make_watcher(stream=stream, as_json=True)

    _play(watcher, replace(LATER, permitted={"default": 600.0}))

    begin, part, note, end = map(json.loads, stream.getvalue().splitlines())
    assert ("begin", "runs/a") == (begin["kind"], begin["folder"])
    assert {"step": 0, "name": "dev 16 of 48", "done": 0, "total": 16} == part["part"]
    assert ({"default": 600.0}, 0.0123, 75) == (part["permitted"], part["spent_usd"], part["left"]["seconds"])
    assert "\x1b[31moutage" in note["text"]
    assert ("end", "all done", 5, False) == (end["kind"], end["story"], end["part"]["done"], "left" in end)


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (Forecast(9, 60.0, None, "outage"), "at most 1 min 00 s left, bound by outage"),
        (Forecast(9, 60.0, 1.0, "seeds"), "at most 1 min 00 s and $1.00 left, bound by how fast answers come"),
        (Forecast(9, 60.0, 1.0, "tpm", "usd"), "and $1.00 left, bound by tpm; the cap in USD comes first"),
    ],
)
def test_what_is_left_is_said_with_what_holds_it_up(left: Forecast, words: str) -> None:
    """No money where a price is unknown; a cap that would end the run first is named."""
    stream = io.StringIO()
    _play(_slowly(stream), replace(NOW, waiting_on="", forecast=left))

    assert words in stream.getvalue()


def test_nothing_is_foretold_before_there_is_a_rate() -> None:
    """After the first few calls there is one."""
    stream = io.StringIO()
    watcher = PlainWatcher(stream)
    watcher.attach(lambda: replace(NOW, forecast=Forecast(9, None, 1.0, "rpm")))
    watcher.phase(0, "batch", 9)

    assert "left" not in stream.getvalue()


def test_free_models_are_called_free() -> None:
    """No money is shown where none is asked for, and an unknown price is not zero."""
    for now, word in ((FREE, "free"), (NOW, "$0.0123")):
        stream = io.StringIO()
        _play(PlainWatcher(stream), now)
        assert word in stream.getvalue()


def test_quiet_shows_nothing_and_a_file_gets_plain_lines() -> None:
    """By what the person wants, then by where it goes."""
    assert isinstance(make_watcher(quiet=True, stream=_Terminal()), QuietWatcher)
    assert isinstance(make_watcher(stream=io.StringIO()), PlainWatcher)


def test_a_broken_pipe_does_not_stop_the_run(tmp_path: Path) -> None:
    """Whoever read the progress has gone; the work goes on."""

    class Gone(io.StringIO):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError

    _play(PlainWatcher(Gone()), NOW)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (3599.4, "59 min 59 s"), (3600, "1 h 00 min"),
     (90061, "25 h 01 min")],
)  # fmt: skip
def test_lengths_of_time_are_said_as_people_do(seconds: float, words: str) -> None:
    """Never 60 seconds, never 60 minutes."""
    assert words == duration(seconds)
