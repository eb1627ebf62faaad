"""One seed's way through the rounds, and the route that takes it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from ...agents.messages import (
    Answered,
    AnswerTask,
    Call,
    Case,
    Evolved,
    EvolveTask,
    Failed,
    Finding,
    Instruction,
    JudgeTask,
    Reply,
    Task,
    Verdict,
)
from ...agents.team import Journey
from ..dataset.draws import generator
from ..dataset.seed import Seed
from ..scoring.detectors import detect
from ..scoring.pair import Pair

MessageT = TypeVar("MessageT")

__all__ = ["Plan", "Trajectory", "next_task", "trajectory_of"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done with every seed of a stage.

    Args:
        rounds: evolutions in a row, each on the result of the one before.
        answer: whether the last evolved instruction is answered.
        judge: whether the judge looks at what no gate stopped.
        detectors: names of the detectors, in order.
        gates: finding kinds after which nothing more is spent on the item.
        run_seed: names the generator that orders the judge's pairs.
    """

    rounds: int
    answer: bool
    judge: bool
    detectors: tuple[str, ...]
    gates: frozenset[str]
    run_seed: int


@dataclass(frozen=True, slots=True)
class Trajectory:
    """What became of one seed under one method.

    Args:
        seed: where it began.
        method_id: the method that evolved it.
        stages: texts in order: the seed's, then each evolved one.
        response: the answer to the last stage; None where none was asked for or none came.
        reasoning: the answer's reasoning trace.
        fault: what ended it early (`unreadable`, `truncated`, a reason of `Failed`), or empty.
        response_fault: the same for the answer.
        findings: what the detectors found.
        verdict: the judge's, where it was asked.
        calls: every call, in order.
    """

    seed: Seed
    method_id: str
    stages: tuple[str, ...]
    response: str | None
    reasoning: str
    fault: str
    response_fault: str
    findings: tuple[Finding, ...]
    verdict: Verdict | None
    calls: tuple[Call, ...]

    @property
    def evolved(self) -> str | None:
        """The last evolved text, or None where the evolver gave none."""
        return self.stages[-1] if len(self.stages) > 1 and not self.fault else None

    @property
    def cost(self) -> float | None:
        """USD spent on it; None where a price is unknown."""
        costs = [call.cost for call in self.calls]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def touched(self) -> dict[str, list[str]]:
        """What an endpoint did otherwise than asked, where it did: who stood in for it, what it would not take."""
        stood_in = sorted({call.fallback for call in self.calls if call.fallback})
        adapted = sorted({word for call in self.calls for word in call.adapted})
        return {name: words for name, words in (("fallback", stood_in), ("adapted", adapted)) if words}

    def case(self, score: float | None) -> Case:
        """How the analyst sees it."""
        return Case(self.seed.id, self.stages, self.response or "", self.findings, score)

    def as_row(self, score: float | None) -> dict[str, Any]:
        """How the record shows it."""
        return {
            "seed_id": self.seed.id,
            "method_id": self.method_id,
            "stages": list(self.stages),
            "fault": self.fault,
            "response": self.response,
            "response_fault": self.response_fault,
            "findings": [{"kind": f.kind, "evidence": f.evidence, "by": f.by} for f in self.findings],
            "verdict": None if self.verdict is None else _verdict_row(self.verdict),
            "score": score,
            "calls": [call.key for call in self.calls],
            "cost": self.cost,
            **self.touched,
        }


def _verdict_row(verdict: Verdict) -> dict[str, Any]:
    return {
        "valid": verdict.valid,
        "self_contained": verdict.self_contained,
        "intent_kept": verdict.intent_kept,
        "harder": verdict.harder,
        "evidence": verdict.evidence,
        "fault": verdict.fault,
    }


