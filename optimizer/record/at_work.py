"""Whether a process is at work on a run. Hardly more than the standard library: lists of runs must stay quick."""

from __future__ import annotations

import fcntl
from pathlib import Path

from ...agents.gateway.books.held import HELD

__all__ = ["at_work"]


def at_work(folder: Path) -> bool:
    """Whether a process is at work on the run, this one among them.

    Only its lock tells, since a killed one cannot say that it ended. Ours is not tried: that would let it go.
    """
    lock = folder / "journal.lock"
    if lock.resolve() in HELD:
        return True
    try:
        with lock.open("rb") as file:
            fcntl.lockf(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
