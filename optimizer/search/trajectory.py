"""One seed's way through the rounds, as it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from ...agents.messages import Answered, Call, Case, Embedded, Evolved, EvolveTask, Finding, Reply, Verdict
from ...agents.team import Journey
from ..dataset.seed import Seed
from ..scoring.examine.contained import findings_of, report_of
from ..scoring.examine.judged import AGAIN, FIRST, TURNED
from .course import Plan, item_of, pair_of

__all__ = ["Trajectory", "trajectory_of"]

_NO_LOOKS: Mapping[str, Verdict] = MappingProxyType({})
_NO_MEASURES: Mapping[str, float] = MappingProxyType({})


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
        findings: what the detectors and the dear checks found.
        calls: every call, in order.
        looks: the judge's verdicts by the end of the task's id: `judge`, `judge/turned`, `judge/again`.
        measures: figures of the dear checks in [0, 1]: `harder`, `agreement`, `pass_before`, `pass_after`, `useful`.
        vector: the embedding of the evolved text; empty where none was asked for.
    """

    seed: Seed
    method_id: str
    stages: tuple[str, ...]
    response: str | None
    reasoning: str
    fault: str
    response_fault: str
    findings: tuple[Finding, ...]
    calls: tuple[Call, ...]
    looks: Mapping[str, Verdict] = field(default_factory=lambda: _NO_LOOKS)
    measures: Mapping[str, float] = field(default_factory=lambda: _NO_MEASURES)
    vector: tuple[float, ...] = ()

    @property
    def evolved(self) -> str | None:
        """The last evolved text, or None where the evolver gave none."""
        return self.stages[-1] if len(self.stages) > 1 and not self.fault else None

    @property
    def verdict(self) -> Verdict | None:
        """The judge's first look, where it was asked."""
        return self.looks.get(FIRST)

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
        return Case(self.seed.id, self.stages, self.response or "", self.findings, score, self.verdict)

    def as_row(self, score: float | None, parts: Mapping[str, float] | None = None) -> dict[str, Any]:
        """How the record shows it. `parts` are those of the score."""
        named = (("verdict", FIRST), ("turned", TURNED), ("again", AGAIN))
        looks = {name: _look_row(look) for name, key in named if (look := self.looks.get(key)) is not None}
        return {
            "seed_id": self.seed.id,
            "method_id": self.method_id,
            "stages": list(self.stages),
            "fault": self.fault,
            "response": self.response,
            "response_fault": self.response_fault,
            "findings": [{"kind": f.kind, "evidence": f.evidence, "by": f.by} for f in self.findings],
            "verdict": None,
            **looks,
            **({"measures": dict(self.measures)} if self.measures else {}),
            "score": score,
            **({"parts": dict(parts)} if parts else {}),
            "calls": [call.key for call in self.calls],
            "cost": self.cost,
            **self.touched,
        }


def trajectory_of(plan: Plan, seed: Seed, journey: Journey, method_id: str = "") -> Trajectory:
    """Read a finished journey back as a trajectory, with its findings.

    Args:
        plan: what was done.
        seed: where it began.
        journey: its messages.
        method_id: whose trajectory it is, where that is another than the method that the evolver was given.
    """
    pair = pair_of(seed, journey)
    first = journey[0]
    answer = next((m for m in journey if isinstance(m, Answered) and m.id.endswith("/answer/reply")), None)
    stop = plan.stop_on_error
    findings, measures = list(findings_of(pair, plan.detectors, stop=stop)), dict[str, float]()
    if answer is not None:
        item = item_of(seed, journey)
        for exam in plan.exams:
            report = report_of(exam, item, stop=stop)
            findings += report.findings
            measures |= report.measures
    return Trajectory(
        seed=seed,
        method_id=method_id or (first.method.id if isinstance(first, EvolveTask) else ""),
        stages=_stages(seed, journey),
        response=answer.text if answer else None,
        reasoning=answer.reasoning if answer else "",
        fault=pair.fault,
        response_fault=pair.response_fault,
        findings=tuple(findings),
        calls=tuple(call for message in journey if isinstance(message, Reply) for call in message.calls),
        looks=_looks(journey),
        measures=MappingProxyType(measures),
        vector=next((message.vector for message in journey if isinstance(message, Embedded)), ()),
    )


def _looks(journey: Journey) -> Mapping[str, Verdict]:
    names = (FIRST, TURNED, AGAIN)
    return {
        name: message
        for message in journey
        if isinstance(message, Verdict)
        for name in names
        if message.parent.endswith(f"/{name}")
    }


def _look_row(look: Verdict) -> dict[str, Any]:
    return {
        "valid": look.valid,
        "self_contained": look.self_contained,
        "consistent": look.consistent,
        "intent_kept": look.intent_kept,
        "harder": look.harder,
        "evidence": look.evidence,
        "grounded": look.grounded,
        "fault": look.fault,
    }


def _stages(seed: Seed, journey: Journey) -> tuple[str, ...]:
    texts = (m.text for m in journey if isinstance(m, Evolved) and m.text is not None and not m.fault)
    return (seed.instruction.text, *texts)
