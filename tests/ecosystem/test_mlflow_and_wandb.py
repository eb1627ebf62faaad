"""MLflow and Weights & Biases themselves, in an environment of their own (extras `mlflow` and `wandb`); no network.

python -m pytest tests/ecosystem --timeout=300
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from autoevol.agents.gateway.books.journal import read_calls
from autoevol.optimizer.tracking import trackers
from tests.actors import act
from tests.model_server import ModelReply, ModelServer, model_server
from tests.optimizer.small_run import results
from tests.optimizer.tracking.tracked_run import Heard, begun, go_on

# What these libraries warn of is not ours.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.timeout(300)]
_BLOCK = 32768
_TWO = {"steps": 2, "patience": None, "regret": None, "least_dev": 4, "alpha": 0.5, "rungs": [4]}


class Locked(Heard):
    """In the second step the key is refused once, which stops the session."""

    def __init__(self, server: ModelServer) -> None:
        super().__init__()
        self.server = server

    def phase(self, step: int | None, name: str, total: int) -> None:
        """Refuse the next call."""
        if step == 1 and name == "batch":
            self.server.faults.append(ModelReply(status=401))


@pytest.fixture
def server() -> Iterator[ModelServer]:
    """Models that play all roles."""
    with model_server(act) as server:
        yield server


@pytest.fixture
def tracking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A store of MLflow in the folder of the test; `AUTOEVOL_TEST_MLFLOW` names a server instead."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    # A new store makes its tables, which may take longer than a run is held up for.
    monkeypatch.setattr(trackers, "_LAST_S", 240.0)
    return os.environ.get("AUTOEVOL_TEST_MLFLOW", f"sqlite:///{tmp_path}/here/m.db")


def _client(address: str) -> Any:
    return import_module("mlflow").MlflowClient(address)


def _only_run(address: str, name: str) -> Any:
    client = _client(address)
    experiment = client.get_experiment_by_name("autoevol")
    runs = [run for run in client.search_runs([experiment.experiment_id]) if run.info.run_name == name]
    assert 1 == len(runs)
    return runs[0]


async def test_mlflow_has_parameters_figures_and_files(tmp_path: Path, server: ModelServer, tracking: str) -> None:
    """And nothing of the run's secret."""
    heard = Heard()
    folder = begun(tmp_path, server.base_url, {"mlflow": tracking}, name="whole")
    await go_on(folder, heard)
    run = _only_run(tracking, folder.name)
    decision = json.loads((folder / "steps/000/decision.json").read_text(encoding="utf-8"))
    files = {file.path for file in _client(tracking).list_artifacts(run.info.run_id)}

    assert [] == [line for line in heard.lines if "MLflow" in line]
    assert "FINISHED" == run.info.status
    assert decision["standings"][0]["mean"] == run.data.metrics["dev/incumbent"]
    assert float(len(list(read_calls(folder)))) == run.data.metrics["total/calls"]
    assert ("1", "auto-evol") == (run.data.params["search.steps"], run.data.tags["recipe"])
    assert {"report.html", "dataset.jsonl", "method.md", "methods"} <= files
    assert "0011223344556677" not in str(run.to_dictionary())


async def test_mlflow_goes_on_with_the_same_run_and_logs_no_step_twice(
    tmp_path: Path, server: ModelServer, tracking: str
) -> None:
    """Stopped in its second step, then finished, then run once more; the notes lost in between."""
    folder = begun(tmp_path, server.base_url, {"mlflow": tracking}, name="twice", search=_TWO)
    first = await go_on(folder, Locked(server))
    assert ("stopped", "KILLED") == (first.state, _only_run(tracking, folder.name).info.status)
    await go_on(folder)
    notes = folder / "tracking/mlflow.json"
    kept = json.loads(notes.read_text(encoding="utf-8"))
    notes.write_text(json.dumps({**kept, "steps": []}), encoding="utf-8")
    await go_on(folder)
    run = _only_run(tracking, folder.name)
    history = _client(tracking).get_metric_history(run.info.run_id, "dev/score")

    assert [1, 2] == sorted(metric.step for metric in history)
    assert "FINISHED" == run.info.status


async def test_mlflow_that_is_not_there_changes_nothing(tmp_path: Path, server: ModelServer) -> None:
    """The run is as without it; it is said once."""
    heard = Heard()
    folder = begun(tmp_path, server.base_url, {"mlflow": "http://127.0.0.1:9"}, name="nobody")
    ending = await go_on(folder, heard)
    (tmp_path / "plain").mkdir()
    plain = begun(tmp_path / "plain", server.base_url, {}, name="nobody")
    await go_on(plain)
    said = [line for line in heard.lines if "MLflow" in line]

    assert ("finished", 2) == (ending.state, len(said)), said
    assert results(plain) == {name: text for name, text in results(folder).items() if not name.startswith("tracking/")}


def _history(folder: Path) -> list[dict[str, Any]]:
    """What the offline files of W&B hold, session by session."""
    kind = import_module("wandb.proto.wandb_internal_pb2").Record
    found: list[dict[str, Any]] = []
    for path in sorted((folder / "tracking/wandb").glob("offline-run-*/*.wandb")):
        for raw in _records(path.read_bytes()):
            record = kind()
            record.ParseFromString(raw)
            if record.HasField("history"):
                items = record.history.item
                found.append({"/".join(item.nested_key) or item.key: json.loads(item.value_json) for item in items})
    return found


def _records(data: bytes) -> Iterator[bytes]:
    """The records of such a file: a log as LevelDB writes it, in blocks of 32 KB, behind 7 bytes of its own."""
    at, whole = 7, b""
    while at + 7 <= len(data):
        room = _BLOCK - at % _BLOCK
        if room < 7:
            at += room
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        whole += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in {1, 4}:  # the whole record, or its last piece
            yield whole
            whole = b""


async def test_wandb_keeps_an_offline_run_and_goes_on_with_it(tmp_path: Path, server: ModelServer) -> None:
    """The same id, each step once, over two sessions."""
    heard = Heard()
    folder = begun(tmp_path, server.base_url, {"wandb": "offline"}, name="w", search=_TWO)
    assert "stopped" == (await go_on(folder, Locked(server))).state
    assert "finished" == (await go_on(folder, heard)).state
    names = {path.name.rpartition("-")[2] for path in (folder / "tracking/wandb").glob("offline-run-*")}
    history = _history(folder)
    decision = json.loads((folder / "steps/000/decision.json").read_text(encoding="utf-8"))

    assert [] == [line for line in heard.lines if "Weights" in line]
    assert 1 == len(names)
    assert [1, 2] == [row["step"] for row in history]
    assert decision["standings"][0]["mean"] == history[0]["dev/incumbent"]
