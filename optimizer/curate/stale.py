"""Files of an earlier plan that a new one in the same folder does not write: left there they would be taken for its."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ...agents.gateway.errors import StorageError

__all__ = ["remove_stale"]


def remove_stale(folder: Path, names: Iterable[str]) -> None:
    """Take files of ours out of a folder, where they are.

    Raises:
        StorageError: one cannot be taken out.
    """
    for name in names:
        try:
            (folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(
                f"{folder / name} is of an earlier plan and cannot be removed: {error.strerror or error}.",
                fix="Remove it, or choose another --out.",
            ) from error
