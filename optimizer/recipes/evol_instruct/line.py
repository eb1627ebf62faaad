"""One seed's line through the rounds, read from its journey: pure functions of the messages so far.

Each round evolves the head of the line. Where the new instruction passes, it is the head of the next round; where it
is dropped, its parent goes back and is evolved again (arXiv 2304.12244, section 3.3). Lines do not wait for each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ....agents.messages import Answered, AnswerTask, Call, Evolved, Failed, Finding, Reply, Task
from ....agents.operations import Compared, GainTask, OperationTask
from ....agents.team import Journey
from ...dataset.draws import generator
from ...dataset.seed import Seed
from ...record.making.evol_instruct import EvolInstructSettings

__all__ = ["Attempt", "Head", "Line", "Look", "following"]


@dataclass(frozen=True, slots=True)
class Head:
    """What is evolved next: an instruction with its id, its answer where it has one, and how deep it is."""

    id: str
    seed: Seed
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One evolution.

    Attributes:
        parent: what was evolved.
        task: by which operation, in which round.
        text: what came of it; None for nothing.
        response: the answer to it, where it was asked for.
        reason, detail: why it was dropped; empty while it was not.
        gain: what the judge said; None where it was not asked or did not say.
        calls: all of them.
        findings: of the free detectors that are no gates.
    """

    parent: Head
    task: OperationTask
    text: str | None = None
    response: str | None = None
    reasoning: str = ""
    reason: str = ""
    detail: str = ""
    gain: bool | None = None
    calls: tuple[Call, ...] = ()
    findings: tuple[Finding, ...] = ()

    def dropped(self, reason: str, detail: str = "") -> Attempt:
        """The same, dropped."""
        return replace(self, reason=reason, detail=detail)


Look = Callable[[Attempt], Attempt]
"""Looks at an attempt that has a new text, or an answer to it, and says whether it is dropped."""


