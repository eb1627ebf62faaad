"""`--detach`: a run goes on in a process of its own, which no terminal ends, and says what it says into its folder."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from ...agents.gateway.errors import RunInUse, StorageError
from ..record.at_work import at_work

__all__ = ["LEFT_ALONE", "LOG", "detach"]

LOG = "log.txt"
LEFT_ALONE: list[subprocess.Popen[bytes]] = []
"""Processes that this one has put into the background; it does not wait for them."""

_BEGIN_S = 30.0
_LOOK_S = 0.1
_SHOWN = 5  # last lines of the log


def detach(folder: Path, out: Path | None, more: Sequence[str] = ()) -> None:
    """Run a folder in the background, and say how it is watched, steered and stopped.

    Args:
        folder: the run.
        out: where the data set is put too, or None.
        more: further options of `autoevol resume`.

    Raises:
        RunInUse: another process is at work on it.
        StorageError: its log cannot be written.
    """
    if at_work(folder):
        raise RunInUse(f"The run {folder} is in use by another process.", fix="Wait until it has ended, or steer it.")
    words = [sys.executable, "-m", "autoevol.optimizer", "resume", str(folder), *more]
    words += ["--out", str(out)] if out else []
    try:
        with (folder / LOG).open("ab") as log:
            process = subprocess.Popen(  # noqa: S603  ourselves
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
    except OSError as error:
        raise StorageError(
            f"{folder / LOG} cannot be written: {error.strerror}.", fix="Make room or give write permission."
        ) from error
    LEFT_ALONE.append(process)
    end = time.monotonic() + _BEGIN_S
    while process.poll() is None and not at_work(folder) and time.monotonic() < end:
        time.sleep(_LOOK_S)
    if process.poll():
        lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
        click.echo("\n".join(lines[-_SHOWN:]), err=True)
        raise click.exceptions.Exit(process.returncode)
    click.echo(_words(folder, process.pid))


def _words(folder: Path, pid: int) -> str:
    name = str(folder)
    return "\n".join((
        f"Process {pid} is at work on {name}; it says what it does in {folder / LOG}.",
        f"  watch:  autoevol watch {name}",
        f"  steer:  autoevol steer {name} pause   (or note, budget, pin, ban, edit; see docs/steer.md)",
        f"  stop:   autoevol steer {name} stop    (after this step; with --now at once)",
    ))  # fmt: skip
