"""News of runs for an open page, as server-sent events: how a run stands, and a sign that its page changed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from ..cli.run_list import RunEntry, course_of, list_runs, read_entry
from ..pages.numbers import duration, shown
from ..steering.branch import steps_made
from .said import wishes_said

__all__ = ["events", "list_news", "page_sign", "run_news"]

_EVERY = 1.0  # seconds between two looks
_BEAT = 15  # looks after which a line is sent all the same, so that a dead connection is noticed
_PARTS = ("steps/*/decision.json", "test/confirmation.json", "dataset.jsonl", "dropped.jsonl", "method.md",
          "compare.json", "ablation.json")  # fmt: skip


def page_sign(folder: Path) -> str:
    """Changes whenever the page of a run has something new to show."""
    seen: list[str] = []
    for pattern in _PARTS:
        for path in sorted(folder.glob(pattern)):
            try:
                found = path.stat()
            except OSError:
                continue
            seen.append(f"{path.name} {found.st_mtime_ns} {found.st_size}")
    return hashlib.sha256("\n".join(seen).encode()).hexdigest()[:16]


def run_news(folder: Path) -> dict[str, Any]:
    """How one run stands; `sign` is another whenever its page has something new to show.

    `steps` are those after which a branch may begin, None where the run does not search; `wishes` is what people said.
    """
    if not (folder / "settings.json").exists():
        return {"state": "gone", "line": "This run is no longer there. The page shows what it had.", "sign": ""}
    entry = read_entry(folder)
    ended = "" if entry.state == "running" else entry.state
    return {
        "state": entry.state, "line": _line(folder, entry), "sign": page_sign(folder) + ended,
        "steps": steps_made(folder) if entry.recipe == "auto-evol" else None, "wishes": wishes_said(folder),
    }  # fmt: skip


def list_news(root: Path) -> dict[str, Any]:
    """How all runs of a folder stand; the calls of one that is at work are no news."""
    rows = [[Path(each.folder).name, each.state, each.steps_done, each.rows] for each in list_runs(root)]
    sign = hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:16]
    return {"line": f"{sum(row[1] in {'running', 'paused'} for row in rows)} at work", "sign": sign}


async def events(look: Callable[[], dict[str, Any]]) -> AsyncGenerator[str, None]:
    """Server-sent events: what `look` sees, at once and whenever it is something else.

    Args:
        look: reads files; it runs in a thread.
    """
    last = ""
    quiet = 0
    while True:
        text = json.dumps(await anyio.to_thread.run_sync(look))
        quiet = 0 if text != last else quiet + 1
        if not quiet:
            yield f"data: {text}\n\n"
        elif quiet % _BEAT == 0:
            yield ": still here\n\n"
        last = text
        await anyio.sleep(_EVERY)


def _line(folder: Path, entry: RunEntry) -> str:
    words = [entry.state]
    if entry.state == "running":
        phase, step = course_of(folder)
        words.append(f"step {step + 1} of at most {entry.steps}" if entry.steps and phase != "apply" else "")
        words.append(shown(phase))
    words.append(f"{entry.calls:,} calls" if entry.calls else "")
    words.append(entry.cost if entry.cost != "-" else "")
    left = _seconds_left(folder) if entry.state == "running" else None
    words.append(f"about {duration(left)} left" if left is not None else "")
    return " · ".join(word for word in words if word)


def _seconds_left(folder: Path) -> float | None:
    """What the run itself expects, where it says so."""
    try:
        forecast = json.loads((folder / "status.json").read_text(encoding="utf-8"))["forecast"]
        return float(forecast["seconds_left"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
