"""What the agents say to each other: frozen values, no behaviour.

A task goes to an agent, a reply comes back; both are messages with an id that derives from the place in the run
(`steps/001/dev/c2/seed-17/r1/evolve`), never from time. A reply's `parent` is the task's id.

    EvolveTask   → evolver   → Evolved       AnalysisTask → analyst   → Analysis      JudgeTask → judge   → Verdict
    AnswerTask   → responder → Answered      RefineTask   → refiner   → Proposal      ScoreTask → student → Scored
    SolveTask    → student   → Answered      ProgramTask  → sandbox   → Ran
    EmbedTask    → embedder  → Embedded      ContinueTask → generator → Continued
    further tasks and replies stand beside their agents (`published.py`, `reflector.py`)
    any agent may answer Failed: the call itself gave nothing (refused, filtered, too long), with reason and cost
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .gateway.outcomes import TokenScore
from .method import Method, Operator
from .values import Call, ClauseEdit, Edit, Finding, Instruction, MethodFinding, Recurrence, RoleName

__all__ = [
    "Analysis",
    "AnalysisTask",
    "AnswerTask",
    "Answered",
    "Call",
    "Case",
    "ClauseEdit",
    "ContinueTask",
    "Continued",
    "Edit",
    "EmbedTask",
    "Embedded",
    "EvolveTask",
    "Evolved",
    "Failed",
    "Finding",
    "Instruction",
    "JudgeTask",
    "Message",
    "MethodFinding",
    "ProgramTask",
    "Proposal",
    "Ran",
    "Recurrence",
    "RefineTask",
    "Reply",
    "RoleName",
    "ScoreTask",
    "Scored",
    "SolveTask",
    "Task",
    "Verdict",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One evolution as the analyst sees it: stages of the text, last answer, findings, score, the judge's word."""

    id: str
    stages: tuple[str, ...]
    response: str
    findings: tuple[Finding, ...]
    score: float | None
    verdict: Verdict | None = None


# ---------------------------------------------------------------- messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Anything one agent says to another. `id` is the place in the run; `parent` the message it answers or follows."""

    id: str
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task(Message):
    """What an agent is asked to do. `stage` is the part of the run it is booked on; `sample` asks for another draw."""

    stage: str
    sample: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Message):
    """What an agent answers, with the calls that it cost."""

    calls: tuple[Call, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Reply):
    """The call gave nothing: why (`content_filter`, `context_too_long`, `empty`, ...) and in which words."""

    reason: str
    detail: str = ""

    @property
    def cost(self) -> float | None:
        """Money spent on it in USD; None where a price is unknown."""
        costs = [call.cost for call in self.calls]
        return None if None in costs else sum(cost for cost in costs if cost is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvolveTask(Task):
    """To the evolver: rewrite this instruction by this method. `round` counts from 1.

    `given` is a text that stands there already (another tool's output); then no model is asked.
    """

    instruction: Instruction
    method: Method
    round: int = 1
    given: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evolved(Reply):
    """From the evolver. `text` is None where the contract's output form was not kept (`fault` says how)."""

    text: str | None
    raw: str
    fault: Literal["", "unreadable", "truncated"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTask(Task):
    """To the responder: answer this instruction. With `given` the answer stands already and no model is asked.

    `temperature` draws the answer, instead of the seat's own.
    """

    instruction: Instruction
    given: str | None = None
    temperature: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveTask(Task):
    """To the student: answer this instruction, so that its pass rate can be measured."""

    instruction: Instruction


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Reply):
    """From the responder. `reasoning` is the trace, kept apart from the text."""

    text: str
    reasoning: str = ""
    fault: Literal["", "truncated"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisTask(Task):
    """To the analyst: what does the method do wrong, and what right, on these cases?

    `earlier` are problems of earlier steps that the last one still had; `notes` are a person's.
    """

    method: Method
    cases: tuple[Case, ...]
    history: tuple[Edit, ...] = ()
    earlier: tuple[Recurrence, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis(Reply):
    """From the analyst. `findings`, largest cluster first, is empty where nothing was found or readable (`fault`)."""

    findings: tuple[MethodFinding, ...]
    raw: str
    fault: Literal["", "unreadable", "truncated"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefineTask(Task):
    """To the refiner: one candidate from this analysis.

    `operator` asks for a few edited clauses, a new list, or the best of `method` and `other` in one.
    """

    method: Method
    analysis: Analysis
    history: tuple[Edit, ...] = ()
    operator: Operator = "small"
    other: Method | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal(Reply):
    """From the refiner. `method` is None where the answer could not be read as clauses (`fault`)."""

    method: Method | None
    why: str
    raw: str
    fault: Literal["", "unreadable", "truncated"] = ""
    edits: tuple[ClauseEdit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeTask(Task):
    """To the judge: is the evolved instruction valid, and harder? `swap` shows the pair in the other order."""

    original: Instruction
    evolved: Instruction
    response: str
    swap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(Reply):
    """From the judge. None means abstained. `harder` names the harder text of the pair.

    `grounded` says whether the quoted evidence stands in a text that was shown; a "no" without it is an abstention,
    and `ungrounded` names the fields where that happened.
    """

    valid: bool | None
    self_contained: bool | None
    intent_kept: bool | None
    harder: Literal["evolved", "original", "same"] | None
    consistent: bool | None = None
    evidence: str = ""
    grounded: bool = False
    ungrounded: tuple[str, ...] = ()
    fault: Literal["", "unreadable", "truncated"] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramTask(Task):
    """To the sandbox: run this program. It costs no call."""

    program: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran(Reply):
    """From the sandbox: whether the program passed its own checks, and in a few words what happened.

    `skipped` says that it was not run at all, because nothing could shut it in.
    """

    ok: bool
    detail: str
    skipped: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedTask(Task):
    """To the embedder: where does this text lie?"""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded(Reply):
    """From the embedder: the vector of the text."""

    vector: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContinueTask(Task):
    """To the generator: go on from this text, which is sent as it is, without a template.

    Args:
        text: what stands there.
        stop: strings that end the continuation.
        temperature, top_p, max_tokens: instead of the seat's own where they are not None.
        extra: further fields of the request, as JSON text of one object; those of the seat win over them.
    """

    text: str
    stop: tuple[str, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    extra: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Continued(Reply):
    """From the generator: what follows; `truncated` where it met no stop before its bound."""

    text: str
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTask(Task):
    """To the student: the log-probabilities of this text, which is sent as it is."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored(Reply):
    """From the student: the tokens of the text in order, each with its natural log-probability after those before."""

    tokens: tuple[TokenScore, ...]
