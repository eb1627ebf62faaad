"""Where AutoEvol keeps what belongs to no run: what processes share, and what was found out about endpoints."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

__all__ = ["state_folder"]


def state_folder() -> Path:
    """The user's state folder for AutoEvol, or what `AUTOEVOL_STATE` names. It may not be there yet."""
    return Path(os.environ.get("AUTOEVOL_STATE") or platformdirs.user_state_dir("autoevol", appauthor=False))
