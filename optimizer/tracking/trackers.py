"""All who are told of one run, as its settings say. With everything off this costs nothing and imports nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from ...agents.gateway.errors import UsageError
from ...agents.gateway.outcomes import Outcome
from ...agents.gateway.requests import Request
from ..record.settings import Settings, TrackSettings
from .courier import Courier, Tracker
from .news import Began, CallEnded, News, PartBegan, StepDecided

__all__ = ["Trackers", "check_trackers"]

_LAST_S = 60.0


def check_trackers(track: TrackSettings) -> None:
    """Whether all that is switched on is installed, before anything is spent.

    Raises:
        UsageError: it is not, or W&B would ask for a key at the terminal.
    """
    needed = (("mlflow", track.mlflow, ("mlflow",)), ("wandb", track.wandb, ("wandb",)),
              ("otel", track.otel, ("opentelemetry.sdk", "opentelemetry.exporter.otlp.proto.http")))  # fmt: skip
    for name, said, modules in needed:
        if said is not False and not all(map(_is_here, modules)):
            raise UsageError(
                f"track.{name} is on, and what it needs is not installed.",
                fix=f"pip install 'autoevol[{name}]', or say --set track.{name}=false.",
            )
    if track.wandb == "online":
        from .to_wandb import check_login  # noqa: PLC0415  only who is online needs it

        check_login()


def _is_here(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


class Trackers:
    """The couriers of a run; a `Follower` of its course. Nothing here waits, and nothing is raised after `__init__`.

    Args:
        track: who is told.
        settings: of the run.
        folder: of the run.
        say: takes a line for the person; also from other threads.

    Raises:
        UsageError: see `check_trackers`.
    """

    def __init__(self, track: TrackSettings, settings: Settings, folder: Path, say: Callable[[str], None]) -> None:
        check_trackers(track)
        makers: dict[str, Callable[[], Tracker]] = {}
        if track.mlflow is not False:
            makers["MLflow"] = lambda: _mlflow(settings, folder)
        if track.wandb is not False:
            makers["Weights & Biases"] = lambda: _wandb(settings, folder)
        self._traces: Courier | None = None
        if track.otel is not False:
            self._traces = Courier("OpenTelemetry", lambda: _otel(settings, folder), say, mends=False)
        self._couriers = [Courier(name, make, say) for name, make in makers.items()]

    @property
    def on_call(self) -> Callable[[Request, Outcome], None] | None:
        """What the gateway is to call for every finished call; None where nobody wants to know."""
        return None if self._traces is None else self._call

    def begin(self) -> None:
        """The session is at work: the run is ours."""
        self._tell(Began(time.time_ns()))

    def part(self, step: int | None, name: str) -> None:
        """A part of the work begins."""
        if self._traces is not None:
            self._traces.bring(PartBegan(time.time_ns(), step, name))

    def step(self, place: str, step: int) -> None:
        """A step is decided and on disk."""
        self._tell(StepDecided(time.time_ns(), place, step))

    def close(self) -> None:
        """The session is over and its files are written: bring what is left, for at most a minute."""
        everybody = self._everybody()
        for courier in everybody:
            courier.finish()
        until = time.monotonic() + _LAST_S
        for courier in everybody:
            courier.wait(until)

    def _call(self, request: Request, outcome: Outcome) -> None:
        if self._traces is not None:
            self._traces.bring(CallEnded(time.time_ns(), request, outcome))

    def _tell(self, news: News) -> None:
        for courier in self._everybody():
            courier.bring(news)

    def _everybody(self) -> list[Courier]:
        return [*self._couriers, *([self._traces] if self._traces else [])]


def _mlflow(settings: Settings, folder: Path) -> Tracker:
    from .to_mlflow import ToMlflow  # noqa: PLC0415  only who is told of is imported

    return ToMlflow(settings, folder)


def _wandb(settings: Settings, folder: Path) -> Tracker:
    from .to_wandb import ToWandb  # noqa: PLC0415

    return ToWandb(settings, folder)


def _otel(settings: Settings, folder: Path) -> Tracker:
    from .to_otel import ToOtel  # noqa: PLC0415

    return ToOtel(settings, folder)