@dataclass(slots=True)
class Line:
    """The rounds of one seed in one direction.

    Args:
        seed: where it begins.
        part: the settings.
        place: of the part in the run.
        run_seed: of the run.
        downward: whether it goes toward easier ones.
        owner: whether the seed itself is one of its rows.
        said: all that was said of the seed where it was read.
        look: the rules; what they say of each text is kept in `seen`, since a route is asked again and again.
    """

    seed: Seed
    part: EvolInstructSettings
    place: str
    run_seed: int
    look: Look
    downward: bool = False
    owner: bool = True
    said: Mapping[str, Any] = field(default_factory=dict[str, Any])
    seen: dict[tuple[str, bool], Attempt] = field(default_factory=dict[tuple[str, bool], Attempt])

    @property
    def name(self) -> str:
        """Where in the run it is."""
        return f"{self.place}/{self.seed.id}/{'down' if self.downward else 'up'}"

    @property
    def rounds(self) -> int:
        """How many there are."""
        return self.part.downward if self.downward else self.part.rounds

    @property
    def operations(self) -> Mapping[str, float]:
        """What is drawn from, with its weights."""
        return self.part.downward_operations if self.downward else self.part.upward_operations

    def row_id(self, round_number: int) -> str:
        """Of what a round makes; the number of the part keeps it unique where recipes follow each other."""
        number = self.place.partition("-")[0]
        return f"{self.seed.id}.{number}{'d' if self.downward else 'e'}{round_number}"

    def first_task(self) -> AnswerTask:
        """The answer to the seed; no call where it stands there or is not wanted."""
        wanted = self.owner and self.part.seeds == "keep" and self.seed.response is None
        given = None if wanted else self.seed.response or ""
        return AnswerTask(
            id=f"{self.name}/answer", stage=self.place, instruction=self.seed.instruction, given=given
        )  # fmt: skip

    def attempts(self, journey: Journey) -> Iterator[Attempt]:
        """The evolutions so far, in the order of the rounds; the last one may not be at its end."""
        head = self._root(journey)
        current: Attempt | None = None
        for task, reply in _pairs(journey[2:]):
            if isinstance(task, OperationTask):
                if current is not None:
                    yield current
                    head = self._next(head, current)
                current = Attempt(head, task)
            if current is not None:
                current = self._heard(current, task, reply)
        if current is not None:
            yield current

    def next_operation(self, journey: Journey) -> OperationTask | None:
        """The first task of the next round; None after the last."""
        done = list(self.attempts(journey))
        number = len(done) + 1
        if number > self.rounds:
            return None
        head = self._next(done[-1].parent, done[-1]) if done else self._root(journey)
        draw = generator(self.run_seed, self.name, number)
        operation = draw.choices(list(self.operations), list(self.operations.values()))[0]
        tried = Counter((attempt.parent.id, attempt.task.operation) for attempt in done)
        return OperationTask(
            id=f"{self.name}/r{number}/evolve", parent=journey[-1].id, stage=self.place,
            sample=tried[head.id, operation], instruction=head.seed.instruction, operation=operation,
            temperature=self.part.temperature, top_p=self.part.top_p,
        )  # fmt: skip

    def _root(self, journey: Journey) -> Head:
        """The seed, with the answer that it has or was given."""
        first = journey[1]
        answer = first.text if isinstance(first, Answered) else ""
        return Head(self.seed.id, replace(self.seed, response=self.seed.response or answer or None))

    def _next(self, head: Head, attempt: Attempt) -> Head:
        """The head after an attempt that is at its end: the parent again where it was dropped."""
        if attempt.reason or attempt.text is None:
            return head
        number = int(attempt.task.id.split("/")[-2].removeprefix("r"))
        instruction = replace(head.seed.instruction, text=attempt.text)
        seed = replace(head.seed, instruction=instruction, response=attempt.response, tests=None)
        return Head(self.row_id(number), seed, head.depth + 1)

    def _heard(self, attempt: Attempt, task: Task, reply: Reply) -> Attempt:
        attempt = replace(attempt, calls=(*attempt.calls, *reply.calls))
        match reply:
            case Evolved():
                return self._evolved(attempt, reply)
            case Compared():
                attempt = replace(attempt, gain=reply.gain)
                return attempt.dropped("no-gain", reply.why) if reply.gain is False else attempt
            case Answered():
                return self._answered(attempt, reply)
            case Failed() if isinstance(task, OperationTask):
                return attempt.dropped(reply.reason, reply.detail)
            case Failed() if isinstance(task, AnswerTask):
                return attempt.dropped("no-response", reply.reason)
            case _:
                return attempt  # a judge that gave nothing abstains

    def _evolved(self, attempt: Attempt, reply: Evolved) -> Attempt:
        if reply.text is None:
            return attempt.dropped(reply.fault or "unreadable")
        return self._looked(replace(attempt, text=reply.text), answered=False)

    def _answered(self, attempt: Attempt, reply: Answered) -> Attempt:
        attempt = replace(attempt, response=reply.text, reasoning=reply.reasoning)
        if reply.fault:
            return attempt.dropped("no-response", reply.fault)
        return self._looked(attempt, answered=True)

    def _looked(self, attempt: Attempt, *, answered: bool) -> Attempt:
        key = attempt.task.id, answered
        if key not in self.seen:
            self.seen[key] = self.look(attempt)
        return self.seen[key]


def following(line: Line, journey: Journey) -> Task | None:
    """What is asked next of a line."""
    attempts, said = list(line.attempts(journey)), journey[-1]
    last = attempts[-1] if attempts else None
    if last is None or last.reason or last.response is not None or last.text is None:
        return line.next_operation(journey)
    after = replace(last.parent.seed.instruction, text=last.text)
    place = last.task.id.rpartition("/")[0]
    if "no-gain" in line.part.eliminate and isinstance(said, Evolved):
        return GainTask(
            id=f"{place}/gain", parent=said.id, stage=line.place, before=last.parent.seed.instruction, after=after
        )  # fmt: skip
    return AnswerTask(id=f"{place}/answer", parent=said.id, stage=line.place, instruction=after)


def _pairs(journey: Journey) -> Iterator[tuple[Task, Reply]]:
    for at in range(0, len(journey) - 1, 2):
        task, reply = journey[at], journey[at + 1]
        if isinstance(task, Task) and isinstance(reply, Reply):
            yield task, reply
