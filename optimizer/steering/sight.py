"""A run as seen from outside: its status and its events, read without a lock. Every field may be missing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ..pages.numbers import duration
from ..pages.progress import pace_words
from .wheel import EVENT

__all__ = ["EventTail", "event_words", "progress_words", "read_status"]


def read_status(folder: Path) -> dict[str, Any] | None:
    """What status.json says; None where it is missing or damaged."""
    try:
        value: object = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


@dataclass(slots=True)
class EventTail:
    """The events of a run, as they come.

    Args:
        path: events.jsonl; it may not be there yet.
        damaged: lines that are no event.
    """

    path: Path
    damaged: int = 0
    _at: int = field(default=0)

    def new(self) -> list[dict[str, Any]]:
        """The whole events since the last look. A line that is still being written is left for the next one."""
        try:
            with self.path.open("rb") as file:
                file.seek(self._at)
                data = file.read()
        except OSError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._at += len(whole)
        found: list[dict[str, Any]] = []
        for line in whole.splitlines():
            try:
                event: object = json.loads(line)
            except (ValueError, RecursionError):
                event = None
            if isinstance(event, dict):
                found.append(cast("dict[str, Any]", event))
            else:
                self.damaged += 1
        return found


def event_words(event: Mapping[str, Any]) -> str:
    """An event in a line; empty for one that says nothing to a person."""
    match event.get("kind"):
        case "started" | "resumed":
            return f"{event.get('at', '')} {event['kind']}"
        case "finished" | "stopped":
            return _line(f"{event.get('at', '')} {event['kind']}: {event.get('story', '')}")
        case "setting":
            name = ".".join(str(part) for part in cast("list[object]", event.get("path") or []))
            return _line(f"{event.get('at', '')} {name} is now {event.get('new')}")
        case kind if kind == EVENT:
            what = event.get("text") or event.get("candidate") or ""
            refused = f" (refused: {event['refused']})" if "refused" in event else ""
            at = f" at {event['point']}" if "point" in event else ""
            return _line(f"{event.get('at', '')} a person: {event.get('wish')} {what}{at}{refused}")
        case _:
            return ""


def progress_words(status: Mapping[str, Any]) -> list[str]:
    """How it goes, in short phrases: part, items, calls, pace, tokens, money, what is left, what is waited for."""
    now = _tree(status.get("progress"))
    part = _tree(now.get("part"))
    return [*_place(status, part), *_figures(now), *_left(now)] if now else _place(status, part)


def _place(status: Mapping[str, Any], part: Mapping[str, Any]) -> list[str]:
    step, steps = part.get("step"), status.get("steps")
    name = _line(str(part.get("name") or status.get("phase") or status.get("state") or "unknown"))
    head = f"step {step + 1}{f' of {steps}' if steps else ''} · {name}" if isinstance(step, int) else name
    total = part.get("total")
    words = [f"{head} {part.get('done', 0)}/{total}" if total else head]
    return ["paused", *words] if status.get("paused") else words


def _figures(now: Mapping[str, Any]) -> Iterator[str]:
    yield f"{_number(now.get('calls')):,.0f} calls"
    if now.get("journaled"):
        yield f"{_number(now['journaled']):,.0f} from the journal"
    if now.get("in_flight"):
        yield f"{_number(now['in_flight']):.0f} in flight"
    if now.get("calls_per_min"):
        permitted = {name: _number(rate) for name, rate in _tree(now.get("permitted")).items()}
        yield pace_words(_number(now["calls_per_min"]), permitted)
    if now.get("tokens_out"):
        yield f"{_number(now['tokens_out']):,.0f} tokens out"
    usd = now.get("spent_usd")
    yield "free" if now.get("free") else "price unknown" if usd is None else f"${_number(usd):,.4f}"


def _left(now: Mapping[str, Any]) -> Iterator[str]:
    left = _tree(now.get("left"))
    if left.get("calls"):
        seconds, usd = left.get("seconds"), left.get("usd")
        time = f", {duration(_number(seconds))}" if seconds is not None else ""
        money = f", ${_number(usd):,.2f}" if usd is not None and not now.get("free") else ""
        cap = f"; the cap in {_line(str(left['cap']))} comes first" if left.get("cap") else ""
        yield f"at most {_number(left['calls']):,.0f} calls{time}{money} left{cap}"
    if now.get("waiting_on"):
        yield f"waiting: {_line(str(now['waiting_on']))}"


def _tree(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _line(text: str) -> str:
    """One line that a terminal shows and does not obey."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
