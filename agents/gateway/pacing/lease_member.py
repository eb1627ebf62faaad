"""The place of this process among those that share an account, and how it gets at their page."""

from __future__ import annotations

import math
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from .lease_file import CAN_SHARE, LeaseFile, boot
from .lease_page import Page

__all__ = ["Membership"]

_PATIENCE_S = 2.0
_STAT_S = 1.0
_BOOT = boot()


class Membership:
    """What this process holds of one account, whatever in it uses it: one file, one place among the members."""

    def __init__(self, path: Path, notice: Callable[[str], None]) -> None:
        self.users = 0
        self._path = path
        self._notice = notice
        self._page = Page(_BOOT)
        self._file: LeaseFile | None = None
        self._process = os.getpid()
        self._place: int | None = None
        self._mark = secrets.randbits(63) | 1
        self._held = 0
        self._owed: list[Callable[[Page], None]] = []
        self._busy_since: float | None = None
        self._stat = -math.inf
        if CAN_SHARE:
            self._open()
        else:  # pragma: no cover
            self._go_alone("this system has no record locks")

    def _open(self) -> None:
        try:
            self._file = LeaseFile(self._path)
            self._place = self._file.hold()
            if self._place is None:
                self._go_alone("too many processes use it already")
        except OSError as error:
            self._go_alone(str(error.strerror or error))

    def _go_alone(self, why: str) -> None:
        """Keep the limits for this process only, from what is known so far."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._place = None
        for index in list(self._page.others()):
            self._page.remove(index)
        self._page.join(0, self._mark, self._held)
        self._notice(f"Limits are not shared with other AutoEvol processes: {self._path.parent}: {why}.")

    # ------------------------------------------------------------ one change

    def enter(self) -> Page | None:
        """The page, to be changed and then left; None where another process is at it."""
        if self._file is None:
            return self._page
        if os.getpid() != self._process:
            # A child made by fork has the file but none of the locks.
            self._process = os.getpid()
            self._held = 0
            self._go_alone("this process was forked from one that shares them")
            return self._page
        try:
            self._stay_with_others()
            data = self._file.enter()
        except OSError as error:
            self._go_alone(str(error.strerror or error))
            return self._page
        if data is None:
            return self._wait_for_others()
        self._busy_since = None
        self._page.load(data)
        self._settle()
        return self._page

    def _settle(self) -> None:
        """Stand in the page, and pay what could not be written when it was due."""
        if self._place is not None and not self._page.joined:
            self._page.join(self._place, self._mark, self._held)
        for change in self._owed:
            change(self._page)
        self._owed.clear()
        self._page.set_held(self._held)

    def _wait_for_others(self) -> Page | None:
        now = time.monotonic()
        self._busy_since = now if self._busy_since is None else self._busy_since
        if now - self._busy_since > _PATIENCE_S:
            self._go_alone("another process keeps it locked")
            return self._page
        return None

    def _stay_with_others(self) -> None:
        """Where the file was deleted, use the new one that others will use."""
        now = time.monotonic()
        if now - self._stat > _STAT_S:
            self._stat = now
            if self._file is not None and self._file.lost:
                self._file.close()
                self._file = None
                self._open()

    def leave(self, *, changed: bool = True) -> None:
        """Write what was changed and let others in."""
        if self._file is None:
            return
        try:
            self._file.leave(self._page.store() if changed else None)
        except OSError as error:
            self._go_alone(str(error.strerror or error))

    # ------------------------------------------------------------ what belongs to this process

    def bury(self) -> None:
        """Take members that died out of the page; their calls in flight are free. Within one change."""
        if self._file is None:
            return
        for index in list(self._page.others()):
            if self._file.is_dead(index):
                self._page.remove(index)

    def hold(self, more: int) -> None:
        """Count calls in flight of this process, in the page where it is entered."""
        self._held = max(0, self._held + more)

    @property
    def held(self) -> int:
        """Calls in flight of this process."""
        return self._held

    def change(self, change: Callable[[Page], None]) -> None:
        """Change the page; later, where another process is at it now."""
        page = self.enter()
        if page is None:
            self._owed.append(change)
            return
        change(page)
        self.leave()

    def close(self) -> None:
        """Leave the account."""
        if self.enter() is not None:
            if self._place is not None and self._file is not None:
                self._page.remove(self._place)
            self.leave()
        if self._file is not None:
            self._file.close()
            self._file = None
