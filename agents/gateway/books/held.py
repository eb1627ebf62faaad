"""The locks of runs that this process holds. Standard library only: who lists runs asks it, too.

A record lock does not keep out its own process, and is let go by whichever handle of the file that process closes
first. So nobody may open the file of a lock that is held here.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["HELD"]

HELD: set[Path] = set()
"""Resolved paths of lock files."""
