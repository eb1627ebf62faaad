"""What people said to a run, and what became of it: for everybody who has its page open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ...agents.gateway.errors import StorageError
from ..pages.numbers import clipped, shown
from ..record.events import read_events
from ..steering.inbox import Inbox
from ..steering.wheel import EVENT

__all__ = ["wishes_said"]

_LONGEST = 120  # characters of what was said


def wishes_said(folder: Path, most: int = 8) -> list[str]:
    """The last wishes of a run in words, the latest first: those that wait before those on record."""
    try:
        record = [event for event in read_events(folder / "events.jsonl") if event.get("kind") == EVENT]
        waiting = Inbox(folder).waiting()
    except StorageError:
        return []
    known = {event.get("id") for event in record}
    lines = [f"{_words(event)}: {_became(event)}" for event in record]
    lines += [f"{_words(wish.as_fields())}: waits" for wish in waiting if wish.id not in known]
    return lines[::-1][:most]


def _words(wish: Mapping[str, Any]) -> str:
    """What was said, in a line."""
    kind = str(wish.get("wish", ""))
    caps = cast("Mapping[str, Any]", wish.get("caps") or {})
    what = ", ".join(f"{name} {'none' if cap is None else f'{cap:,g}'}" for name, cap in caps.items())
    text = str(wish.get("text") or "")
    what = what or (f"“{text}”" if text else str(wish.get("candidate") or ""))
    head, rest = clipped(" ".join(what.split()), _LONGEST)
    return f"{shown(kind)} {shown(head)}{'…' if rest else ''}".strip()


def _became(event: Mapping[str, Any]) -> str:
    if "refused" in event:
        return f"refused, {shown(clipped(str(event['refused']), _LONGEST)[0])}"
    head, _, rest = str(event.get("point", "")).partition("/")
    number, _, part = rest.partition("/")
    if head == "steps" and number.isdigit():
        return f"taken up in step {int(number) + 1}, {'at its beginning' if part == 'begin' else shown(part)}"
    return f"taken up{f' before the {shown(head)}' if head else ''}"
