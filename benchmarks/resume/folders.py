"""Two run folders side by side: what must be the same whatever befell one of them, and what is listed apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from autoevol.agents.gateway.books.export import export_calls
from autoevol.optimizer.record.changes import settings_now
from autoevol.optimizer.record.folder import RunFolder

__all__ = ["differences", "records_of"]

# Times and what a death lost are told in these fields alone.
_VARIES = ("started", "lost")
_APART = ("journal", "events.jsonl", "status.json")
_COUNTED = ("calls", "tokens", "cost_usd")


def records_of(run: Path, *, faultless: bool = True) -> dict[str, Any]:
    """Every record of a run without times: each file by its name, decisions by their points, finished calls in order.

    Args:
        run: its folder.
        faultless: whether no call failed, so that what was spent (without what a death lost) must be the same, too.
    """
    found: dict[str, Any] = {}
    for path in sorted(run.rglob("*")):
        name = str(path.relative_to(run))
        if path.is_file() and not name.startswith(_APART):
            found[name] = path.read_bytes()
    status = json.loads((run / "status.json").read_text(encoding="utf-8"))
    without = _VARIES if faultless else (*_VARIES, *_COUNTED)
    found["status"] = {key: value for key, value in status.items() if key not in without}
    events = [json.loads(line) for line in (run / "events.jsonl").read_bytes().splitlines()]
    # What was decided while answers came in any order is named by its point.
    found["decisions"] = {event["point"]: event["value"] for event in events if event["kind"] == "decision"}
    wished = [event for event in events if event["kind"] == "steer" and "point" in event]
    found["interventions"] = [{name: event[name] for name in event if name != "at"} for event in wished]
    found["settings in force"] = settings_now(RunFolder(run))
    found["calls"] = [_timeless(json.loads(line)) for line in export_calls(run, prompts=True) if line is not None]
    return found


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Names of the records that differ; empty where the runs are the same."""
    return [name for name in sorted({*one, *other}) if one.get(name) != other.get(name)]


def _timeless(call: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in call.items() if name != "seconds"}
