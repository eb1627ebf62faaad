"""All that a run has at hand while it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from ...agents.base_model import BaseTask
from ...agents.bootstrap.asking import InstanceTask, InventTask, SortTask
from ...agents.coder import CodeTask, RepairTask
from ...agents.embedder import EmbedAllTask
from ...agents.explainer import ExplainTask
from ...agents.gateway.endpoints import Budget
from ...agents.gateway.progress import Forecast
from ...agents.grader import MarkTask, RankTask
from ...agents.guards import GuardTask, HarmTask
from ...agents.improver import ImproveTask
from ...agents.messages import (
    AnalysisTask,
    Answered,
    AnswerTask,
    Continued,
    ContinueTask,
    EmbedTask,
    Evolved,
    EvolveTask,
    JudgeTask,
    Message,
    ProgramTask,
    RefineTask,
    Reply,
    ScoreTask,
    SolveTask,
    Task,
)
from ...agents.method import Method
from ...agents.open_tagger import OpenTagTask
from ...agents.operations import GainTask, OperationTask
from ...agents.preference import PreferTask
from ...agents.prober import ReadTask, RenderTask
from ...agents.published import FeedbackTask, RewriteTask
from ...agents.reflector import ReflectTask
from ...agents.rewarder import RateTask, RewardTask
from ...agents.rivals import DescribeTask, GroundTask, RecordsTask
from ...agents.simulator import SimulateTask
from ...agents.tagger import TagTask
from ...agents.team import Journey, Team
from ...agents.tester import TestsTask
from ..dataset.split import Split
from ..scoring.judging import JudgeTally, looks_of
from .events import EventLog
from .folder import RowsFile, RunFolder
from .settings import RoleSettings, Settings

if TYPE_CHECKING:
    from ..steering.wheel import Wheel

__all__ = ["Follower", "MessageLog", "Part", "Run", "Spending", "Watcher"]

_FORECAST_EVERY_S = 5.0
_JUDGED = 20_000  # items that the judge is judged by; what is known by then does not change any more
_ROLE: Mapping[type[Task], str] = {
    EvolveTask: "evolver",
    AnswerTask: "responder",
    AnalysisTask: "analyst",
    RefineTask: "refiner",
    FeedbackTask: "analyst",
    RewriteTask: "refiner",
    RecordsTask: "refiner",
    DescribeTask: "refiner",
    GroundTask: "refiner",
    JudgeTask: "judge",
    ReflectTask: "reflector",
    PreferTask: "judge",
    SolveTask: "student",
    EmbedTask: "embedder",
    EmbedAllTask: "embedder",
    ProgramTask: "sandbox",
    ContinueTask: "generator",
    InventTask: "generator",
    SortTask: "generator",
    InstanceTask: "generator",
    ReadTask: "generator",
    RenderTask: "generator",
    SimulateTask: "generator",
    BaseTask: "base",
    TagTask: "tagger",
    OpenTagTask: "tagger",
    ImproveTask: "evolver",
    RankTask: "judge",
    MarkTask: "judge",
    RewardTask: "rewarder",
    RateTask: "rewarder",
    ScoreTask: "student",
    OperationTask: "evolver",
    GainTask: "judge",
    GuardTask: "guard",
    HarmTask: "judge",
    CodeTask: "responder",
    RepairTask: "responder",
    TestsTask: "judge",
    ExplainTask: "reflector",
}


class Watcher(Protocol):
    """Who is told how the run goes on; see optimizer/pages/progress.py."""

    def phase(self, step: int | None, name: str, total: int) -> None:
        """A new part of the work begins, with so many items."""
        ...

    def tick(self, done: int) -> None:
        """So many items of the part are done."""
        ...

    def beat(self) -> None:
        """Some seconds have passed, whether or not an item was done in them."""
        ...

    def note(self, line: str) -> None:
        """One line for the person."""
        ...


class Follower(Protocol):
    """Who follows the course beside the watcher; see optimizer/tracking. It returns at once and raises nothing."""

    def part(self, step: int | None, name: str) -> None:
        """A new part of the work begins."""
        ...

    def step(self, place: str, step: int) -> None:
        """A step is decided and on disk.

        Args:
            place: the folder of the recipe inside the run, empty for the run's own.
            step: counts from 0.
        """
        ...


class Nobody:
    """Nobody follows."""

    def part(self, step: int | None, name: str) -> None:
        """Nothing is done."""

    def step(self, place: str, step: int) -> None:
        """Nothing is done."""


class MessageLog:
    """Every message, in the order of the course: who, to whom, kind, parent, calls, and the text where it has one."""

    def __init__(self, rows: RowsFile) -> None:
        self._rows = rows

    def write(self, journey: Journey) -> None:
        """Add the messages of one finished journey; each reply goes to whoever is asked next."""
        speaker = "optimizer"
        for message, following in zip(journey, (*journey[1:], None), strict=True):
            if isinstance(message, Task):
                self._rows.write(_message_row(message, speaker, _ROLE[type(message)]))
                speaker = _ROLE[type(message)]
            else:
                to = _ROLE[type(following)] if isinstance(following, Task) else "optimizer"
                self._rows.write(_message_row(message, speaker, to))


def _message_row(message: Message, sender: str, to: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": message.id,
        "parent": message.parent,
        "kind": type(message).__name__,
        "from": sender,
        "to": to,
        "calls": [call.key for call in message.calls] if isinstance(message, Reply) else [],
    }
    if isinstance(message, Evolved | Answered | Continued):
        row["text"] = message.text
    return row


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent so far, over all restarts: attempts that have an end, tokens, USD (None where a price is unknown),
    minutes."""

    calls: int
    tokens: int
    usd: float | None
    minutes: float


