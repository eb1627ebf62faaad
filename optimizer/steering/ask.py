"""How a wish is brought: what cannot be met is refused before it lies in the inbox.

For the command line and for pages: `ask` is the one way in.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from ...agents.gateway.errors import UsageError
from ..record.at_work import at_work
from ..record.changes import settings_now
from ..record.events import read_events
from ..record.folder import RunFolder
from .inbox import Inbox
from .wheel import EVENT
from .wishes import Kind, Wish, new_wish

__all__ = ["answer_to", "ask"]

_COURSE = frozenset({"note", "pin", "ban", "edit"})
_NO_LONGER = "`autoevol steer RUN branch` begins a new run from one of its steps."


def ask(folder: Path, kind: Kind, **fields: Any) -> Wish:
    """Lay a wish into the inbox of a run.

    Args:
        folder: the run.
        kind: what is wished.
        fields: what goes with it; see `Wish`.

    Returns:
        The wish, whose id `answer_to` looks for.

    Raises:
        UsageError: the run cannot meet it.
        StorageError: the inbox cannot be written.
    """
    settings = settings_now(RunFolder(folder))
    status, working = _status(folder), at_work(folder)
    if status.get("state") == "finished" and not working:
        raise UsageError(f"The run {folder.name} is finished: there is nothing left to steer.", fix=_NO_LONGER)
    if not working and kind in {"pause", "continue", "stop"}:
        raise UsageError(
            f"No process is at work on the run {folder.name}: there is nothing to {kind}.",
            fix=f"`autoevol resume {folder}` goes on with it.",
        )
    if kind in _COURSE:
        if settings.recipe != "auto-evol":
            raise UsageError(
                f"The run {folder.name} does not search a method, so `{kind}` says nothing to it.",
                fix="It understands pause, continue, stop and budget.",
            )
        if status.get("search_stopped"):
            raise UsageError(f"The search of the run {folder.name} is over: nothing heeds `{kind}`.", fix=_NO_LONGER)
        if kind == "note" and settings.search.strategy in {"best-of-n", "mipro"}:
            raise UsageError(
                f"The strategy {settings.search.strategy} has no analyst who could read a note.",
                fix="Enter a method with `edit`.",
            )
    try:
        wish = new_wish(kind, **fields)
    except ValueError as error:
        raise UsageError(f"The wish to {kind} says too much or too little: {_first(error)}.") from error
    Inbox(folder).put(wish)
    return wish


def answer_to(folder: Path, wish: Wish) -> dict[str, Any] | None:
    """The event of a wish, once the run has taken it up; `refused` in it says why it was not met."""
    for event in read_events(folder / "events.jsonl"):
        if event["kind"] == EVENT and event.get("id") == wish.id:
            return event
    return None


def _status(folder: Path) -> dict[str, Any]:
    try:
        value: object = json.loads((folder / "status.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _first(error: ValueError) -> str:
    """What is wrong, in a phrase."""
    text = str(error.errors()[0]["msg"]) if isinstance(error, ValidationError) else str(error)
    return text.removeprefix("Value error, ").rstrip(".")
