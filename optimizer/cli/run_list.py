"""The runs of a folder: finding one by name, and how each stands. Every field of their files may be missing."""

from __future__ import annotations

import contextlib
import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from ...agents.gateway.errors import StorageError, UsageError
from ..record.at_work import at_work
from ..record.rivals import RIVALS

__all__ = ["RunEntry", "course_of", "find_run", "frozen_settings", "list_runs", "read_entry"]

_SETTINGS, _STATUS = "settings.json", "status.json"
_FILES = frozenset((".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".pq", ".gz"))  # ends of files of rows


@dataclass(frozen=True, slots=True)
class RunEntry:
    """How one run stands.

    Args:
        state: `running`, `paused`, `finished`, `stopped`, `killed` (it was at work when its process died), `new` or
            `unreadable`.
        steps_done, steps: turns of the loop made, and made at most; None where there is no loop.
        rows: rows of the data set so far.
        cost: money, in words.
    """

    folder: str
    name: str
    state: str
    recipe: str
    profile: str
    steps_done: int | None
    steps: int | None
    rows: int | None
    calls: int | None
    cost_usd: float | None
    cost: str
    started: str

    def as_row(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


def list_runs(root: Path) -> Iterator[RunEntry]:
    """The runs in a folder, by name, so that dates are in order.

    Raises:
        UsageError: there is no such folder, or it cannot be read.
    """
    try:
        children = sorted(root.iterdir())
    except FileNotFoundError:
        raise UsageError(f"There is no folder {root}.", fix="Give the folder of runs with --runs.") from None
    except OSError as error:
        raise UsageError(
            f"{root} cannot be read: {error.strerror}.", fix="Give the folder of runs with --runs."
        ) from None
    for child in children:
        if (child / _SETTINGS).is_file():
            yield read_entry(child)


def find_run(text: str, root: Path) -> Path:
    """A run by its folder, by its name in the folder of runs, or by the end of a name that only one has.

    Raises:
        UsageError: there is none, or more than one.
    """
    for folder in (Path(text), root / text):
        if (folder / _SETTINGS).is_file():
            return folder
    try:
        names = sorted(child.name for child in root.iterdir() if (child / _SETTINGS).is_file())
    except OSError:
        names = []
    ending = [name for name in names if name.endswith(f"-{text}")]
    if len(ending) == 1:
        return root / ending[0]
    if ending:
        raise UsageError(f"'{text}' may be {' or '.join(ending)}.", fix="Give the whole name.")
    if Path(text).is_dir():
        raise UsageError(
            f"{text} is not the folder of a run: it has no {_SETTINGS}.", fix="`autoevol runs` lists runs."
        )
    if Path(text).suffix.lower() in _FILES:
        raise UsageError(f"There is no file {text}.", fix="Check the path; a run is given by its folder or its name.")
    close = difflib.get_close_matches(text, names, n=1, cutoff=0.5)
    hint = f"Did you mean {close[0]}? " if close else ""
    no = (
        f"There is no file {text} and no run of this name."
        if "/" in text or "." in text
        else f"There is no run '{text}'."
    )
    raise UsageError(no, fix=f"{hint}`autoevol runs --runs {root}` lists those in {root}.")


def frozen_settings(folder: Path) -> dict[str, Any]:
    """The settings that a run began with, as they are on disk; `thaw` checks them.

    Raises:
        UsageError: they cannot be read.
    """
    held = _read(folder / _SETTINGS)
    settings = None if held is None else held.get("settings")
    if not isinstance(settings, dict):
        raise UsageError(f"{folder / _SETTINGS} cannot be read.", fix="Restore it from a copy, or start a new run.")
    return cast("dict[str, Any]", settings)


def course_of(folder: Path) -> tuple[str, int]:
    """The part and the step that a run is in, as its status says."""
    status = _read(folder / _STATUS) or {}
    return _text(status.get("phase")), _whole(status.get("step")) or 0


def read_entry(folder: Path) -> RunEntry:
    """How a run stands, from its status and, where that is missing, its settings."""
    frozen = _read(folder / _SETTINGS)
    status = _read(folder / _STATUS)
    found = frozen.get("settings") if frozen is not None else None
    settings = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    known = {**settings, **(status or {})}
    search = settings.get("search")
    calls, usd = _whole(known.get("calls")), known.get("cost_usd")
    lost = known.get("lost")
    if isinstance(lost, dict):
        calls, usd = _with_lost(calls, usd, cast("dict[str, Any]", lost))
    if status is not None and "calls" not in status:  # it was killed, or is at work: only its journal knows
        calls, status = _spent(folder, status)
        usd = status.get("cost_usd")
    recipe = _text(known.get("recipe"))
    state = _state(folder, None if frozen is None else status, frozen)
    if state in {"running", "paused"}:
        usd = _so_far(status, usd)
    return RunEntry(
        folder=str(folder), name=_text(known.get("name")) or folder.name, state=state, recipe=recipe,
        profile=_text(known.get("profile")), steps_done=_whole(known.get("steps_done")),
        steps=_turns(cast("dict[str, Any]", search))
        if isinstance(search, dict) and recipe not in {"evolve", "compare", "make"} else None,
        rows=_whole(known.get("rows_out")), calls=calls,
        cost_usd=float(usd) if isinstance(usd, int | float) else None, cost=_cost(settings, status, usd),
        started=_text(known.get("started")),
    )  # fmt: skip


def _turns(search: Mapping[str, Any]) -> int | None:
    """Turns of the loop at most; the search of a strategy of others is one."""
    steps = _whole(search.get("steps"))
    return min(1, steps) if steps is not None and search.get("strategy") in RIVALS else steps


def _so_far(status: Mapping[str, Any] | None, usd: object) -> object:
    """What a run at work has spent, without what it has only set aside for calls that are out."""
    progress = (status or {}).get("progress")
    spent = cast("dict[str, Any]", progress).get("spent_usd") if isinstance(progress, dict) else None
    return spent if isinstance(spent, int | float) else usd


def _with_lost(calls: int | None, usd: object, lost: Mapping[str, Any]) -> tuple[int | None, float | None]:
    """Attempts that a death cut off count too, at worst: a cap counts them so."""
    more, cost = _whole(lost.get("calls")) or 0, lost.get("cost_usd")
    money = usd + cost if isinstance(usd, int | float) and isinstance(cost, int | float) else None
    return None if calls is None else calls + more, money


def _spent(folder: Path, status: Mapping[str, Any]) -> tuple[int | None, dict[str, Any]]:
    """Attempts, and the status with what they cost, from the journal; as it is where that cannot be read."""
    from ...agents.gateway.books.bills import spent_in  # noqa: PLC0415  only such runs need it

    try:
        spent = spent_in(folder)
    except StorageError:
        return None, dict(status)
    return spent.calls, {**status, "cost_usd": spent.cost}


def _state(folder: Path, status: Mapping[str, Any] | None, frozen: object) -> str:
    if frozen is None:
        return "unreadable"
    if status is None:
        return "unreadable" if (folder / _STATUS).exists() else "running" if at_work(folder) else "new"
    state = _text(status.get("state")) or "unknown"
    if state != "running":
        return state
    return "killed" if not at_work(folder) else "paused" if status.get("paused") else state


def _cost(settings: Mapping[str, Any], status: Mapping[str, Any] | None, usd: object) -> str:
    endpoints = settings.get("endpoints")
    values = list(cast("dict[str, Any]", endpoints).values()) if isinstance(endpoints, dict) else []
    if values and all(isinstance(value, dict) and not cast("Any", value).get("base_url") for value in values):
        return "free"
    if isinstance(usd, int | float):
        return f"${usd:,.4f}"
    return "unknown" if status and "cost_usd" in status else "-"


def _read(path: Path) -> dict[str, Any] | None:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        value: object = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(value, dict):
            return cast("dict[str, Any]", value)
    return None


def _text(value: object) -> str:
    """One line that a terminal shows and does not obey."""
    return "".join(letter if letter.isprintable() else " " for letter in value) if isinstance(value, str) else ""


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
