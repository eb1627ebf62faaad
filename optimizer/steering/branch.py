"""A new run from the state after a step of another one: the same course up to there, then its own.

The branch has the settings of the other run, its decisions up to that step, and its answers (`reuse`). So it goes the
same way over the same ground without paying; from the next step on it may be steered another way.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ...agents.gateway.books.reuse import open_reuse
from ...agents.gateway.errors import UsageError
from ..dataset.rows import encode_line
from ..record.changes import settings_now
from ..record.config import freeze
from ..record.events import read_events
from ..record.folder import RunFolder, new_folder, write_atomically
from .wheel import EVENT

__all__ = ["branch", "steps_made"]

_POINT = re.compile(r"steps/(\d+)/")
_PARTS = ("begin", "analysis", "race", "decision")


def branch(folder: Path, step: int, name: str | None = None) -> Path:
    """Make the folder of a run that begins as this one stood after a step.

    Args:
        folder: the run.
        step: the last step that both share, from 1; 0 shares nothing but settings and answers.
        name: of the new run; None for `<name>-branch`.

    Returns:
        The folder, beside that of the run, or beside the link that names it.
        `autoevol resume` runs it; wishes in its inbox are taken up after the step.

    Raises:
        UsageError: the run does not search, did not get so far, or has no readable journal.
        StorageError: the folder cannot be made.
    """
    files = RunFolder(folder)
    settings = settings_now(files)
    if settings.recipe != "auto-evol":
        raise UsageError(
            f"The run {folder.name} does not search a method, so it has no steps to branch from.",
            fix="Begin a new run with --reuse instead.",
        )
    made = steps_made(folder)
    if step > made:
        raise UsageError(
            f"The run {folder.name} has made {made} step{'s' * (made != 1)}, so nothing can begin after step {step}.",
            fix=f"Give --step 0 to {made}.",
        )
    with open_reuse([folder]) as reuse:
        if reuse.troubles:
            raise UsageError(reuse.troubles[0], fix="`autoevol journal verify` says what is wrong with it.")
    frozen = files.read_json("settings.json")
    shared = tuple(dict.fromkeys((str(folder.resolve()), *settings.reuse)))
    settings = settings.model_copy(update={"name": name or f"{settings.name}-branch", "reuse": shared})
    # Beside the run as it is named: a run that is a link stands among others, whatever it leads to.
    new = new_folder(Path(os.path.abspath(folder)).parent, settings.name)  # noqa: PTH100  links stay links
    lines = "".join(encode_line(event) for event in _shared(read_events(folder / "events.jsonl"), step))
    write_atomically(new / "events.jsonl", lines)
    RunFolder(new).write_json(
        "settings.json", {**frozen, "settings": freeze(settings), "branch": {"of": str(folder.resolve()), "step": step}}
    )
    return new


def _shared(events: Iterable[Mapping[str, Any]], step: int) -> Iterator[Mapping[str, Any]]:
    """The decisions and interventions of the course up to this step; each point of it is passed."""
    passed: set[str] = set()
    for event in events:
        place = _POINT.match(str(event.get("point", "")))
        inside = place is not None and int(place[1]) < step
        ran = event["kind"] == "decision" and str(event["point"]).startswith("ran/")
        if (event["kind"] in {"decision", EVENT} and inside) or ran:
            passed.add(str(event["point"]))
            yield event
    # A run of an earlier version did not put the points on record that it passed.
    for number in range(step):
        for point in (f"steps/{number:03d}/{part}/passed" for part in _PARTS):
            if point not in passed:
                yield {"kind": "decision", "at": "", "point": point, "value": True}


def steps_made(folder: Path) -> int:
    """Steps of a run whose decision is on disk, from the first without a gap; a branch may begin after each of them."""
    number = 0
    while (folder / f"steps/{number:03d}/decision.json").is_file():
        number += 1
    return number
