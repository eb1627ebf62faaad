"""The refiner: turns findings into a candidate method."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import cast

from ..prompts import Prompts
from .agent import Seat, call_of, failed
from .contract import OutputForm, mark, numbered, quoted, render_edits, schema, tag_for
from .gateway.outcomes import Answer, NoAnswer
from .gateway.requests import Turn
from .messages import Failed, Proposal, RefineTask, RoleName
from .method import Method
from .reading import between_tags, clause_lines, cut_off, fault_of, json_object, neat, one_line

__all__ = ["Refiner"]

_TAG = "clauses"
_WHY = "why"
_SCHEMA = schema(why={"type": "string"}, clauses={"type": "array", "items": {"type": "string"}})


@dataclass(frozen=True, slots=True)
class Refiner:
    """Rewrites the clauses of a method from findings (arXiv 2406.00770, section 3.3), by a small or a bold edit.

    It gives a list of clauses and nothing else: the contract is out of its reach. Whether the candidate may be tried
    is for `optimizer/search/checks.py`.

    Args:
        seat: where its calls go.
        secret: of the run; the marks round the data derive from it.
        output_form: numbered lines between tags, or JSON.
        prompts: what it is told.
    """

    seat: Seat
    secret: str
    output_form: OutputForm
    prompts: Prompts

    @property
    def role(self) -> RoleName:
        """The role that it plays."""
        return "refiner"

    async def __call__(self, task: RefineTask) -> Proposal | Failed:
        """Propose one candidate. `method` is None where no clause could be read; a missing reason is no fault."""
        shown = _findings(task)
        told = (shown, *(edit.why for edit in task.history))
        tag, why_tag = tag_for(_TAG, self.secret, *told), tag_for(_WHY, self.secret, *told)
        form = self._form(task.method.language, tag, why_tag)
        turns = self._turns(task, shown, form)
        outcome = await self.seat.ask(task, turns, json_schema=_SCHEMA if self.output_form == "json" else None)
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        clauses, why = self._read(outcome, tag, why_tag)
        if all(clause in form for clause in clauses):
            clauses = ()  # the model repeated how it was asked
        old = task.method
        method = Method(clauses, language=old.language, parent=old.id, why=why) if clauses else None
        return Proposal(
            id=f"{task.id}/reply", parent=task.id, method=method, why=why, raw=outcome.text,
            fault=fault_of(outcome, readable=bool(clauses)),
            calls=(call_of(self.role, outcome),),
        )  # fmt: skip

    def _turns(self, task: RefineTask, shown: str, form: str) -> tuple[Turn, ...]:
        language = task.method.language
        ask = self.prompts.get("refiner-ask", language).fill(
            clauses=numbered(task.method.clauses),
            findings=quoted("FINDINGS", mark(self.secret, shown), shown),
            size=self.prompts.get("refiner-bold" if task.bold else "refiner-small", language).fill(),
            form=form,
        )
        history = render_edits(task.history, task.method, self.secret, self.prompts)
        return Turn("system", self.prompts.get("refiner", language).fill()), Turn("user", history + ask)

    def _form(self, language: str, tag: str, why_tag: str) -> str:
        prompt = self.prompts.get(f"refiner-{self.output_form}", language)
        return prompt.fill(tag=tag, why=why_tag) if self.output_form == "tags" else prompt.fill()

    def _read(self, answer: Answer, tag: str, why_tag: str) -> tuple[tuple[str, ...], str]:
        if self.output_form == "tags":
            text = None if cut_off(answer, tag) else between_tags(answer.text, tag)
            why = between_tags(answer.text, why_tag) or ""
            return clause_lines(text or ""), one_line(why)
        value = json_object(answer.text, "clauses") or {}
        listed, reason = value.get("clauses"), value.get("why")
        lines = cast("list[object]", listed) if isinstance(listed, list) else []
        if not all(isinstance(line, str) for line in lines):
            lines = []
        # A model may number its strings; the numbers are ours to write.
        clauses = neat([" ".join(clause_lines(str(line))) for line in lines])
        return clauses, one_line(reason) if isinstance(reason, str) else ""


def _findings(task: RefineTask) -> str:
    """The findings as JSON lines, largest cluster first; an analysis without any is said to be empty."""
    ranked = sorted(task.analysis.findings, key=lambda finding: -len(finding.cases))
    lines = [
        json.dumps(
            {"problem": one.cluster, "cases": len(one.cases), "quote": one.evidence, "rule": one.rule},
            ensure_ascii=False,
        )
        for one in ranked
    ]
    return "\n".join(lines) or "-"
