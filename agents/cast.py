"""Who plays: the agents of a run, seated, with their prompts checked before the first call."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..prompts import PromptError, Prompts, check_all
from .agent import Agent, Door, Seat
from .analyst import Analyst
from .contract import CONTRACT_VERSION, OutputForm
from .evolver import Evolver
from .gateway.errors import UsageError
from .gateway.requests import Decoding
from .judge import Judge
from .messages import AnalysisTask, AnswerTask, EvolveTask, JudgeTask, RefineTask, RoleName, SolveTask, Task
from .refiner import Refiner
from .responder import Responder, ResponderForm
from .student import Student

__all__ = ["SeatSpec", "build_cast", "prompt_fingerprint"]


@dataclass(frozen=True, slots=True)
class SeatSpec:
    """What a role speaks through: an endpoint group, a model, how answers are drawn, and in which form they come."""

    endpoint: str
    model: str
    decoding: Decoding
    output_form: OutputForm = "tags"


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
        seats: a seat for each role that will be asked; the reflector is not seated yet.
        secret: of the run; delimiters of data derive from it.
        responder_form: the form of responses.
        responder_prompt: the person's own words to the responder, for the form `own`.
        prompts_folder: a person's own prompt files, which win over the shipped ones.

    Raises:
        UsageError: a prompt has a wrong variable or cannot be read, or the form `own` has no words.
        ValueError: the secret is empty.
    """
    if not secret:
        raise ValueError("a cast needs the secret of its run")
    if responder_form == "own" and not responder_prompt.strip():
        raise UsageError("The responder's form is `own` but its prompt is empty.", fix="Give responder_prompt.")
    prompts = _prompts(prompts_folder)

    def seat(role: RoleName) -> Seat:
        spec = seats[role]
        return Seat(role, door, spec.endpoint, spec.model, spec.decoding)

    cast: dict[type[Task], Agent[Any]] = {}
    if "evolver" in seats:
        cast[EvolveTask] = Evolver(seat("evolver"), secret, seats["evolver"].output_form, prompts)
    if "responder" in seats:
        cast[AnswerTask] = Responder(seat("responder"), responder_form, responder_prompt, prompts)
    if "analyst" in seats:
        cast[AnalysisTask] = Analyst(seat("analyst"), secret, seats["analyst"].output_form, prompts)
    if "refiner" in seats:
        cast[RefineTask] = Refiner(seat("refiner"), secret, seats["refiner"].output_form, prompts)
    if "judge" in seats:
        cast[JudgeTask] = Judge(seat("judge"), secret, seats["judge"].output_form, prompts)
    if "student" in seats:
        cast[SolveTask] = Student(Responder(seat("student"), responder_form, responder_prompt, prompts))
    return cast


def prompt_fingerprint(folder: Path | None = None) -> str:
    """64 hex digits over every prompt, the starting methods and the contract's version; a run freezes it.

    Raises:
        UsageError: a prompt has a wrong variable or cannot be read.
    """
    return hashlib.sha256(f"{CONTRACT_VERSION}\x1f{_prompts(folder).fingerprint}".encode()).hexdigest()


def _prompts(folder: Path | None) -> Prompts:
    try:
        return check_all(folder)
    except PromptError as error:
        fix = "Mend the folder of --prompts, or run without it." if folder else "Install AutoEvol again."
        raise UsageError(str(error), fix=fix) from error
