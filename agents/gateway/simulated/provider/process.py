"""The simulated provider as a process of its own, for measurements and rehearsals."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from typing import TextIO

import anyio
from anyio.abc import TaskStatus

from ...errors import AutoEvolError
from .running import serve
from .settings import ProviderSettings

__all__ = ["listening_line", "run", "start_provider"]

_MODULE = "autoevol.agents.gateway.simulated.provider"
_GRACE_S = 5.0
_MOST_FILES = 65_536


def listening_line(base_url: str) -> str:
    """The one line that a provider process prints on its standard output, once it is ready."""
    return f"listening on {base_url}"


def run(settings: ProviderSettings, port: int = 0, host: str = "127.0.0.1") -> None:
    """Serve in this process until SIGINT or SIGTERM.

    Raises:
        UsageError: the host is not of loopback, or the port or the log file cannot be used.
    """
    _allow_many_connections()
    anyio.run(_run, settings, port, host, None)


async def _run(settings: ProviderSettings, port: int, host: str, leash: TextIO | None) -> None:
    """Serve until a signal, or until whoever holds the other end of the leash is gone."""
    async with serve(settings, port, host) as running, anyio.create_task_group() as tasks:
        await tasks.start(_end_at_signal, tasks.cancel_scope)
        if leash is not None:
            tasks.start_soon(_end_with, leash, tasks.cancel_scope)
        sys.stdout.write(listening_line(running.base_url) + "\n")
        sys.stdout.flush()


async def _end_at_signal(scope: anyio.CancelScope, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for _ in signals:
            scope.cancel()
            return


async def _end_with(leash: TextIO, scope: anyio.CancelScope) -> None:
    await anyio.wait_readable(leash)
    scope.cancel()


def _allow_many_connections() -> None:
    """Raise the limit of open files as far as it goes: a slow model at a high rate has thousands of calls in flight."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415  not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard or hard == resource.RLIM_INFINITY:
        most = _MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, _MOST_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


@contextmanager
def start_provider(settings: ProviderSettings, port: int = 0) -> Generator[str]:
    """A provider in a process of its own, for as long as the block lasts.

    Args:
        settings: how it behaves.
        port: 0 takes a free one.

    Yields:
        Its base address, ending in /v1.

    Raises:
        AutoEvolError: it did not start; the message holds what it said.
    """
    command = [sys.executable, "-m", _MODULE, str(port)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603  ours
    try:
        if process.stdin is None or process.stdout is None:
            raise AutoEvolError("The simulated provider has no pipes.", fix="This is a bug; report it.")
        # Its end of the pipe stays open as long as this process lives, however that ends.
        process.stdin.write(settings.model_dump_json() + "\n")
        process.stdin.flush()
        line = process.stdout.readline().strip()
        address = line.removeprefix(listening_line(""))
        if not address or address == line:
            raise AutoEvolError(f"The simulated provider did not start: {line or 'it ended without a word'}.")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def main() -> None:
    """Serve by settings, as one line of JSON on standard input, at the port of the command line, until input ends."""
    settings = ProviderSettings.model_validate(json.loads(sys.stdin.readline()))
    _allow_many_connections()
    try:
        anyio.run(_run, settings, int(sys.argv[1]), "127.0.0.1", sys.stdin)
    except AutoEvolError as error:
        raise SystemExit(str(error)) from error
