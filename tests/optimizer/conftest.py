"""Models that play the roles, and a person who calls the command with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actors import act
from tests.model_server import ModelServer, model_server
from tests.optimizer.calling import KEY, Call, Said, decent, said_by
from tests.optimizer.small_run import write_config


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """Models that play the roles."""
    with model_server(act) as running:
        yield running


@pytest.fixture
def config(tmp_path: Path, server: ModelServer) -> Path:
    """Settings of a small run with every part of the course, its seeds beside it."""
    return write_config(tmp_path, server.base_url)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Call `autoevol` in an empty folder with a key; whatever happens, it is never shown, nor is a traceback."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    def call(*arguments: object) -> Said:
        said = said_by(capsys, *arguments)
        decent(said.out + said.err)
        return said

    return call
