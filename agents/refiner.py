"""The refiner: turns findings into a candidate method."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias, cast

from .agent import call_of, failed
from .clauses import MOST_ADDED_CLAUSES, MOST_ADDED_WORDS, MOST_CLAUSES, MOST_WORDS_IN_ALL, word_count
from .contract import mark, numbered, quoted, render_edits, schema, tag_for
from .edits import apply_edits, edits_between, read_edit_lines, read_edit_objects
from .gateway.outcomes import Answer, NoAnswer
from .gateway.requests import Turn
from .messages import ClauseEdit, Failed, Proposal, RefineTask
from .method import Method
from .reading import between_tags, clause_lines, cut_off, fault_of, json_object, neat, one_line, tidy
from .seated import Framed

__all__ = ["Refiner", "most_merged"]

_TAG = "clauses"
_WHY = "why"
_TEXT, _NUMBER = {"type": "string"}, {"type": "integer"}
_REWRITE = schema(why=_TEXT, clauses={"type": "array", "items": _TEXT})
# The finding and the reason come first: a model that must name what it mends changes something.
_EDITED = {"finding": _NUMBER, "reason": _TEXT, "edit": {"enum": ["replace", "add", "remove"]}, "clause": _NUMBER,
           "text": _TEXT}  # fmt: skip
_EDIT = schema(
    edits={"type": "array", "items": {"type": "object", "properties": _EDITED, "required": list(_EDITED),
                                      "additionalProperties": False}},
)  # fmt: skip
_LABEL = re.compile(
    r"\W*([AB])\s?(\d{1,2})\b(?=\W|$)", re.IGNORECASE
)  # what a model adds behind it is the clause again
_LABELLED = re.compile(rf"\W*{_LABEL.pattern}[\s.:)、．：]*", re.IGNORECASE)
_BETWEEN = re.compile(r"\b(?:and|with)\b|和|与", re.IGNORECASE)
_LEAST_ROOM = 12  # words; a clause is no shorter
_Read: TypeAlias = tuple[tuple[str, ...], tuple[ClauseEdit, ...]]


@dataclass(frozen=True, slots=True)
class Refiner(Framed):
    """Rewrites the clauses of a method from findings (arXiv 2406.00770, section 3.3), in one of three ways.

    A small edit names only the clauses that change, each with a reason and the finding that it answers: asked for the
    whole list, small models give the old one back. A bold one is a new list; a merge makes one list of two methods.
    Nothing but clauses can be given: the contract is out of reach. Whether the candidate may be tried is for
    `optimizer/search/checks.py`.
    """

    async def __call__(self, task: RefineTask) -> Proposal | Failed:
        """Propose one candidate. `method` is None where no clause could be read; a missing reason is no fault."""
        shown = _findings(task)
        told = (shown, *(edit.why for edit in task.history))
        tag, why_tag = tag_for(_TAG, self.secret, *told), tag_for(_WHY, self.secret, *told)
        form = self._form(task, tag, why_tag)
        schema_of = _EDIT if task.operator == "small" else _REWRITE
        asked = schema_of if self.output_form == "json" else None
        outcome = await self.seat.ask(task, self._turns(task, shown, form), json_schema=asked)
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        why = said if (said := self._why(outcome, why_tag)) not in form else ""
        read = self._edited if task.operator == "small" else self._rewritten
        clauses, edits = read(task, outcome, tag)
        echoes = [edit.text in form for edit in edits if edit.text]
        if echoes and (any(echoes) if task.operator == "small" else all(echoes)):
            clauses = ()  # it repeats how it was asked
        why = why or "; ".join(dict.fromkeys(edit.reason for edit in edits if edit.reason))
        if task.operator != "small":
            edits = tuple(replace(edit, reason=why) for edit in edits)
        old = task.method
        method = Method(clauses, language=old.language, parent=old.id, why=why) if clauses else None
        return Proposal(
            id=f"{task.id}/reply", parent=task.id, method=method, why=why, raw=outcome.text,
            fault=fault_of(outcome, readable=bool(clauses)),
            calls=(call_of(self.role, outcome),), edits=edits if clauses else (),
        )  # fmt: skip

    def _turns(self, task: RefineTask, shown: str, form: str) -> tuple[Turn, ...]:
        language = task.method.language
        ask = self.prompts.get("refiner-ask", language).fill(
            clauses=self._shown(task), more=self._found(shown, language), size=self._size(task), form=form
        )
        history = render_edits(task.history, task.method, self.secret, self.prompts)
        return Turn("system", self.prompts.get("refiner", language).fill()), Turn("user", history + ask)

    def _shown(self, task: RefineTask) -> str:
        """The method, numbered; for a bold edit in one paragraph, as a list is copied; of a merge both, labelled."""
        language, clauses = task.method.language, task.method.clauses
        if task.operator == "bold":
            return self.prompts.get("refiner-old", language).fill(clauses=" ".join(clauses))
        if task.other is None:
            return self.prompts.get("refiner-clauses", language).fill(clauses=numbered(clauses))
        both = self.prompts.get("refiner-other", language)
        return both.fill(clauses=_labelled("A", clauses), other=_labelled("B", task.other.clauses))

    def _found(self, shown: str, language: str) -> str:
        """What was found wrong, as quoted data; empty where nothing was looked at."""
        if not shown:
            return ""
        found = self.prompts.get("refiner-found", language)
        return found.fill(findings=quoted("FINDINGS", mark(self.secret, shown), shown)) + "\n\n"

    def _size(self, task: RefineTask) -> str:
        """How it is to be made, and how much may be added: a proposal that does not fit is refused."""
        prompt = self.prompts.get(f"refiner-{task.operator}", task.method.language)
        if task.operator == "merge":
            return prompt.fill(most=str(most_merged(task.method, task.other)))
        room = f" {self._room(task.method.clauses, task.method.language)}" if task.operator == "small" else ""
        return prompt.fill() + room

    def _room(self, clauses: Sequence[str], language: str) -> str:
        """How much a small edit may add."""
        left = MOST_WORDS_IN_ALL - sum(map(word_count, clauses))
        if len(clauses) >= MOST_CLAUSES or left < _LEAST_ROOM:
            return self.prompts.get("refiner-full", language).fill()
        added = min(MOST_ADDED_CLAUSES, MOST_CLAUSES - len(clauses))
        words = min(MOST_ADDED_WORDS, left)
        return self.prompts.get("refiner-room", language).fill(clauses=str(added), words=str(words))

    def _form(self, task: RefineTask, tag: str, why_tag: str) -> str:
        kind = {"small": "edit-", "merge": "merge-", "bold": ""}[task.operator]
        prompt = self.prompts.get(f"refiner-{kind}{self.output_form}", task.method.language)
        if self.output_form == "json":
            return prompt.fill()
        return prompt.fill(tag=tag) if task.operator == "small" else prompt.fill(tag=tag, why=why_tag)

    def _why(self, answer: Answer, why_tag: str) -> str:
        if self.output_form == "tags":
            return one_line(between_tags(answer.text, why_tag) or "")
        reason = (json_object(answer.text, "why") or {}).get("why")
        return one_line(reason) if isinstance(reason, str) else ""

    def _rewritten(self, task: RefineTask, answer: Answer, tag: str) -> _Read:
        """The whole list of a bold edit or a merge."""
        if self.output_form == "tags":
            clauses = clause_lines(self._between(answer, tag))
        else:
            listed = (json_object(answer.text, "clauses") or {}).get("clauses")
            lines = cast("list[object]", listed) if isinstance(listed, list) else []
            if not all(isinstance(line, str) for line in lines):
                lines = []
            # A model may number its strings; the numbers are ours to write.
            clauses = neat([" ".join(clause_lines(str(line))) for line in lines])
        clauses = _looked_up(task, clauses)
        return clauses, edits_between(task.method.clauses, clauses) if clauses else ()

    def _edited(self, task: RefineTask, answer: Answer, tag: str) -> _Read:
        """The old list with its small edits; empty where none could be read. Edits that change nothing do not count."""
        old = task.method.clauses
        if self.output_form == "tags":
            edits = read_edit_lines(self._between(answer, tag), len(old))
        else:
            listed = (json_object(answer.text, "edits") or {}).get("edits")
            edits = read_edit_objects(cast("list[object]", listed) if isinstance(listed, list) else [], len(old))
        if not edits:
            return (), ()
        real = [edit for edit in edits if edit.kind != "replace" or edit.text != old[edit.clause - 1]]
        return apply_edits(old, real), tuple(real)

    def _between(self, answer: Answer, tag: str) -> str:
        return "" if cut_off(answer, tag) else between_tags(answer.text, tag) or ""


def _findings(task: RefineTask) -> str:
    """The findings as JSON lines, in their order and numbered from 1; empty where nothing was looked at.

    Without their quotes: what stands in a case would only find its way into a clause.
    """
    lines = [
        json.dumps({"finding": number, "problem": one.cluster, "cases": len(one.cases), "rule": one.rule},
                   ensure_ascii=False)
        for number, one in enumerate(task.analysis.findings, 1)
    ]  # fmt: skip
    return "\n".join(lines)


def most_merged(method: Method, other: Method | None) -> int:
    """How many clauses a merge may have: two more than the longer of both, or it is one list after the other."""
    longer = max(len(method.clauses), len(other.clauses) if other else 0)
    return min(MOST_CLAUSES, longer + MOST_ADDED_CLAUSES)


def _labelled(letter: str, clauses: Sequence[str]) -> str:
    return "\n".join(f"{letter}{number}. {clause}" for number, clause in enumerate(clauses, 1))


def _looked_up(task: RefineTask, lines: Sequence[str]) -> tuple[str, ...]:
    """The clauses of a merge: labels stand for their clauses, each once; a line with another text is a new clause."""
    if task.other is None:
        return tuple(lines)
    both = {"A": task.method.clauses, "B": task.other.clauses}
    known = {f"{letter}{number}": text for letter, texts in both.items() for number, text in enumerate(texts, 1)}
    clauses: list[str] = []
    for line in lines:
        labels = ["".join(found).upper() for found in _LABEL.findall(line)]
        if tidy(_BETWEEN.sub("", _LABEL.sub("", line))) is None:
            clauses += [known[label] for label in labels if label in known]
        else:
            clauses.append(_LABELLED.sub("", line))
    return tuple(dict.fromkeys(clauses))
