"""Analyst and refiner for the instruction of one part of a program of language model calls.

The task is that of Auto Evol-Instruct (arXiv 2406.00770, sections 3.2 and 3.3) on another text: not a method that
rewrites, but the instruction that a part of somebody's program works by. What a part takes and gives is the program's,
like the contract of a method (design, law 5): only the instruction can be edited.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .analyst import FINDINGS_SCHEMA, FINDINGS_TAG, earlier_findings, read_findings, shortened
from .contract import numbered, render_edits
from .edits import read_edit_lines, read_edit_objects
from .gateway.outcomes import Answer, NoAnswer
from .gateway.requests import Turn
from .messages import Analysis, Case, ClauseEdit, Edit, Failed, Recurrence, Reply, Task
from .method import Method
from .reading import between_tags, fault_of, json_lines, json_list, json_value, one_line, several_lines
from .schemas import INTEGER, TEXT, list_of, row_of, schema
from .seated import Framed

__all__ = [
    "GOOD",
    "PartAnalysisTask",
    "PartAnalyst",
    "PartCase",
    "PartEditTask",
    "PartProposal",
    "PartRefiner",
    "lines_of",
]

_TAG = "instruction"
_WHY = "why"
_WHOLE = schema(why=TEXT, instruction=TEXT)
_KIND = {"enum": ["add", "replace", "remove"]}
_EDIT = schema(edits=list_of(row_of(finding=INTEGER, reason=TEXT, edit=_KIND, clause=INTEGER, text=TEXT)))
_TEXT_CHARS = 1000  # of a field
_FEEDBACK_CHARS = 500
GOOD = 0.999
"""From this score on there is nothing to mend."""
_BAD = 0.5
_LABEL_CHARS = 40  # a longer text is no label
_MIXED = 6
_SHOWN = 10  # cases in all, as long as the bad ones leave room for more good ones
_LEAST_GOOD = 3


@dataclass(frozen=True, slots=True)
class PartCase:
    """One use of the part, as the analyst sees it.

    Args:
        id: of the example.
        inputs, outputs: of the part, field by field.
        expected: what the example says of the whole program's result.
        result: what the whole program gave, where the part is not the whole of it.
        feedback: what the metric said in words.
        score: what it gave, from 0 to 1.
    """

    id: str
    inputs: Mapping[str, str]
    outputs: Mapping[str, str]
    expected: Mapping[str, str]
    result: Mapping[str, str]
    feedback: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PartAnalysisTask(Task):
    """To the analyst: what does this instruction leave open or get wrong? `part` says what the part takes and gives."""

    part: str
    text: str
    language: str
    cases: tuple[PartCase, ...]
    history: tuple[Edit, ...] = ()
    earlier: tuple[Recurrence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartEditTask(Task):
    """To the refiner: a better instruction from this analysis, by one edited line or written anew."""

    part: str
    text: str
    language: str
    analysis: Analysis
    operator: Literal["small", "bold"]
    history: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartProposal(Reply):
    """From the refiner. `text` is None where no instruction could be read (`fault`)."""

    text: str | None
    why: str
    raw: str
    fault: Literal["", "unreadable", "truncated"] = ""
    edits: tuple[ClauseEdit, ...] = ()


@dataclass(frozen=True, slots=True)
class PartAnalyst(Framed):
    """Names what an instruction leaves open or gets wrong, with cases, evidence and a rule."""

    async def __call__(self, task: PartAnalysisTask) -> Analysis | Failed:
        """Analyse one batch. An answer without one readable finding is `unreadable`; a plain "none" finds nothing."""
        cases = _in_order(task.cases)
        rows = [json_lines([_row(number, case)]) for number, case in enumerate(cases, 1)]
        shown = "\n".join([*rows, *_summed_up(cases)])
        tag = self.tag(FINDINGS_TAG, shown, task.part, task.text, *(edit.why for edit in task.history))
        outcome = await self.put(task, self._turns(task, shown, tag), FINDINGS_SCHEMA)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        quotable = [Case(case.id, _texts(case), "", (), case.score) for case in cases]
        findings = read_findings(outcome, self.output_form, tag, quotable)
        return Analysis(
            **self.head(task, outcome), findings=findings or (), raw=outcome.text,
            fault=fault_of(outcome, readable=findings is not None),
        )  # fmt: skip

    def _turns(self, task: PartAnalysisTask, shown: str, tag: str) -> tuple[Turn, ...]:
        language = task.language
        history = render_edits(task.history, Method(lines_of(task.text), language=language), self.secret, self.prompts)
        return self.turns(
            "make-program-analyst", language, before=history + earlier_findings(self, task.earlier, language),
            part=self.data("PART", task.part), clauses=self.data("INSTRUCTION", numbered(lines_of(task.text))),
            cases=self.data("CASES", shown), form=self.form("make-program-analyst", language, tag=tag),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class PartRefiner(Framed):
    """Edits one line of an instruction, or writes it anew, from what was found wrong.

    Only the instruction can be given. Whether it may be tried is for whoever asked.
    """

    async def __call__(self, task: PartEditTask) -> PartProposal | Failed:
        """Propose one instruction. `text` is None where none could be read; a missing reason is no fault."""
        shown = json_lines(
            {"finding": number, "problem": one.cluster, "cases": len(one.cases), "rule": one.rule}
            for number, one in enumerate(task.analysis.findings, 1)
        )
        told = (shown, task.part, task.text, *(edit.why for edit in task.history))
        tag, why_tag = self.tag(_TAG, *told), self.tag(_WHY, *told)
        small = task.operator == "small"
        form = self.form(f"make-program-refiner{'-edit' if small else ''}", task.language, tag=tag, why=why_tag)
        outcome = await self.put(task, self._turns(task, shown, form), _EDIT if small else _WHOLE)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        text, why, edits = self._edited(task, outcome, tag) if small else self._whole(outcome, tag, why_tag)
        if text and any(line in form for line in lines_of(text) if line not in task.text):
            text = ""  # it repeats how it was asked
        return PartProposal(
            **self.head(task, outcome), text=text or None, why="" if why in form else why, raw=outcome.text,
            fault=fault_of(outcome, readable=bool(text)), edits=edits if text else (),
        )  # fmt: skip

    def _turns(self, task: PartEditTask, shown: str, form: str) -> tuple[Turn, ...]:
        language, lines = task.language, lines_of(task.text)
        now = numbered(lines) if task.operator == "small" else task.text
        found = self.says("refiner-found", language, findings=self.data("FINDINGS", shown)) + "\n\n" if shown else ""
        return self.turns(
            "make-program-refiner", language,
            before=render_edits(task.history, Method(lines, language=language), self.secret, self.prompts),
            part=self.data("PART", task.part), clauses=self.data("INSTRUCTION", now), more=found,
            size=self.says(f"make-program-refiner-{task.operator}", language), form=form,
        )  # fmt: skip

    def _whole(self, answer: Answer, tag: str, why_tag: str) -> tuple[str, str, tuple[ClauseEdit, ...]]:
        if self.output_form == "tags":
            return several_lines(self.between(answer, tag)), one_line(between_tags(answer.text, why_tag) or ""), ()
        text, why = json_value(answer.text, _TAG), json_value(answer.text, _WHY)
        return (
            several_lines(text) if isinstance(text, str) else "",
            one_line(why) if isinstance(why, str) else "",
            (),
        )

    def _edited(self, task: PartEditTask, answer: Answer, tag: str) -> tuple[str, str, tuple[ClauseEdit, ...]]:
        """The old text with one edit; all other lines stay to the letter. More edits than one are not made."""
        size = len(lines_of(task.text))
        if self.output_form == "tags":
            edits = read_edit_lines(self.between(answer, tag), size)
        else:
            edits = read_edit_objects(json_list(answer.text, "edits"), size)
        if not edits:
            return "", "", ()
        return _applied(task.text, edits[0]), edits[0].reason, edits[:1]


def lines_of(text: str) -> tuple[str, ...]:
    """The lines of an instruction that say something."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _applied(text: str, edit: ClauseEdit) -> str:
    if edit.kind == "add":
        return f"{text.rstrip()}\n{edit.text}"
    lines = text.splitlines()
    place = [at for at, line in enumerate(lines) if line.strip()][edit.clause - 1]
    lines[place : place + 1] = [] if edit.kind == "remove" else [edit.text]
    return several_lines("\n".join(lines))


