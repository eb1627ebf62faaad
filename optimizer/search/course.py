"""What one seed is taken through, and what is asked next: free checks first, dear ones only on what passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ...agents.messages import Answered, AnswerTask, Evolved, EvolveTask, Failed, Instruction, Reply, Task
from ...agents.team import Journey
from ..dataset.seed import Seed
from ..scoring.examine.agreed import Agreed
from ..scoring.examine.contained import findings_of, report_of, tasks_of
from ..scoring.examine.exam import Examiner, Item
from ..scoring.examine.solved import Solved
from ..scoring.pair import Pair

__all__ = ["Plan", "item_of", "last_of", "next_tasks", "pair_of", "place_of"]

MessageT = TypeVar("MessageT")

_DRAWS = 100  # more than any check asks for


@dataclass(frozen=True, slots=True)
class Plan:
    """What is done with every seed of a stage.

    Args:
        rounds: evolutions in a row, each on the result of the one before.
        answer: whether the last evolved instruction is answered.
        detectors: names of the free detectors, in order.
        gates: finding kinds after which nothing more is spent on the item.
        exams: the dear checks, from cheap to dear.
        stop_on_error: a detector or check that fails on an item ends the run; else it is noted with the item.
    """

    rounds: int
    answer: bool
    detectors: tuple[str, ...]
    gates: frozenset[str]
    exams: tuple[Examiner, ...] = field(default=())
    stop_on_error: bool = False

    @property
    def slow(self) -> bool:
        """Whether answers are compared, which may take seconds for mathematics: not for an event loop."""
        return any(isinstance(exam, Agreed | Solved) for exam in self.exams)


def next_tasks(plan: Plan, seed: Seed, journey: Journey) -> Sequence[Task]:
    """What is asked next, side by side: another round, the answer, a dear check, or nothing.

    Args:
        plan: what is done.
        seed: where the journey began.
        journey: all messages so far; the first is an EvolveTask.
    """
    last = journey[-1]
    first = journey[0]
    if not isinstance(first, EvolveTask):
        raise TypeError("a trajectory begins with an EvolveTask")
    if isinstance(last, Evolved):
        following = _after_evolving(plan, seed, journey)
        return () if following is None else (following,)
    if last_of(journey, Answered) is None or _gated(plan, seed, journey):
        return ()
    item = item_of(seed, journey)
    for exam in plan.exams:
        tasks = tasks_of(exam, item, stop=plan.stop_on_error)
        if tasks:
            # Further draws of an item must not be those of another draw of the same item.
            return [replace(task, parent=last.id, sample=task.sample + _DRAWS * first.sample) for task in tasks]
        report = report_of(exam, item, stop=plan.stop_on_error)
        if any(finding.kind in plan.gates for finding in report.findings):
            break
    return ()


def _after_evolving(plan: Plan, seed: Seed, journey: Journey) -> Task | None:
    first, last = journey[0], journey[-1]
    if not isinstance(first, EvolveTask) or not isinstance(last, Evolved) or last.text is None or last.fault:
        return None
    if _gated(plan, seed, journey):
        return None
    rounds = sum(isinstance(message, EvolveTask) for message in journey)
    text = _instruction(first.instruction, last.text)
    if rounds < plan.rounds:
        return EvolveTask(
            id=f"{place_of(first)}/r{rounds + 1}/evolve", parent=last.id, stage=first.stage, sample=first.sample,
            instruction=text, method=first.method, round=rounds + 1,
        )  # fmt: skip
    if not plan.answer:
        return None
    place = f"{place_of(first)}/answer"
    return AnswerTask(id=place, parent=last.id, stage=first.stage, sample=first.sample, instruction=text)


def item_of(seed: Seed, journey: Journey) -> Item:
    """An evolved and answered journey as the dear checks see it."""
    first = journey[0]
    if not isinstance(first, EvolveTask):
        raise TypeError("a trajectory begins with an EvolveTask")
    place = place_of(first)
    pair = pair_of(seed, journey)
    return Item(
        place=place, stage=first.stage, seed_id=seed.id, original=first.instruction,
        evolved=_instruction(first.instruction, pair.evolved or ""),
        # After several rounds the pair's text is that of the round before; the answer stays the seed's.
        pair=pair, tests=seed.tests, replies=_replies(place, journey),
    )  # fmt: skip


def pair_of(seed: Seed, journey: Journey) -> Pair:
    """What the free detectors look at."""
    stages = (seed.instruction.text, *_texts(journey))
    evolver = next((m for m in reversed(journey) if isinstance(m, Evolved | Failed) and "/evolve" in m.id), None)
    answer = next((m for m in journey if isinstance(m, Answered | Failed) and m.id.endswith("/answer/reply")), None)
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


def place_of(first: EvolveTask) -> str:
    """The place of an item in the run, which the ids of all its messages begin with."""
    return first.id.rsplit("/r1/", 1)[0]


def last_of(journey: Journey, kind: type[MessageT]) -> MessageT | None:
    """The last message of a kind."""
    return next((message for message in reversed(journey) if isinstance(message, kind)), None)


def _gated(plan: Plan, seed: Seed, journey: Journey) -> bool:
    found = findings_of(pair_of(seed, journey), plan.detectors, stop=plan.stop_on_error)
    return any(finding.kind in plan.gates for finding in found)


def _replies(place: str, journey: Journey) -> Mapping[str, Reply]:
    return {
        message.parent.removeprefix(f"{place}/"): message
        for message in journey
        if isinstance(message, Reply) and message.parent.startswith(f"{place}/")
    }


def _fault(reply: Reply | None) -> str:
    if isinstance(reply, Failed):
        return reply.reason
    if isinstance(reply, Evolved):
        return reply.fault or ("unreadable" if reply.text is None else "")
    return reply.fault if isinstance(reply, Answered) else ""


def _texts(journey: Journey) -> tuple[str, ...]:
    return tuple(m.text for m in journey if isinstance(m, Evolved) and m.text is not None and not m.fault)


def _instruction(original: Instruction, text: str) -> Instruction:
    return Instruction(text, original.system, original.context, original.language)