def nobody(event: str, *, last: bool = False, **more: Any) -> None:
    """Nobody wants to hear."""


@dataclass(slots=True)
class Part:
    """How far the part of the work is that goes on; `step` counts from 0, None outside the loop."""

    step: int | None = None
    name: str = ""
    done: int = 0
    total: int = 0


@dataclass(slots=True)
class Run:
    """What a recipe works with. `state` is what status.json shows; it is derived, never read back.

    `forecast` tells what is left; status.json shows it from time to time while the run is at work. `judge` counts what
    the judge said. `recast` gives a team like this one whose evolver has another seat. `wheel` is the person's hand.
    `tell` brings news of pauses and ends to who wants to hear (`steering.herald`).
    `part` says how far the part of the work is that goes on. `follower` hears of parts and decided steps.
    """

    settings: Settings
    folder: RunFolder
    events: EventLog
    split: Split
    team: Team
    messages: MessageLog
    watcher: Watcher
    spending: Callable[[], Spending]
    state: dict[str, Any] = field(default_factory=dict[str, Any])
    forecast: Callable[[], Forecast | None] | None = None
    judge: JudgeTally = field(default_factory=JudgeTally)
    recast: Callable[[RoleSettings], Team] | None = None
    shown_at: float = 0.0
    wheel: Wheel | None = None
    part: Part = field(default_factory=Part)
    tell: Callable[..., None] = nobody
    follower: Follower = field(default_factory=Nobody)

    @property
    def budget(self) -> Budget:
        """The caps in force now."""
        return self.settings.budget if self.wheel is None else self.wheel.settings.budget

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person wants the analyst to take into account."""
        return () if self.wheel is None else tuple(self.wheel.notes)

    @property
    def banned(self) -> frozenset[str]:
        """Ids of the methods that a person wants neither raced nor accepted, nor as anyone's parent."""
        return frozenset(self.wheel.banned if self.wheel is not None else ())

    def bans(self, method: Method) -> bool:
        """Whether a person wants this method neither raced nor accepted."""
        return method.id in self.banned

    def at(self, point: str, step: int | None = None, incumbent: Method | None = None) -> None:
        """A named point of the course, where a person's wishes are taken up; see `steering.wheel`.

        Raises:
            StoppedByPerson: the person asked to stop here.
        """
        if self.wheel is not None:
            place = self.folder.path.relative_to(self.events.path.parent)
            self.wheel.at(str(place / point), step, incumbent)

    def update(self, **fields: Any) -> None:
        """Change what status.json shows."""
        self.state.update(fields)
        self.folder.write_json("status.json", self.state)

    def decided(self, step: int) -> None:
        """Tell that a step is decided and on disk; `step` counts from 0."""
        place = self.folder.path.relative_to(self.events.path.parent).as_posix()
        self.follower.step("" if place == "." else place, step)

    def heard(self, journey: Journey) -> None:
        """Put a finished journey on record, and what the judge said in it into its count."""
        self.messages.write(journey)
        if self.judge.counts["items"] < _JUDGED:
            self.judge.add(looks_of(journey))

    def write_judge(self) -> None:
        """Write what can be said of the judge so far, where it was asked at all (judge.json)."""
        if self.judge.counts["looks"]:
            roles = self.settings.roles
            health = self.judge.health(roles.judge.model, roles.evolver.model)
            self.folder.write_json("judge.json", health.as_row())

    def phase(self, step: int | None, name: str, total: int) -> Callable[[], None]:
        """Announce a part of the work; each call of the value counts one item as done."""
        part = self.part
        part.step, part.name, part.done, part.total = step, name, 0, total
        self.watcher.phase(step, name, total)
        self.follower.part(step, name)

        def tick() -> None:
            part.done += 1
            self.watcher.tick(part.done)
            self._show_forecast()

        return tick

    def _show_forecast(self) -> None:
        now = time.monotonic()
        if self.forecast is None or now - self.shown_at < _FORECAST_EVERY_S:
            return
        self.shown_at = now
        left = self.forecast()
        if left is None:
            return
        self.update(
            forecast={
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "calls_left": left.calls,
                "seconds_left": None if left.seconds is None else round(left.seconds),
                "usd_left": left.usd,
                "bound_by": left.bound_by,
                "cap_reached_first": left.cap,
            }
        )