def _in_order(cases: Sequence[PartCase]) -> list[PartCase]:
    """The worst first; of good ones some only: they say what to keep, the others what to mend."""
    ranked = sorted(cases, key=lambda case: case.score)
    good = [case for case in ranked if case.score >= GOOD]
    rest = [case for case in ranked if case.score < GOOD]
    return [*rest, *good[: max(_LEAST_GOOD, _SHOWN - len(rest))]]


def _row(number: int, case: PartCase) -> Mapping[str, object]:
    row: dict[str, object] = {"case": number}
    if case.score >= GOOD or case.score < _BAD:
        row["result"] = "good" if case.score >= GOOD else "bad"
    fields = {"inputs": case.inputs, "outputs": case.outputs, "result of all": case.result, "expected": case.expected}
    for name, values in fields.items():
        if values:
            row[name] = {key: shortened(text, _TEXT_CHARS) for key, text in values.items()}
    if case.feedback:
        row["feedback"] = shortened(case.feedback, _FEEDBACK_CHARS)
    return row | {"score": round(case.score, 2)}


def _summed_up(cases: Sequence[PartCase]) -> list[str]:
    """What was given instead of what was expected, where both are a word or two; empty where nothing is."""
    mixed: dict[tuple[str, str, str], list[int]] = {}
    for number, case in enumerate(cases, 1):
        for name in case.expected.keys() & case.outputs.keys():
            wanted, got = case.expected[name], case.outputs[name]
            if wanted != got and max(len(wanted), len(got)) <= _LABEL_CHARS:
                mixed.setdefault((name, wanted, got), []).append(number)
    ranked = sorted(mixed.items(), key=lambda one: (-len(one[1]), one[0]))
    rows = [{"field": name, "expected": wanted, "given": got, "cases": at} for (name, wanted, got), at in ranked]
    return [json_lines([{"summed up": rows[:_MIXED]}])] if rows else []


def _texts(case: PartCase) -> tuple[str, ...]:
    parts = (case.inputs, case.outputs, case.expected, case.result)
    return (*(text for part in parts for text in part.values()), case.feedback)
