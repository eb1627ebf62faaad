"""What the search strategies of others ask of the refiner: to reflect on records, or to write from a description.

Sources: the reflective mutation of GEPA (arXiv 2507.19457, section 3.2) and the grounded proposals of MIPRO (arXiv
2406.11695, section 3.1). The words are ours, and so are the marks round the data and the form of the answer (design,
law 5): what does not keep that form, or was cut before its end, is no method; nothing is ever taken whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .analyst import found_in, shortened
from .contract import written
from .gateway.outcomes import Answer, NoAnswer
from .gateway.requests import Turn
from .messages import Analysis, Case, Failed, Proposal, Task
from .method import Method
from .reading import (
    between_tags,
    clause_lines,
    fault_of,
    json_lines,
    json_list,
    json_value,
    neat,
    one_line,
    several_lines,
    tidy,
)  # fmt: skip
from .schemas import TEXT, list_of, schema
from .seated import Framed, Told

__all__ = ["DescribeTask", "Describer", "GroundTask", "GroundedRefiner", "Record", "RecordsTask", "ReflectingRefiner",
           "record_of"]  # fmt: skip

_TAG, _WHY = "clauses", "why"
_SCHEMA = schema(why=TEXT, clauses=list_of(TEXT))
_TEXT_CHARS = 1200
_RESPONSE_CHARS = 400
_DESCRIBED_CHARS = 1200


@dataclass(frozen=True, slots=True)
class Record:
    """One evolution as a reflection is shown it: what went in, what came out, and what is to be said of that."""

    inputs: str
    outputs: Mapping[str, str]
    feedback: str

    def as_row(self) -> dict[str, object]:
        """With the names that GEPA gives to the three."""
        return {"Inputs": self.inputs, "Generated Outputs": dict(self.outputs), "Feedback": self.feedback}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordsTask(Task):
    """To the refiner: another method, from what came of this one. `notes` are a person's."""

    method: Method
    records: tuple[Record, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeTask(Task):
    """To the refiner: what these instructions have in common, or where there are none, how this method works."""

    method: Method
    instructions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundTask(Task):
    """To the refiner: another method, from descriptions of the old one and of the data; `tip` is the number of a tip.

    Tips count from 1; 0 is none.
    """

    method: Method
    known: tuple[str, ...]
    tip: int


def record_of(case: Case) -> Record:
    """A case of the analyst's as a record: stages, response, score, and what detectors and judge found."""
    outputs = {f"stage {number}": shortened(text, _TEXT_CHARS) for number, text in enumerate(case.stages[1:], 1)}
    if case.response:
        outputs["response"] = shortened(case.response, _RESPONSE_CHARS)
    if len(case.stages) < 2:
        outputs["stage 1"] = ""
    said = found_in(case) or ["no check found a fault"]
    score = [] if case.score is None else [f"score {case.score:.2f} of 1"]
    return Record(
        shortened("".join(case.stages[:1]), _TEXT_CHARS),
        outputs,
        "; ".join([*score, *said]),
    )


@dataclass(frozen=True, slots=True)
class ReflectingRefiner(Framed):
    """Writes a method anew from records of what the old one did."""

    async def __call__(self, task: RecordsTask) -> Proposal | Failed:
        """Propose one method; None where no clause could be read."""
        shown = json_lines(record.as_row() for record in task.records)
        tags = self.tag(_TAG, shown), self.tag(_WHY, shown)
        language = task.method.language
        form = self.form("rival-clauses", language, tag=tags[0], why=tags[1])
        turns = self.turns(
            "rival-reflection", language, before=self.noted(task.notes, language),
            method=written(task.method), records=self.data("RECORDS", shown), form=form,
        )  # fmt: skip
        return await _proposed(self, task, turns, form, tags)


@dataclass(frozen=True, slots=True)
class GroundedRefiner(Framed):
    """Writes a method from descriptions of the data and of the old method."""

    async def __call__(self, task: GroundTask) -> Proposal | Failed:
        """Propose one method; None where no clause could be read."""
        known = json_lines({"description": shortened(text, _DESCRIBED_CHARS)} for text in task.known)
        tags = self.tag(_TAG, known), self.tag(_WHY, known)
        language = task.method.language
        tips = self.says("rival-tips", language).splitlines()
        form = self.form("rival-clauses", language, tag=tags[0], why=tags[1])
        turns = self.turns(
            "rival-grounded", language, method=written(task.method), known=self.data("KNOWN", known),
            tip=f" {tips[(task.tip - 1) % len(tips)]}" if task.tip else "", form=form,
        )  # fmt: skip
        return await _proposed(self, task, turns, form, tags)


@dataclass(frozen=True, slots=True)
class Describer(Told):
    """Says in a few sentences what instructions have in common, or how a method works."""

    async def __call__(self, task: DescribeTask) -> Analysis | Failed:
        """Describe; the text is in `raw`. One that was cut is used as far as it goes; nothing at all is unreadable."""
        language = task.method.language
        if task.instructions:
            rows = json_lines({"instruction": shortened(text, _TEXT_CHARS)} for text in task.instructions)
            turns = self.turns("rival-data", language, data=self.data("DATA", rows))
        else:
            turns = self.turns("rival-about", language, method=written(task.method))
        outcome = await self.seat.ask(task, turns)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        text = several_lines(tidy(outcome.text) or "")
        return Analysis(**self.head(task, outcome), findings=(), raw=text, fault=fault_of(outcome, readable=bool(text)))


async def _proposed(
    agent: Framed, task: RecordsTask | GroundTask, turns: tuple[Turn, ...], form: str, tags: tuple[str, str]
) -> Proposal | Failed:  # fmt: skip
    outcome = await agent.put(task, turns, _SCHEMA)
    if isinstance(outcome, NoAnswer):
        return agent.failed(task, outcome)
    clauses, why = _clauses(agent, outcome, tags[0]), _why(agent, outcome, tags[1])
    if any(clause in form for clause in clauses):
        clauses = ()  # it repeats how it was asked
    why = "" if why in form else why
    old = task.method
    method = Method(clauses, language=old.language, parent=old.id, why=why) if clauses else None
    return Proposal(
        **agent.head(task, outcome), method=method, why=why, raw=outcome.text,
        fault=fault_of(outcome, readable=method is not None),
    )  # fmt: skip


def _clauses(agent: Framed, answer: Answer, tag: str) -> tuple[str, ...]:
    if agent.output_form == "tags":
        return clause_lines(agent.between(answer, tag))
    lines: Sequence[object] = json_list(answer.text, _TAG)
    if not all(isinstance(line, str) for line in lines):
        return ()
    return neat([" ".join(clause_lines(str(line))) for line in lines])


def _why(agent: Framed, answer: Answer, tag: str) -> str:
    said = between_tags(answer.text, tag) if agent.output_form == "tags" else json_value(answer.text, _WHY)
    return one_line(said) if isinstance(said, str) else ""
