"""What status.json says of a run from its first moment; the rest is added as it goes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ..dataset.split import Split
from .events import EventLog
from .quirks import quirks_of
from .rivals import turns_of
from .settings import Settings

__all__ = ["first_status"]


def first_status(settings: Settings, split: Split, events: EventLog) -> dict[str, Any]:
    """Name, recipe, profile, and what was read of the seeds."""
    started = events.past[0]["at"] if events.past else datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "state": "running",
        "name": settings.name,
        "recipe": settings.recipe,
        "profile": settings.profile,
        "quirks": sorted(quirks_of(settings)),
        "steps": turns_of(settings.search),
        "started": started,
        "seeds": {
            "read": split.report.read,
            "good": split.report.good,
            "duplicates": split.report.duplicates,
            "empty": split.report.empty,
            "malformed": split.report.malformed,
            "seeds": split.total,
            "unit": split.report.unit,
            "problems": [list(problem) for problem in split.report.problems],
        },
        "split": {"train": len(split.train), "dev": len(split.dev), "test": len(split.test)},
    }
