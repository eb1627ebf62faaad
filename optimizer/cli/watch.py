"""`autoevol watch RUN`: how a run goes, from another terminal; also of one that has ended."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from .options import runs_option

if TYPE_CHECKING:
    from ..steering.sight import EventTail

__all__ = ["command"]

_LOOK_S = 0.5
_PLAIN_EVERY_S = 10.0


@click.command("watch")
@click.argument("run")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines: events, progress, and the status as the last.")
@click.option("--once", is_flag=True, help="Say how it stands now, and end.")
@runs_option
def command(run: str, as_json: bool, once: bool, runs: Path) -> None:
    """Watch RUN (a folder, or the name of one in --runs) until it ends. It is only read; Ctrl-C ends the watching."""
    from ..record.at_work import at_work  # noqa: PLC0415  --help of this command must stay quick
    from ..steering.sight import EventTail  # noqa: PLC0415
    from .run_list import find_run  # noqa: PLC0415

    folder = find_run(run, runs)
    tail = EventTail(folder / "events.jsonl")
    view = _Json(folder, tail) if as_json else _live(folder, tail) if not once else _Lines(folder, tail)
    with view:
        while (working := at_work(folder)) and not once:
            view.look()
            time.sleep(_LOOK_S)
        view.look()
    view.end(working=working)


class _Lines:
    """Plain lines: events as they come, how it goes where that changes, and about every ten seconds."""

    def __init__(self, folder: Path, tail: EventTail) -> None:
        self._folder, self._tail = folder, tail
        self._said = ("", -_PLAIN_EVERY_S)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        return None

    def look(self) -> None:
        """Say what is new."""
        from ..steering.sight import event_words, progress_words, read_status  # noqa: PLC0415

        for event in self._tail.new():
            if words := event_words(event):
                self._event(words)
        status = read_status(self._folder)
        if status is not None and status.get("state") == "running":
            self._progress(status, progress_words(status))

    def _event(self, words: str) -> None:
        click.echo(words)

    def _progress(self, status: dict[str, Any], words: list[str]) -> None:
        part = f"{status.get('paused')} {words[:1]}".split("/")[0]
        before, when = self._said
        if part == before and time.monotonic() - when < _PLAIN_EVERY_S:
            return
        self._said = (part, time.monotonic())
        click.echo(self._line(status, words))

    def _line(self, status: dict[str, Any], words: list[str]) -> str:
        return " · ".join(words)

    def end(self, *, working: bool) -> None:
        """Say how it ended."""
        from .run_list import read_entry  # noqa: PLC0415
        from .show import standing_lines  # noqa: PLC0415

        entry = read_entry(self._folder)
        if self._tail.damaged:
            click.echo(f"{self._tail.damaged} lines of events.jsonl are damaged.", err=True)
        click.echo("\n".join(standing_lines(entry)))
        if not working and entry.state == "new":
            click.echo("No process has begun to work on it.")


class _Panel(_Lines):
    """On a terminal: events above, and below them one line that changes."""

    def __init__(self, folder: Path, tail: EventTail) -> None:
        super().__init__(folder, tail)
        from rich.console import Console  # noqa: PLC0415
        from rich.live import Live  # noqa: PLC0415

        self._console = Console(highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> None:
        self._live.start()

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def _event(self, words: str) -> None:
        from rich.text import Text  # noqa: PLC0415

        self._console.print(Text(words))

    def _progress(self, status: dict[str, Any], words: list[str]) -> None:
        from rich.text import Text  # noqa: PLC0415

        style = "yellow" if status.get("paused") else ""
        self._live.update(Text("\n  ".join(words), style), refresh=True)


class _Json(_Lines):
    """Events as JSON lines; then the status as the last one."""

    def look(self) -> None:
        """Print what is new."""
        from ..steering.sight import progress_words, read_status  # noqa: PLC0415

        for event in self._tail.new():
            click.echo(json.dumps(event, ensure_ascii=False))
        status = read_status(self._folder)
        if status is not None and status.get("state") == "running" and status.get("progress"):
            self._progress(status, progress_words(status))

    def _line(self, status: dict[str, Any], words: list[str]) -> str:
        now = status["progress"]
        figures = cast("dict[str, Any]", now) if isinstance(now, dict) else {}
        return json.dumps({"kind": "progress", "paused": status.get("paused") is True, **figures}, ensure_ascii=False)

    def end(self, *, working: bool) -> None:
        """Print how it stands."""
        from ..steering.sight import read_status  # noqa: PLC0415
        from .run_list import read_entry  # noqa: PLC0415

        entry = read_entry(self._folder).as_row()
        last = {"kind": "status", **entry, "progress": (read_status(self._folder) or {}).get("progress")}
        click.echo(json.dumps(last, ensure_ascii=False))


def _live(folder: Path, tail: EventTail) -> _Lines:
    return _Panel(folder, tail) if sys.stdout.isatty() else _Lines(folder, tail)
