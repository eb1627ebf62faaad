"""`unused.jsonl`: every row of the seeds that gave none, by line and reason."""

from __future__ import annotations

from ..record.folder import RunFolder
from .report import ReadReport
from .source import SeedSource

__all__ = ["write_unused"]


def write_unused(source: SeedSource, report: ReadReport, files: RunFolder) -> None:
    """Read the source once more where it has such rows, and write them; `status.json` names the first few only.

    Args:
        source: of the run.
        report: of an earlier pass.
        files: of the run.

    Raises:
        StorageError: the file cannot be written.
    """
    if report.read == report.good:
        return
    with files.rows("unused.jsonl") as rows:
        reading = source.reading()
        reading.unused = lambda line, why: rows.write({report.unit: line, "reason": why})
        for _ in reading:
            pass
