"""A run as a run of MLflow: parameters, figures of each step, files. Only this file imports `mlflow`."""

from __future__ import annotations

import importlib
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from ..pages.files import RunFiles
from ..pages.records import StatusRecord
from ..record.settings import Settings
from .figures import FILES, StepFigures, last_figures, params_of
from .step_tracker import StepTracker

__all__ = ["ToMlflow"]

_AT_ONCE = 100  # parameters and figures that a server takes in one request
_MARK = "steps_done"
_ENDS = {"finished": "FINISHED", "stopped": "KILLED"}
# Its own defaults wait for minutes, and report to its makers; what a person has set stays.
_MANNERS = {"MLFLOW_HTTP_REQUEST_TIMEOUT": "20", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
            "MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}  # fmt: skip


class ToMlflow(StepTracker):
    """See `courier.Tracker`. Steps that the server has already, from this session or an earlier one, are not sent.

    Args:
        settings: of the run; they become its parameters.
        folder: of the run.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        super().__init__(settings, folder, "mlflow", _MANNERS)
        mlflow = importlib.import_module("mlflow")
        self._entities: Any = importlib.import_module("mlflow.entities")
        address = settings.track.mlflow
        self._client: Any = mlflow.MlflowClient(address if isinstance(address, str) else None)

    def _begin(self) -> None:
        client, notes = self._client, self._notes
        if not notes.run:
            project = self._settings.track.project
            found = client.get_experiment_by_name(project)
            number = found.experiment_id if found else client.create_experiment(project)
            notes.run = client.create_run(number, run_name=self._folder.name).info.run_id
            notes.save()
        client.update_run(notes.run, status="RUNNING")
        known = client.get_run(notes.run).data.params
        entity = self._entities.Param
        params = [entity(name, value) for name, value in params_of(self._settings).items() if name not in known]
        for first in range(0, len(params), _AT_ONCE):
            client.log_batch(notes.run, params=params[first : first + _AT_ONCE])
        for name, value in (("recipe", self._settings.recipe), ("profile", self._settings.profile),
                            ("autoevol.version", metadata.version("autoevol"))):  # fmt: skip
            client.set_tag(notes.run, name, value)
        # A death may have come between sending a step and noting that: the server knows.
        if self._settings.recipe == "auto-evol":
            notes.steps |= {str(each.step) for each in client.get_metric_history(notes.run, _MARK)}

    def _step(self, step: StepFigures) -> None:
        run, notes = self._notes.run, self._notes
        if step.method is not None:
            self._client.log_text(run, step.method[1], step.method[0])
        # The mark comes last: where it is, the others are.
        self._figures({**step.figures, (f"{step.place}/{_MARK}" if step.place else _MARK): float(step.step)}, step.step)
        notes.steps.add(step.id)
        notes.save()

    def _figures(self, figures: dict[str, float], step: int) -> None:
        now, entity = int(time.time() * 1000), self._entities.Metric
        self._client.log_batch(
            self._notes.run, metrics=[entity(name, value, now, step) for name, value in figures.items()]
        )

    def _end(self) -> None:
        client, notes = self._client, self._notes
        known = client.get_run(notes.run).data.metrics
        self._figures({n: value for n, value in last_figures(self._folder).items() if known.get(n) != value}, 0)
        for name in FILES:
            path = self._folder / name
            if path.is_file() and notes.is_new(name, path):
                client.log_artifact(notes.run, str(path))
                notes.took(name, path)
        status = RunFiles(self._folder).record("status.json", StatusRecord) or StatusRecord()
        client.set_tag(notes.run, "mlflow.note.content", status.story or status.state)
        client.set_terminated(notes.run, _ENDS.get(status.state, "FAILED"))