def next_task(plan: Plan, seed: Seed, journey: Journey) -> Task | None:
    """What is asked next: another round, the answer, the judge, or nothing.

    What a gate already stops is not answered, and what is answered badly is not judged: free checks first.
    """
    last = journey[-1]
    first = journey[0]
    if not isinstance(first, EvolveTask):
        raise TypeError("a trajectory begins with an EvolveTask")
    if isinstance(last, Evolved) and last.text is not None and not last.fault:
        rounds = sum(isinstance(message, EvolveTask) for message in journey)
        if _gated(plan, seed, journey):
            return None
        text = _instruction(first.instruction, last.text)
        if rounds < plan.rounds:
            return EvolveTask(
                id=_place(first, f"r{rounds + 1}/evolve"), parent=last.id, stage=first.stage, sample=first.sample,
                instruction=text, method=first.method, round=rounds + 1,
            )  # fmt: skip
        if plan.answer:
            place = _place(first, "answer")
            return AnswerTask(id=place, parent=last.id, stage=first.stage, sample=first.sample, instruction=text)
    if isinstance(last, Answered) and plan.judge and not _gated(plan, seed, journey):
        return _judge_task(plan, first, journey, last)
    return None


def trajectory_of(plan: Plan, seed: Seed, journey: Journey) -> Trajectory:
    """Read a finished journey back as a trajectory, with its findings."""
    pair = _pair(seed, journey)
    first = journey[0]
    answer = _last(journey, Answered)
    return Trajectory(
        seed=seed,
        method_id=first.method.id if isinstance(first, EvolveTask) else "",
        stages=_stages(seed, journey),
        response=answer.text if answer else None,
        reasoning=answer.reasoning if answer else "",
        fault=pair.fault,
        response_fault=pair.response_fault,
        findings=detect(pair, plan.detectors),
        verdict=_last(journey, Verdict),
        calls=tuple(call for message in journey if isinstance(message, Reply) for call in message.calls),
    )


def _judge_task(plan: Plan, first: EvolveTask, journey: Journey, answer: Answered) -> JudgeTask:
    evolved = _last(journey, Evolved)
    swap = generator(plan.run_seed, f"judge-order/{first.id}").random() < 0.5
    return JudgeTask(
        id=_place(first, "judge"), parent=answer.id, stage=first.stage, sample=first.sample,
        original=first.instruction, evolved=_instruction(first.instruction, (evolved and evolved.text) or ""),
        response=answer.text, swap=swap,
    )  # fmt: skip


def _gated(plan: Plan, seed: Seed, journey: Journey) -> bool:
    return any(finding.kind in plan.gates for finding in detect(_pair(seed, journey), plan.detectors))


def _pair(seed: Seed, journey: Journey) -> Pair:
    stages = _stages(seed, journey)
    evolver = next((m for m in reversed(journey) if isinstance(m, Evolved | Failed) and "/evolve" in m.id), None)
    answer = next((m for m in reversed(journey) if isinstance(m, Answered | Failed) and "/answer" in m.id), None)
    good = isinstance(evolver, Evolved) and evolver.text is not None and not evolver.fault
    return Pair(
        instruction=stages[-2] if good else stages[-1],
        response=seed.response,
        evolved=stages[-1] if good else None,
        evolved_response=answer.text if isinstance(answer, Answered) else None,
        fault=_fault(evolver),
        response_fault=_fault(answer),
        language=seed.instruction.language,
    )


def _fault(reply: Reply | None) -> str:
    if isinstance(reply, Failed):
        return reply.reason
    if isinstance(reply, Evolved):
        return reply.fault or ("unreadable" if reply.text is None else "")
    return reply.fault if isinstance(reply, Answered) else ""


def _stages(seed: Seed, journey: Journey) -> tuple[str, ...]:
    texts = [m.text for m in journey if isinstance(m, Evolved) and m.text is not None and not m.fault]
    return (seed.instruction.text, *texts)


def _instruction(original: Instruction, text: str) -> Instruction:
    return Instruction(text, original.system, original.context, original.language)


def _place(first: EvolveTask, what: str) -> str:
    return first.id.rsplit("/r1/", 1)[0] + "/" + what


def _last(journey: Journey, kind: type[MessageT]) -> MessageT | None:
    return next((message for message in reversed(journey) if isinstance(message, kind)), None)
