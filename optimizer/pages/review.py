"""The quality review of a run: rows drawn from its data set, and the answers so far."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from ..scoring.quality import Review, Sampled, draw_sample, open_review
from .files import RunFiles
from .records import DataRecord

__all__ = ["review_of"]


def review_of(folder: Path, sample: int) -> Review:
    """A review of at most `sample` rows of a run, drawn by its own seed."""
    files = RunFiles(folder)
    settings = files.tree("settings.json").get("settings")
    seed = cast("dict[str, Any]", settings).get("run_seed") if isinstance(settings, dict) else 0
    rows = (Sampled(row.id, row.instruction, row.response) for row in files.rows("dataset.jsonl", DataRecord))
    return open_review(folder, draw_sample(rows, sample, seed if isinstance(seed, int) else 0))
