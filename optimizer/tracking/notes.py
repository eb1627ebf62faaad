"""What a tracker must know again when a run goes on: which of its runs this is, and what it has already."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from ..record.folder import write_atomically

__all__ = ["Notes"]

_CHUNK = 1 << 20


class _Kept(BaseModel):
    run: str = ""
    steps: list[str] = Field(default_factory=list[str])
    files: dict[str, str] = Field(default_factory=dict[str, str])


class Notes:
    """`tracking/NAME.json` in the folder of the run. Damaged notes are none.

    Attributes:
        run: id of the run at the tracker, empty where there is none yet.
        steps: ids of the steps that it has.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / "tracking" / f"{name}.json"
        try:
            kept = _Kept.model_validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            kept = _Kept()
        self.run, self.steps, self._files = kept.run, set(kept.steps), kept.files

    @property
    def folder(self) -> Path:
        """Where a tracker may keep files of its own."""
        return self._path.parent

    def save(self) -> None:
        """Write them.

        Raises:
            StorageError: they cannot be written.
        """
        kept = _Kept(run=self.run, steps=sorted(self.steps), files=self._files)
        write_atomically(self._path, kept.model_dump_json(indent=1))

    def is_new(self, name: str, path: Path) -> bool:
        """Whether the tracker does not have this file as it is now; `took` says that it has."""
        return self._files.get(name) != _digest(path)

    def took(self, name: str, path: Path) -> None:
        """The tracker has this file."""
        self._files[name] = _digest(path)
        self.save()


def _digest(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_CHUNK):
            found.update(piece)
    return found.hexdigest()
