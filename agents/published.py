"""Analyst and refiner in their published forms: feedback in free text, and the whole method anew as one text.

Source: Auto Evol-Instruct (arXiv 2406.00770), section 3.2 and 3.3, figures 7 and 8; the authors' code asks both in one
conversation. The words are ours, and so are the marks round the data and the form of the refiner's answer (design,
law 5): what does not keep that form is unreadable, and never taken whole.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from ..prompts import Prompts
from .agent import call_of, failed
from .analyst import noted, shortened
from .contract import mark, quoted, schema, tag_for, written
from .gateway.outcomes import Answer, NoAnswer
from .gateway.requests import Turn
from .messages import Analysis, Case, Failed, Proposal, Task
from .method import WHOLE, Method
from .reading import between_tags, cut_off, fault_of, json_object, one_line, several_lines, tidy
from .seated import Framed, Seated

__all__ = ["FeedbackTask", "FreeAnalyst", "RewriteTask", "WholeRefiner"]

_TAG = "method"
_SCHEMA = schema(method={"type": "string"})
_STAGE_CHARS = 1200
_RESPONSE_CHARS = 400
_WHY_CHARS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackTask(Task):
    """To the analyst: which of these cases failed to become harder, and why? The answer is free text (`raw`).

    `notes` are a person's.
    """

    cases: tuple[Case, ...]
    language: str = "en"
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RewriteTask(Task):
    """To the refiner: the whole method anew, as one text.

    `feedback` is what was found wrong. Where `cases` are given, the refiner is asked in the conversation in which the
    feedback was given: a `FeedbackTask` on these cases and `notes`, the feedback as its own answer, then this.
    """

    method: Method
    feedback: str
    cases: tuple[Case, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FreeAnalyst(Seated):
    """Says in free text which cases failed to evolve, and why (section 3.2).

    Args:
        seat: where its calls go; that of the analyst.
        secret: of the run; the marks round the data derive from it.
        prompts: what it is told.
    """

    secret: str
    prompts: Prompts

    async def __call__(self, task: FeedbackTask) -> Analysis | Failed:
        """Review one batch. An answer that was cut is used as far as it goes; one without a word is unreadable."""
        turns = _review(task, task.language, self.secret, self.prompts)
        outcome = await self.seat.ask(task, turns)
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        return Analysis(
            id=f"{task.id}/reply", parent=task.id, findings=(), raw=outcome.text,
            fault=fault_of(outcome, readable=tidy(outcome.text) is not None),
            calls=(call_of(self.role, outcome),),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class WholeRefiner(Framed):
    """Writes the whole method anew from feedback (section 3.3)."""

    async def __call__(self, task: RewriteTask) -> Proposal | Failed:
        """Propose one method. `method` is None where no text could be read; whether it may be tried is said later."""
        old, now = task.method, written(task.method)
        tag = tag_for(_TAG, self.secret, now, task.feedback, *(text for case in task.cases for text in case.stages))
        form = self._form(tag, old.language)
        outcome = await self.seat.ask(
            task, self._turns(task, now, form), json_schema=_SCHEMA if self.output_form == "json" else None
        )
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        text = self._read(outcome, tag)
        if text in form:
            text = ""  # the model repeated how it was asked
        why = one_line(shortened(task.feedback, _WHY_CHARS))
        method = Method((text,), language=old.language, parent=old.id, why=why, control=WHOLE) if text else None
        return Proposal(
            id=f"{task.id}/reply", parent=task.id, method=method, why=why, raw=outcome.text,
            fault=fault_of(outcome, readable=method is not None),
            calls=(call_of(self.role, outcome),),
        )  # fmt: skip

    def _turns(self, task: RewriteTask, now: str, form: str) -> tuple[Turn, ...]:
        language, get = task.method.language, self.prompts.get
        shown = quoted("METHOD", mark(self.secret, now), now)
        ask = get("refiner-whole-ask", language).fill(method=shown, form=form)
        if task.cases:
            before = _review(task, language, self.secret, self.prompts)
            return (*before, Turn("assistant", task.feedback), Turn("user", ask))
        said = quoted("FEEDBACK", mark(self.secret, task.feedback), task.feedback)
        found = get("refiner-whole-found", language).fill(feedback=said)
        return Turn("system", get("refiner-whole", language).fill()), Turn("user", f"{found}\n\n{ask}")

    def _form(self, tag: str, language: str) -> str:
        prompt = self.prompts.get(f"refiner-whole-{self.output_form}", language)
        return prompt.fill(tag=tag) if self.output_form == "tags" else prompt.fill()

    def _read(self, answer: Answer, tag: str) -> str:
        """The new text; empty where the form was not kept or the answer was cut."""
        if self.output_form == "tags":
            return "" if cut_off(answer, tag) else several_lines(between_tags(answer.text, tag) or "")
        text = (json_object(answer.text, _TAG) or {}).get(_TAG)
        return several_lines(text) if isinstance(text, str) else ""


def _review(task: FeedbackTask | RewriteTask, language: str, secret: str, prompts: Prompts) -> tuple[Turn, ...]:
    """How cases are put before the analyst."""
    shown = "\n".join(_shown(number, case) for number, case in enumerate(task.cases, 1))
    ask = prompts.get("analyst-free-ask", language).fill(cases=quoted("CASES", mark(secret, shown), shown))
    return Turn("system", prompts.get("analyst-free", language).fill()), Turn(
        "user", noted(task.notes, language, secret, prompts) + ask
    )


def _shown(number: int, case: Case) -> str:
    """A case as one JSON line; what is not known of it is not there."""
    fields: dict[str, object] = {"case": number}
    fields |= {f"stage{stage}": shortened(text, _STAGE_CHARS) for stage, text in enumerate(case.stages)}
    if case.response:
        fields["response"] = shortened(case.response, _RESPONSE_CHARS)
    if case.findings:
        fields["found"] = [finding.kind for finding in case.findings]
    if case.score is not None:
        fields["score"] = round(case.score, 2)
    return json.dumps(fields, ensure_ascii=False)
