"""The simulated provider as a process of its own, for measurements and rehearsals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager

import anyio

from ...errors import AutoEvolError
from .running import serve
from .settings import ProviderSettings

__all__ = ["listening_line", "run", "start_provider"]

_MODULE = "autoevol.agents.gateway.simulated.provider"
_GRACE_S = 5.0


def listening_line(base_url: str) -> str:
    """The one line that a provider process prints on its standard output, once it is ready."""
    return f"listening on {base_url}"


def run(settings: ProviderSettings, port: int = 0, host: str = "127.0.0.1") -> None:
    """Serve in this process until SIGINT or SIGTERM.

    Raises:
        UsageError: the host is not of loopback, or the port or the log file cannot be used.
    """
    anyio.run(_run, settings, port, host)


async def _run(settings: ProviderSettings, port: int, host: str) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        async with serve(settings, port, host) as running:
            sys.stdout.write(listening_line(running.base_url) + "\n")
            sys.stdout.flush()
            async for _ in signals:
                return


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
        with process.stdin as asked:
            asked.write(settings.model_dump_json())
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
        if process.stdout is not None:
            process.stdout.close()


def main() -> None:
    """Serve by settings, as JSON on standard input, at the port that the command line names."""
    settings = ProviderSettings.model_validate(json.load(sys.stdin))
    try:
        run(settings, int(sys.argv[1]))
    except AutoEvolError as error:
        raise SystemExit(str(error)) from error
