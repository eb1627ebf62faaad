"""Who plays: the agents of a run, seated, with their prompts checked before the first call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..prompts import PromptError, Prompts, check_all, shipped
from .agent import Agent, Door, Seat
from .analyst import Analyst
from .base_model import BaseModel, BaseTask
from .bootstrap.asking import InstanceTask, InventTask, SortTask
from .bootstrap.instancer import Instancer
from .bootstrap.inventor import Inventor
from .bootstrap.sorter import Sorter
from .coder import Coder, CodeTask, Repairer, RepairTask
from .contract import CONTRACT_VERSION, OutputForm
from .embedder import EmbedAllTask, Embedder, Embedders
from .evolver import Evolver
from .explainer import Explainer, ExplainTask
from .gateway.errors import UsageError
from .gateway.requests import Decoding
from .generator import Generator
from .grader import Marker, MarkTask, Ranker, RankTask
from .guards import Guard, GuardTask, HarmJudge, HarmTask
from .improver import Improver, ImproveTask
from .judge import Judge
from .messages import (
    AnalysisTask,
    AnswerTask,
    ContinueTask,
    EmbedTask,
    EvolveTask,
    JudgeTask,
    RefineTask,
    RoleName,
    ScoreTask,
    SolveTask,
    Task,
)
from .open_tagger import OpenTagger, OpenTagTask
from .operations import Comparer, GainTask, OperationTask, Operator
from .preference import Preference, PreferTask
from .prober import Reader, ReadTask, Renderer, RenderTask
from .published import FeedbackTask, FreeAnalyst, RewriteTask, WholeRefiner
from .refiner import Refiner
from .reflector import Reflector, ReflectTask
from .responder import Responder, ResponderForm
from .rewarder import Rater, RateTask, Rewarder, RewardTask
from .rivals import Describer, DescribeTask, GroundedRefiner, GroundTask, RecordsTask, ReflectingRefiner
from .scorer import Scorer
from .simulator import SimulateTask, Simulator
from .student import Student
from .tagger import Tagger, TagTask
from .tester import Tester, TestsTask

__all__ = ["SeatSpec", "build_cast", "prompt_fingerprint", "prompts_of"]

_BOOTSTRAP: Mapping[type[Task], Callable[[Seat, str, Prompts, OutputForm], Agent[Any]]] = {
    InventTask: Inventor,
    SortTask: Sorter,
    InstanceTask: Instancer,
}


@dataclass(frozen=True, slots=True)
class SeatSpec:
    """What a role speaks through: an endpoint group, a model, how answers are drawn, and in which form they come."""

    endpoint: str
    model: str
    decoding: Decoding
    output_form: OutputForm = "tags"


@dataclass(frozen=True, slots=True)
class _Seating:
    """How agents are put on their seats; see `build_cast`."""

    door: Door
    seats: Mapping[RoleName, SeatSpec]
    secret: str
    form: ResponderForm
    own: str
    prompts: Prompts

    def seat(self, role: RoleName) -> Seat:
        spec = self.seats[role]
        return Seat(role, self.door, spec.endpoint, spec.model, spec.decoding)

    def framed(self, role: RoleName, agent: Callable[[Seat, str, Prompts, OutputForm], Agent[Any]]) -> Agent[Any]:
        return agent(self.seat(role), self.secret, self.prompts, self.seats[role].output_form)

    def answering(self, role: RoleName) -> Responder:
        return Responder(self.seat(role), self.form, self.own, self.prompts)


_Maker = tuple[RoleName, type[Task], Callable[[], Agent[Any]]]


def _makers(of: _Seating) -> tuple[_Maker, ...]:
    """Which role takes which kind of task, and what makes its agent."""
    seat, framed, answering, prompts = of.seat, of.framed, of.answering, of.prompts
    return (
        ("evolver", EvolveTask, lambda: framed("evolver", Evolver)),
        ("responder", AnswerTask, lambda: answering("responder")),
        ("analyst", AnalysisTask, lambda: framed("analyst", Analyst)),
        ("analyst", FeedbackTask, lambda: FreeAnalyst(seat("analyst"), of.secret, prompts)),
        ("refiner", RefineTask, lambda: framed("refiner", Refiner)),
        ("refiner", RewriteTask, lambda: framed("refiner", WholeRefiner)),
        ("refiner", RecordsTask, lambda: framed("refiner", ReflectingRefiner)),
        ("refiner", GroundTask, lambda: framed("refiner", GroundedRefiner)),
        ("refiner", DescribeTask, lambda: Describer(seat("refiner"), of.secret, prompts)),
        ("judge", JudgeTask, lambda: framed("judge", Judge)),
        ("student", SolveTask, lambda: Student(answering("student"))),
        ("student", ScoreTask, lambda: Scorer(seat("student"))),
        ("reflector", ReflectTask, lambda: framed("reflector", Reflector)),
        ("judge", PreferTask, lambda: framed("judge", Preference)),
        ("embedder", EmbedTask, lambda: Embedder(seat("embedder"))),
        ("embedder", EmbedAllTask, lambda: Embedders(seat("embedder"))),
        ("evolver", OperationTask, lambda: framed("evolver", Operator)),
        ("judge", GainTask, lambda: framed("judge", Comparer)),
        ("guard", GuardTask, lambda: Guard(seat("guard"))),
        ("judge", HarmTask, lambda: framed("judge", HarmJudge)),
        ("generator", ContinueTask, lambda: Generator(seat("generator"))),
        ("generator", ReadTask, lambda: Reader(seat("generator"))),
        ("generator", RenderTask, lambda: Renderer(seat("generator"))),
        ("generator", SimulateTask, lambda: Simulator(seat("generator"), prompts)),
        ("base", BaseTask, lambda: BaseModel(Generator(seat("base")), prompts)),
        ("tagger", TagTask, lambda: framed("tagger", Tagger)),
        ("evolver", ImproveTask, lambda: framed("evolver", Improver)),
        ("judge", RankTask, lambda: framed("judge", Ranker)),
        ("judge", MarkTask, lambda: framed("judge", Marker)),
        ("tagger", OpenTagTask, lambda: framed("tagger", OpenTagger)),
        ("rewarder", RewardTask, lambda: Rewarder(seat("rewarder"))),
        ("rewarder", RateTask, lambda: framed("rewarder", Rater)),
        ("responder", CodeTask, lambda: Coder(seat("responder"), of.secret, prompts)),
        ("responder", RepairTask, lambda: Repairer(seat("responder"), of.secret, prompts)),
        ("judge", TestsTask, lambda: framed("judge", Tester)),
        ("reflector", ExplainTask, lambda: framed("reflector", Explainer)),
        *(("generator", kind, partial(framed, "generator", agent)) for kind, agent in _BOOTSTRAP.items()),
    )


def build_cast(
    door: Door,
    seats: Mapping[RoleName, SeatSpec],
    *,
    secret: str,
    responder_form: ResponderForm = "direct",
    responder_prompt: str = "",
    prompts_folder: Path | None = None,
) -> dict[type[Task], Agent[Any]]:
    """The agents of the roles that have a seat, by the kind of task they take.

    Args:
        door: the gateway.
        seats: a seat for each role that will be asked.
        secret: of the run; delimiters of data derive from it.
        responder_form: the form of responses.
        responder_prompt: the person's own words to the responder, for the form `own`.
        prompts_folder: a person's own prompts, which win over the shipped ones: a folder, or a file.

    Raises:
        UsageError: a prompt has a wrong variable or cannot be read, or the form `own` has no words.
        ValueError: the secret is empty.
    """
    if not secret:
        raise ValueError("a cast needs the secret of its run")
    if responder_form == "own" and not responder_prompt.strip():
        raise UsageError("The responder's form is `own` but its prompt is empty.", fix="Give responder_prompt.")
    prompts = prompts_of(prompts_folder)

    seating = _Seating(door, seats, secret, responder_form, responder_prompt, prompts)
    return {kind: agent() for role, kind, agent in _makers(seating) if role in seats}


def prompt_fingerprint(folder: Path | None = None, role: RoleName | None = None, *, every: bool = False) -> str:
    """64 hex digits over the prompts, the starting methods and the contract's version; a run freezes it.

    Args:
        folder: a person's own prompts: a folder, or a file.
        role: only the prompts of this role.
        every: with those of the recipes (`make-…`) and of the strategies of others (`rival-…`), which most runs never
            ask for.

    Raises:
        UsageError: a prompt has a wrong variable or cannot be read.
    """
    prompts = prompts_of(folder)
    texts = prompts.fingerprint if every else prompts.fingerprint_of_runs
    if role is not None:
        mine = [(task, language) for task, language in prompts.texts if task.partition("-")[0] == role]
        texts = "\x1e".join(f"{task}.{code}\x1f{prompts.texts[task, code].text}" for task, code in sorted(mine))
    return hashlib.sha256(f"{CONTRACT_VERSION}\x1f{texts}".encode()).hexdigest()


def prompts_of(folder: Path | None) -> Prompts:
    """Every prompt, those of a person's own folder before the shipped ones.

    Raises:
        UsageError: a prompt has a wrong variable or cannot be read.
    """
    try:
        return shipped() if folder is None else check_all(folder)
    except PromptError as error:
        fix = "Mend what --prompts names, or run without it." if folder else "Install AutoEvol again."
        raise UsageError(str(error), fix=fix) from error
