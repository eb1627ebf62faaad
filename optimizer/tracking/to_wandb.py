"""A run as a run of Weights & Biases, kept in the run folder unless `online` is said. Only this file imports `wandb`.

An offline run that goes on has one more `offline-run-…` folder with the same id; `wandb sync` joins them.
"""

from __future__ import annotations

import hashlib
import importlib
import netrc
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ...agents.gateway.errors import UsageError
from ..pages.files import RunFiles
from ..pages.records import StatusRecord
from ..record.settings import Settings
from .figures import FILES, StepFigures, last_figures, params_of, steps_of
from .step_tracker import StepTracker

__all__ = ["ToWandb", "check_login"]

# It prints, watches the machine and reports to its makers unless it is told not to; what a person has set stays.
_MANNERS = {"WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false", "WANDB_CONSOLE": "off"}
_HOST = "https://api.wandb.ai"


def check_login() -> None:
    """Without a key it would ask for one at the terminal, in the middle of a run.

    Raises:
        UsageError: there is neither a key in the environment nor one from `wandb login`.
    """
    host = urlsplit(os.environ.get("WANDB_BASE_URL") or _HOST).hostname or ""
    try:
        known = netrc.netrc(os.environ.get("NETRC")).authenticators(host)
    except (OSError, netrc.NetrcParseError):
        known = None
    if not os.environ.get("WANDB_API_KEY") and known is None:
        raise UsageError(
            "track.wandb is online, and no key of Weights & Biases is known here.",
            fix="Call `wandb login`, set WANDB_API_KEY, or say track.wandb = 'offline'.",
        )


class ToWandb(StepTracker):
    """See `courier.Tracker`. What an earlier session sent is not sent again.

    Args:
        settings: of the run; they become its config.
        folder: of the run.
    """

    def __init__(self, settings: Settings, folder: Path) -> None:
        super().__init__(settings, folder, "wandb", _MANNERS)
        self._wandb: Any = importlib.import_module("wandb")
        self._run: Any = None
        self._fresh = False

    def _begin(self) -> None:
        notes = self._notes
        if not notes.run:
            # The run's secret makes it unlike every other, and says nothing of it.
            text = f"wandb/{self._settings.secret}/{self._folder.name}"
            notes.run = hashlib.sha256(text.encode()).hexdigest()[:16]
        notes.folder.mkdir(parents=True, exist_ok=True)
        notes.save()
        wandb = self._wandb
        mode = "online" if self._settings.track.wandb == "online" else "offline"
        self._run = wandb.init(
            project=self._settings.track.project, id=notes.run, name=self._folder.name, resume="allow", mode=mode,
            dir=str(notes.folder), config=params_of(self._settings), reinit="create_new",
            tags=[self._settings.recipe, self._settings.profile],
            settings=wandb.Settings(
                silent=True, console="off", x_disable_stats=True, x_disable_meta=True, disable_git=True,
                disable_code=True,
            ),
        )  # fmt: skip

    def _step(self, step: StepFigures) -> None:
        # At once: what waits for the next step is lost where the run is killed before it.
        self._run.log({**step.figures, "step": step.step}, step=step.step, commit=True)
        self._fresh = self._fresh or step.method is not None
        self._notes.steps.add(step.id)
        self._notes.save()

    def _methods(self) -> None:
        """Every accepted method as one artefact."""
        kept = self._wandb.Artifact(f"{self._notes.run}-methods", type="method")
        for step in steps_of(self._folder):
            if step.method is not None:
                with kept.new_file(step.method[0].removeprefix("methods/"), encoding="utf-8") as file:
                    file.write(step.method[1])
        self._run.log_artifact(kept)
        self._fresh = False

    def _end(self) -> None:
        notes, run = self._notes, self._run
        run.summary.update(last_figures(self._folder))
        status = RunFiles(self._folder).record("status.json", StatusRecord) or StatusRecord()
        run.summary.update({"state": status.state, "story": status.story})
        if self._fresh:
            self._methods()
        for name in FILES:
            path = self._folder / name
            if path.is_file() and notes.is_new(name, path):
                kept = self._wandb.Artifact(f"{notes.run}-{path.stem}", type=path.suffix.lstrip(".") or "file")
                kept.add_file(str(path))
                run.log_artifact(kept)
                notes.took(name, path)
        run.finish(exit_code=0 if status.state == "finished" else 1)
        self._run = None
