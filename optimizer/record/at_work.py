"""Whether a process is at work on a run. Standard library only: lists of runs must stay quick."""

from __future__ import annotations

import fcntl
from pathlib import Path

__all__ = ["at_work"]


def at_work(folder: Path) -> bool:
    """Whether a process is at work on the run: only its lock tells, a killed one cannot say that it ended."""
    try:
        with (folder / "journal.lock").open("rb") as file:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
