"""`--detach`: the run goes on without the terminal, tells a command of its end, and is watched from here."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autoevol.agents.gateway.simulated.provider.process import start_provider
from autoevol.agents.gateway.simulated.provider.settings import ProviderSettings
from autoevol.optimizer.cli.background import LEFT_ALONE
from tests.optimizer.cli.conftest import Cli

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def provider() -> Iterator[str]:
    """The address of a simulated provider."""
    with start_provider(ProviderSettings()) as address:
        yield address


def test_a_run_goes_on_in_the_background_and_is_watched_to_its_end(
    cli: Cli, tmp_path: Path, seeds: Path, provider: str
) -> None:
    """What it says is in its folder, and its end is told; in the background it is resumed, too."""
    heard = tmp_path / "heard.json"
    hook = tmp_path / "hook.py"
    hook.write_text(f"import sys; open({str(heard)!r}, 'a').write(sys.stdin.read())", encoding="utf-8")
    said = cli(
        "evolve", "--seeds", seeds, "--base-url", provider, "--model", "sim", "--apply-limit", 4, "--no-judge", "--yes",
        "--detach", "--on-event", f"{sys.executable} {hook}",
    )  # fmt: skip
    assert 0 == said.code, said.err
    (run,) = (tmp_path / "runs").iterdir()
    watched = cli("watch", run)

    assert all(f"autoevol {word} runs/{run.name}" in said.out for word in ("watch", "steer"))
    assert "finished" in watched.out
    assert "4 seeds in" in (run / "status.json").read_text(encoding="utf-8")

    again = cli("resume", run, "--detach")
    for process in LEFT_ALONE:
        process.wait()
    LEFT_ALONE.clear()
    assert 0 == again.code, again.err
    assert "Run folder" in (run / "log.txt").read_text(encoding="utf-8")
    told = [json.loads(line)["event"] for line in heard.read_text(encoding="utf-8").splitlines()]
    assert ["finished", "finished"] == told


def test_what_is_wrong_is_said_before_anything_goes_to_the_background(cli: Cli, seeds: Path, tmp_path: Path) -> None:
    """As without --detach: no folder is made."""
    said = cli("evolve", "--seeds", seeds, "--model", "m", "--base-url", "http://127.0.0.1:1", "--yes", "--detach",
               "--on-event", "env:NOT_SET_HERE")  # fmt: skip

    assert 2 == said.code
    assert "NOT_SET_HERE, which is not set" in said.err
    assert not (tmp_path / "runs").exists()
