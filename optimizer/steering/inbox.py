"""The inbox of a run: a folder with one file a wish. Anybody may write there; only the running process takes out.

A wish is written beside its place and moved there, so that a reader sees all of it or nothing. It stays until its event
is on disk; so a wish that was taken up by a process that died before it could take the file away is known by its id.
"""

from __future__ import annotations

import json
from pathlib import Path

from ...agents.gateway.errors import StorageError
from ..record.folder import write_atomically
from .wishes import Wish, read_wish

__all__ = ["INBOX", "Inbox"]

INBOX = "inbox"
_MOST_BYTES = 262_144


class Inbox:
    """The inbox of the run in this folder. Nothing is made before the first wish."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / INBOX

    def put(self, wish: Wish) -> None:
        """Lay a wish down; the same one a second time changes nothing.

        Raises:
            StorageError: it cannot be written.
        """
        write_atomically(self._path / f"{wish.id}.json", json.dumps(wish.as_fields(), ensure_ascii=False) + "\n")

    def waiting(self) -> list[Wish]:
        """The wishes that lie there, oldest first. A file that is no wish is none; see `set_aside`."""
        return [wish for path in self._files() if (wish := _read(path)) is not None]

    def set_aside(self) -> list[str]:
        """Rename what is no wish, so that it is looked at once only.

        Returns:
            The names of these files.
        """
        wrong = [path for path in self._files() if _read(path) is None]
        for path in wrong:
            try:
                path.replace(path.with_suffix(".unreadable"))
            except OSError:
                continue
        return [path.name for path in wrong]

    def done(self, wish_id: str) -> None:
        """Take a wish out; its event is on disk."""
        try:
            (self._path / f"{wish_id}.json").unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(
                f"{self._path} cannot be written: {error.strerror}.", fix="Give write permission, then resume."
            ) from error

    def _files(self) -> list[Path]:
        try:
            return sorted(path for path in self._path.iterdir() if path.suffix == ".json")
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise StorageError(
                f"{self._path} cannot be read: {error.strerror}.", fix="Give read permission, then resume."
            ) from error


def _read(path: Path) -> Wish | None:
    """The wish of a file, where the file is one and bears its name."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        wish = read_wish(path.read_bytes())
    except OSError:
        return None
    return wish if wish is not None and wish.id == path.stem else None
