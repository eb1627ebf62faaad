"""Analyst and refiner in their published forms: feedback in free text, and the whole method anew as one text.

Source: Auto Evol-Instruct (arXiv 2406.00770), section 3.2 and 3.3, figures 7 and 8; the authors' code asks both in one
conversation. The words are ours, and so are the marks round the data and the form of the refiner's answer (design,
law 5): what does not keep that form is unreadable, and never taken whole.
"""

from __future__ import annotations

from dataclasses import dataclass

from .analyst import case_row, shortened
from .contract import written
from .gateway.outcomes import Answer, NoAnswer
from .gateway.requests import Turn
from .messages import Analysis, Case, Failed, Proposal, Task
from .method import WHOLE, Method
from .reading import fault_of, json_lines, json_value, one_line, several_lines, tidy
from .schemas import TEXT, schema
from .seated import Framed, Told

__all__ = ["FeedbackTask", "FreeAnalyst", "RewriteTask", "WholeRefiner"]

_TAG = "method"
_SCHEMA = schema(method=TEXT)
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
class FreeAnalyst(Told):
    """Says in free text which cases failed to evolve, and why (section 3.2)."""

    async def __call__(self, task: FeedbackTask) -> Analysis | Failed:
        """Review one batch. An answer that was cut is used as far as it goes; one without a word is unreadable."""
        outcome = await self.seat.ask(task, _review(self, task, task.language))
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        return Analysis(
            **self.head(task, outcome), findings=(), raw=outcome.text,
            fault=fault_of(outcome, readable=tidy(outcome.text) is not None),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class WholeRefiner(Framed):
    """Writes the whole method anew from feedback (section 3.3)."""

    async def __call__(self, task: RewriteTask) -> Proposal | Failed:
        """Propose one method. `method` is None where no text could be read; whether it may be tried is said later."""
        old, now = task.method, written(task.method)
        tag = self.tag(_TAG, now, task.feedback, *(text for case in task.cases for text in case.stages))
        form = self.form("refiner-whole", old.language, tag=tag)
        outcome = await self.put(task, self._turns(task, now, form), _SCHEMA)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        text = self._read(outcome, tag)
        if text in form:
            text = ""  # the model repeated how it was asked
        why = one_line(shortened(task.feedback, _WHY_CHARS))
        method = Method((text,), language=old.language, parent=old.id, why=why, control=WHOLE) if text else None
        return Proposal(
            **self.head(task, outcome), method=method, why=why, raw=outcome.text,
            fault=fault_of(outcome, readable=method is not None),
        )  # fmt: skip

    def _turns(self, task: RewriteTask, now: str, form: str) -> tuple[Turn, ...]:
        language = task.method.language
        said = self.says("refiner-whole-found", language, feedback=self.data("FEEDBACK", task.feedback))
        told, asked = self.turns(
            "refiner-whole", language, before="" if task.cases else f"{said}\n\n", method=self.data("METHOD", now),
            form=form,
        )  # fmt: skip
        if not task.cases:
            return told, asked
        return (*_review(self, task, language), Turn("assistant", task.feedback), asked)

    def _read(self, answer: Answer, tag: str) -> str:
        """The new text; empty where the form was not kept or the answer was cut."""
        if self.output_form == "tags":
            return several_lines(self.between(answer, tag))
        text = json_value(answer.text, _TAG)
        return several_lines(text) if isinstance(text, str) else ""


def _review(agent: Told, task: FeedbackTask | RewriteTask, language: str) -> tuple[Turn, ...]:
    """How cases are put before the analyst: what is not known of one is not there."""
    shown = json_lines(
        case_row(number, case, [finding.kind for finding in case.findings] or None)
        for number, case in enumerate(task.cases, 1)
    )
    return agent.turns(
        "analyst-free", language, before=agent.noted(task.notes, language), cases=agent.data("CASES", shown)
    )
