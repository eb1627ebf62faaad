"""Ladders: a text with evolved siblings, ranked and marked beside each other in one prompt.

Deita, arXiv 2312.15685, sections 2.2 and 2.3: each sibling is evolved from the one before it, instructions by the
in-depth operations of Evol-Instruct, responses in five respects; a judge marks all six together, since a text that is
marked alone mostly gets the same mark as every other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import cast

from ....agents.grader import Mark, Ranked, RankTask
from ....agents.improver import RESPECTS, ImproveTask
from ....agents.messages import Call, Evolved, Failed, Reply, Task
from ....agents.operations import OperationTask
from ....agents.team import Journey
from ...dataset.draws import generator
from ...dataset.source import same_text
from ...record.curating.deita import RANKINGS, SIBLINGS, TRIES
from ...scoring.detectors import detect
from ...scoring.pair import Pair
from .units import Unit

__all__ = ["Ladder", "Ladders", "pairs_of"]

_LEAST = 3
"""Texts that are worth ranking."""
_NO_INSTRUCTION = ("answer-leak", "solution-hint", "scaffold-leak", "unfilled-template", "lost-question")
"""Findings after which a text is no sibling; small models write little else (benchmarks/README.md)."""
_OPERATIONS = ("constraints", "deepening", "concretizing", "reasoning")


@dataclass(frozen=True, slots=True)
class Ladder:
    """What came of a unit.

    Args:
        texts: the text, then its siblings.
        marks: of each; none where they could not be ranked.
        fault: why there are no marks.
        calls: all of them.
    """

    texts: tuple[str, ...]
    marks: tuple[Mark, ...]
    fault: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Ladders:
    """Asks for ladders.

    Args:
        run_seed: of the run; operations and orders are drawn from it.
        place: of the part.
        temperature: how siblings are drawn.
    """

    run_seed: int
    place: str
    temperature: float

    def next(self, unit: Unit, journey: Journey) -> Task | None:
        """What is asked next; None at the end."""
        texts, tries = _texts(unit, journey), sum(isinstance(m, OperationTask | ImproveTask) for m in journey)
        rankings = [message for message in journey if isinstance(message, RankTask)]
        if not rankings and len(texts) <= SIBLINGS and tries < TRIES:
            return self._evolved(unit, texts[-1], tries)
        if len(texts) < _LEAST or len(rankings) == RANKINGS:
            return None
        last = journey[-1]
        if rankings and (isinstance(last, Failed) or (isinstance(last, Ranked) and last.marks)):
            return None
        number = len(rankings)
        order = list(range(len(texts)))
        generator(self.run_seed, f"{unit.draws}/order", number).shuffle(order)
        return RankTask(
            id=f"{unit.name}/rank{number + 1}", stage=self.place, sample=number, measure=unit.measure,
            instruction=unit.instruction, texts=texts, order=tuple(order),
        )  # fmt: skip

    def read(self, unit: Unit, journey: Journey) -> Ladder:
        """What came of a finished journey."""
        texts, last = _texts(unit, journey), journey[-1]
        marks = last.marks if isinstance(last, Ranked) else ()
        fault = "" if marks else "no-siblings"
        if not marks and isinstance(last, Ranked | Failed):
            fault = last.fault if isinstance(last, Ranked) else last.reason
        calls = tuple(call for message in journey if isinstance(message, Reply) for call in message.calls)
        return Ladder(texts, marks, fault, calls)

    def _evolved(self, unit: Unit, text: str, tries: int) -> Task:
        """The next sibling, evolved from the last one that came to something; every try is another draw."""
        name = f"{unit.name}/e{tries + 1}"
        if unit.measure == "complexity":
            operation = generator(self.run_seed, f"{unit.draws}/operation", tries).choice(_OPERATIONS)
            return OperationTask(
                id=name, stage=self.place, sample=tries, instruction=replace(unit.instruction, text=text),
                operation=operation, temperature=self.temperature,
            )  # fmt: skip
        respects = list(RESPECTS)
        generator(self.run_seed, f"{unit.draws}/respects").shuffle(respects)
        return ImproveTask(
            id=name, stage=self.place, sample=tries, instruction=unit.instruction, response=text,
            respect=respects[tries % len(respects)], temperature=self.temperature,
        )  # fmt: skip


def _texts(unit: Unit, journey: Journey) -> tuple[str, ...]:
    """The text and the siblings that are another text, and still an instruction where that is marked."""
    texts = [unit.text]
    for _, reply in pairs_of(journey):
        if isinstance(reply, Evolved) and reply.text and not _said(reply.text, texts) and _asks(unit, reply.text):
            texts.append(reply.text)
    return tuple(texts)


def _asks(unit: Unit, text: str) -> bool:
    """Not an instruction that asks for nothing any more or tells how it is solved: its mark would be an example."""
    pair = Pair(unit.text, evolved=text, language=unit.instruction.language)
    return unit.measure == "quality" or not detect(pair, _NO_INSTRUCTION)


def _said(text: str, texts: Sequence[str]) -> bool:
    return same_text(text).casefold() in {same_text(other).casefold() for other in texts}


def pairs_of(journey: Journey) -> Iterator[tuple[Task, Reply]]:
    """The tasks of a journey, each with its reply."""
    for place in range(0, len(journey) - 1, 2):
        yield cast("Task", journey[place]), cast("Reply", journey[place + 1])
