"""Wishes from a page: the same inbox and branches as `autoevol steer`, with no way to name a file of this machine."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ...agents.gateway.errors import UsageError
from ...agents.method_file import dump_method, parse_method
from ..cli.parsing import parse_caps
from ..record.at_work import at_work
from ..steering.ask import ask
from ..steering.branch import branch
from ..steering.candidates import method_of

__all__ = ["branch_run", "steer_run"]

_LONGEST_NAME = 60
_CANDIDATE = re.compile(r"\d{1,4}/c\d{1,3}|[0-9a-f]{12}")


def steer_run(folder: Path, sent: Mapping[str, Any]) -> str:
    """Lay a wish into the inbox of a run.

    Args:
        folder: the run.
        sent: `wish` (pause, continue, stop, budget, note, pin, ban, edit) and `what` goes with it.

    Raises:
        UsageError: the run cannot meet it, or it makes no sense.
        StorageError: the inbox cannot be written.
    """
    kind, what = sent.get("wish"), sent.get("what", "")
    fields = _FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None or not isinstance(what, str):
        raise UsageError("There is no such wish.", fix="`autoevol steer --help` lists them.")
    wish = ask(folder, kind, **fields(folder, what))  # type: ignore[arg-type]
    if not at_work(folder):
        return "It is taken up when the run goes on."
    return "It is taken up between two items." if wish.at_once else "It is taken up at the next point of the course."


def branch_run(folder: Path, sent: Mapping[str, Any]) -> Mapping[str, str]:
    """Make a new run from the state after a step of this one. Nothing is started: that takes a person at a terminal.

    Args:
        folder: the run.
        sent: `step`, the last one that both share, and `name` of the new run, or an empty one.

    Returns:
        `words`, the `address` of its page, and the `command` that goes on with it.

    Raises:
        UsageError: the run has no such step, or the name cannot be one.
        StorageError: the folder cannot be made.
    """
    step, name = sent.get("step"), sent.get("name", "")
    if not isinstance(step, int) or isinstance(step, bool) or step < 0:
        raise UsageError("A branch needs the step after which it begins.", fix="Give a number; 0 for the beginning.")
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or not name.isprintable():
        raise UsageError("That cannot be the name of a run.", fix=f"Give at most {_LONGEST_NAME} plain characters.")
    made = branch(folder, step, name.strip() or None)
    return {
        "words": f"Made {made.name}, which begins as this run stood after step {step}.",
        "address": f"/run/{quote(made.name, safe='')}/",
        "command": f"autoevol resume {shlex.quote(str(made))}",
    }


def _nothing(_folder: Path, _what: str) -> dict[str, Any]:
    return {}


def _note(_folder: Path, what: str) -> dict[str, Any]:
    return {"text": what}


def _caps(_folder: Path, what: str) -> dict[str, Any]:
    return {"caps": parse_caps([what])}


def _pinned(folder: Path, what: str) -> dict[str, Any]:
    method = method_of(folder, _named(what))
    return {"method": dump_method(method), "candidate": method.name}


def _banned(folder: Path, what: str) -> dict[str, Any]:
    return {"candidate": method_of(folder, _named(what)).id}


def _entered(_folder: Path, what: str) -> dict[str, Any]:
    method = parse_method(what, "of the page")
    return {"method": dump_method(method), "candidate": method.name}


def _named(what: str) -> str:
    """A candidate of the run; whatever could be a path is none."""
    if not _CANDIDATE.fullmatch(what.strip()):
        raise UsageError("That is no candidate of the run.", fix="Name one as in 2/c3, or by the id of its method.")
    return what.strip()


_FIELDS: Mapping[str, Callable[[Path, str], dict[str, Any]]] = {
    "pause": _nothing, "continue": _nothing, "stop": _nothing, "note": _note, "budget": _caps, "pin": _pinned,
    "ban": _banned, "edit": _entered,
}  # fmt: skip
