"""The file that holds the page, and the locks on it, which die with the process that holds them.

One byte is locked while the page is changed, and one byte for each member for as long as it lives: whose byte is free
is dead. These are record locks of `fcntl`, on bytes behind the end of the file. They belong to the process, so a
process opens each file once, whoever in it shares the account. Nothing here waits for long: a process that was stopped
(Ctrl-Z) just while it changed the page must not stop the others.

The page is read and written, not mapped: another program that cuts the file off would kill every process that maps it.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from .lease_page import MEMBERS, PAGE

if sys.platform == "win32":  # pragma: no cover
    CAN_SHARE = False
else:
    import fcntl

    CAN_SHARE = True

__all__ = ["CAN_SHARE", "LeaseFile", "boot"]

_CHANGE_AT, _MEMBERS_AT = 1 << 20, 1 << 21
_TRIES, _PAUSE_S = 25, 20e-6


def boot() -> int:
    """A number that is another after each start of the machine; 0 where it does not tell."""
    try:
        text = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
        return int(text.strip().replace("-", "")[:16], 16)
    except (OSError, ValueError):
        return 0


class LeaseFile:
    """One open file. Every method may raise OSError.

    Args:
        path: made where it is missing, readable by its owner only.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._path = path

    def _lock(self, at: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, at)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def enter(self) -> bytes | None:
        """Begin a change: the page as it is, or None where another process is at it and does not come to an end."""
        for turn in range(_TRIES):
            if self._lock(_CHANGE_AT):
                return os.pread(self._file, PAGE, 0)
            if turn:
                time.sleep(_PAUSE_S)
        return None

    def leave(self, page: bytes | None) -> None:
        """End a change, with a new page or without."""
        try:
            if page is not None and os.pwrite(self._file, page, 0) != PAGE:
                raise OSError("the page was not written whole")
        finally:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _CHANGE_AT)

    @property
    def lost(self) -> bool:
        """Whether the file was deleted or replaced, so that new processes use another one."""
        try:
            return not os.path.samestat(self._path.stat(), os.fstat(self._file))
        except FileNotFoundError:
            return True

    def hold(self) -> int | None:
        """Hold the byte of a member that nobody holds, until `close` or the end of the process; its index."""
        return next((index for index in range(MEMBERS) if self._lock(_MEMBERS_AT + index)), None)

    def is_dead(self, index: int) -> bool:
        """Whether no process holds the byte of a member. Never asked about oneself: a process does not see its own."""
        if not self._lock(_MEMBERS_AT + index):
            return False
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, _MEMBERS_AT + index)
        return True

    def close(self) -> None:
        """Give up all locks."""
        os.close(self._file)
