"""How the process of a model behaves: quiet, polite to others on the same cores, and gone when its caller is."""

from __future__ import annotations

import os
import re
import signal
import sys
import tempfile
import time
from typing import IO

__all__ = ["cores", "die_with_caller", "first_error", "forget", "live_again", "silence", "wait_politely"]

# `0.00.032.944 E srv  load_model: what happened`
_LOGGED = re.compile(r"^\S+ E (?:\S+ +)?\S+: (?P<text>\S.*)$", re.MULTILINE)


def wait_politely() -> None:
    """Let threads that wait for each other sleep soon. Read when the library is loaded.

    By default they spin on and on, and where another program or a second model wants the same cores, all of them stall:
    measured on 2 cores, two models took 10.6 s where they now take 6.0 s, and beside a busy test run one model fell
    from 80 to 6 tokens/s. Not spinning at all would cost a small model that is alone 40 % of its speed; this, a tenth.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "300")


def cores() -> int:
    """Cores that this process may use, which in a container are fewer than the machine has."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def silence() -> tuple[IO[str], IO[bytes]]:
    """Give llama.cpp streams of its own, so that nothing of it reaches a person's terminal.

    Returns:
        where our one line goes, and the file that llama.cpp's error messages go to (it has no name on disk).
    """
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    errors = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115  open as long as the process
    for descriptor in (1, 2):
        os.dup2(errors.fileno(), descriptor)
    return answers, errors


def forget(errors: IO[bytes]) -> None:
    """Once the model serves, what llama.cpp says of single calls (which may quote them) goes nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    errors.close()


def first_error(errors: IO[bytes]) -> str:
    """What llama.cpp says first; what follows are consequences. Its log has a thread of its own, hence the wait."""
    for _ in range(20):
        errors.seek(0)
        found = _LOGGED.search(errors.read().decode("utf-8", "replace"))
        if found:
            return found["text"]
        time.sleep(0.01)
    return ""


def die_with_caller() -> None:
    """Ask the system for a deadly signal when standard input closes: while a model loads, no line of ours would run."""
    if sys.platform == "win32":
        return
    import fcntl  # noqa: PLC0415  not on Windows

    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)


def live_again() -> None:
    """Take that back: from now on something may come by standard input, and whoever reads it sees its end."""
    if sys.platform == "win32":
        return
    import fcntl  # noqa: PLC0415  not on Windows

    fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) & ~os.O_ASYNC)
    signal.signal(signal.SIGIO, signal.SIG_IGN)
