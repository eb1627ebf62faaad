"""The refiner: turns findings into a candidate method."""

from __future__ import annotations

import json
import re
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
_REWRITE = schema(why={"type": "string"}, clauses={"type": "array", "items": {"type": "string"}})
_EDITED = {"clause": {"type": "integer"}, "text": {"type": "string"}}
_EDIT = schema(
    why={"type": "string"},
    edits={"type": "array", "items": {"type": "object", "properties": _EDITED, "required": list(_EDITED)}},
)
_LINE = re.compile(r"\s*[-*]?\s*(\d{1,2})\s*[.):、．]\s*(.*)")


@dataclass(frozen=True, slots=True)
class Refiner:
    """Rewrites the clauses of a method from findings (arXiv 2406.00770, section 3.3), by a small or a bold edit.

    A bold edit is a whole new list. A small one names only the clauses that change: asked for the whole list, small
    models give the old one back. Nothing but clauses can be given: the contract is out of reach. Whether the candidate
    may be tried is for `optimizer/search/checks.py`.

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
        form = self._form(task, tag, why_tag)
        turns = self._turns(task, shown, form)
        asked = (_REWRITE if task.operator != "small" else _EDIT) if self.output_form == "json" else None
        outcome = await self.seat.ask(task, turns, json_schema=asked)
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        why = self._why(outcome, why_tag)
        clauses = (
            self._clauses(outcome, tag)
            if task.operator != "small"
            else self._edited(outcome, tag, task.method.clauses, form)
        )
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
            size=self.prompts.get("refiner-bold" if task.operator != "small" else "refiner-small", language).fill(),
            form=form,
        )
        history = render_edits(task.history, task.method, self.secret, self.prompts)
        return Turn("system", self.prompts.get("refiner", language).fill()), Turn("user", history + ask)

    def _form(self, task: RefineTask, tag: str, why_tag: str) -> str:
        name = f"refiner-{self.output_form}" if task.operator != "small" else f"refiner-edit-{self.output_form}"
        prompt = self.prompts.get(name, task.method.language)
        return prompt.fill(tag=tag, why=why_tag) if self.output_form == "tags" else prompt.fill()

    def _why(self, answer: Answer, why_tag: str) -> str:
        if self.output_form == "tags":
            return one_line(between_tags(answer.text, why_tag) or "")
        reason = (json_object(answer.text, "why") or {}).get("why")
        return one_line(reason) if isinstance(reason, str) else ""

    def _clauses(self, answer: Answer, tag: str) -> tuple[str, ...]:
        """The whole list of a bold edit."""
        if self.output_form == "tags":
            return clause_lines(self._between(answer, tag))
        listed = (json_object(answer.text, "clauses") or {}).get("clauses")
        lines = cast("list[object]", listed) if isinstance(listed, list) else []
        if not all(isinstance(line, str) for line in lines):
            lines = []
        # A model may number its strings; the numbers are ours to write.
        return neat([" ".join(clause_lines(str(line))) for line in lines])

    def _edited(self, answer: Answer, tag: str, old: tuple[str, ...], form: str) -> tuple[str, ...]:
        """The old list with the clauses of a small edit in their places; empty where no edit could be read."""
        edits = self._edits(answer, tag)
        if not edits or any(text and text in form for text in edits.values()):
            return ()
        kept = [edits.pop(number, clause) for number, clause in enumerate(old, 1)]
        # A number beyond the list adds, whatever it is: models count on from a wrong place.
        return neat([*kept, *(edits[number] for number in sorted(edits))])

    def _edits(self, answer: Answer, tag: str) -> dict[int, str]:
        if self.output_form == "tags":
            found = [match for line in self._between(answer, tag).splitlines() if (match := _LINE.fullmatch(line))]
            return {int(match[1]): match[2] for match in found}
        listed = (json_object(answer.text, "edits") or {}).get("edits")
        edits: dict[int, str] = {}
        for entry in cast("list[object]", listed) if isinstance(listed, list) else []:
            one = cast("dict[str, object]", entry) if isinstance(entry, dict) else {}
            number, text = one.get("clause"), one.get("text")
            if isinstance(number, int) and isinstance(text, str):
                edits[number] = " ".join(clause_lines(text))
        return edits

    def _between(self, answer: Answer, tag: str) -> str:
        return "" if cut_off(answer, tag) else between_tags(answer.text, tag) or ""


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
