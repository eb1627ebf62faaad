"""What trackers of steps have in common: when something is due, and what of it has been sent before."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from ..record.settings import Settings
from .figures import StepFigures, steps_of
from .news import CallEnded, News
from .notes import Notes

__all__ = ["StepTracker"]


class StepTracker(ABC):
    """See `courier.Tracker`. Steps that were sent already, in this session or an earlier one, are not sent again.

    Args:
        settings: of the run.
        folder: of the run.
        name: of the tracker, which its notes in the run are called by.
        manners: environment variables for its library; what a person has set stays.
    """

    def __init__(self, settings: Settings, folder: Path, name: str, manners: Mapping[str, str]) -> None:
        for variable, value in manners.items():
            os.environ.setdefault(variable, value)
        self._settings = settings
        self._folder = folder
        self._notes = Notes(folder, name)
        self._open = False
        self._due = False

    def hear(self, news: News) -> None:
        """A decided step is read from disk when it is sent."""
        self._due = self._due or not isinstance(news, CallEnded)

    def send(self, *, last: bool) -> None:
        """Send every step that is not there yet; at the end also the rest."""
        if not self._due and not last:
            return
        if not self._open:
            self._begin()
            self._open = True
        for step in steps_of(self._folder):
            if step.id not in self._notes.steps:
                self._step(step)
        if last:
            self._end()
        self._due = False

    @abstractmethod
    def _begin(self) -> None:
        """Open the run there, or go on with the one that the notes name."""

    @abstractmethod
    def _step(self, step: StepFigures) -> None:
        """Send one step, and note it."""

    @abstractmethod
    def _end(self) -> None:
        """Send what is known at the end."""
