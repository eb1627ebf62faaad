"""What stops a session stops it cleanly, and the person is told how it goes on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from autoevol.optimizer.cli.boundary import Interrupted
from autoevol.optimizer.cli.launch import interruptible


@pytest.fixture(params=[signal.SIG_IGN, signal.default_int_handler])
def at_first(request: pytest.FixtureRequest) -> Iterator[signal.Handlers]:
    """SIGINT as a shell leaves it: ignored in what it puts in the background."""
    before = signal.signal(signal.SIGINT, request.param)
    yield request.param
    signal.signal(signal.SIGINT, before)


def test_sigterm_cancels_the_work_and_names_the_command(at_first: signal.Handlers, tmp_path: Path) -> None:
    """Also where SIGINT is ignored; the handlers are afterwards what they were, and what was under way was ended."""
    ended: list[bool] = []

    async def work() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    with pytest.raises(Interrupted) as caught, interruptible(tmp_path, "autoevol go-on"):
        anyio.run(work)

    assert ("autoevol go-on", [True]) == (caught.value.command, ended)
    assert signal.getsignal(signal.SIGINT) is at_first
