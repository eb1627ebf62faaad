"""The demo: settings that fit its seeds, and the shipped recording through the real loop without one call."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from autoevol.agents.gateway.books.journal import read_calls
from autoevol.agents.gateway.engine.model_files import MODELS
from autoevol.optimizer.cli.planning import measure
from autoevol.optimizer.demo.job import demo_settings


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the recorded run, gone through once more."""
    runs = tmp_path_factory.mktemp("replayed")
    command = [sys.executable, "-m", "autoevol.optimizer", "demo", "--replay", "--runs", str(runs), "--quiet"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert 0 == ended.returncode, ended.stderr
    (folder,) = runs.iterdir()
    return folder


@pytest.mark.timeout(120)
def test_the_recorded_run_goes_through_the_real_loop_without_a_call(run: Path) -> None:
    """A prompt, rule or setting that has changed since the recording would ask for a call that is not there."""
    status = json.loads((run / "status.json").read_text(encoding="utf-8"))
    data = (run / "dataset.jsonl").read_text(encoding="utf-8").splitlines()

    assert "finished" == status["state"]
    assert status["rows_out"] == len(data) > 5
    assert status["rows_in"] == status["rows_out"] + sum(status["dropped"].values())
    assert "A recorded run." in (run / "report.html").read_text(encoding="utf-8")
    assert demo_settings(long=True).search.steps == len(list((run / "steps").iterdir()))


def test_every_recorded_call_is_used_by_the_replay(run: Path) -> None:
    """What the replay names in its records is what the journal holds: nothing is asked that was not recorded."""
    recorded = {call.key for call in read_calls(run / "journal.sqlite")}
    lines = (run / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    used = {key for line in lines for key in json.loads(line)["calls"]}

    assert recorded == used


@pytest.mark.parametrize("long", [False, True])
def test_the_demo_fits_its_seeds_and_its_models(long: bool) -> None:
    """Two steps, at least two candidates, held-out seeds, and models that can be fetched."""
    settings = demo_settings(long=long)
    sizes, report = measure(settings)

    assert report.read == report.good
    assert settings.search.steps >= 2
    assert settings.search.candidates >= 2
    assert (sizes.dev, sizes.test) == (settings.search.dev, settings.search.test)
    assert all(endpoint.local in MODELS for endpoint in settings.endpoints.values())
