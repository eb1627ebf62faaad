"""The refiner: turns findings into a candidate method."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from .clauses import MOST_ADDED_CLAUSES, MOST_ADDED_WORDS, MOST_CLAUSES, MOST_WORDS_IN_ALL, word_count
from .contract import numbered, render_edits
from .edits import apply_edits, edits_between, read_edit_lines, read_edit_objects
from .gateway.outcomes import Answer, NoAnswer
from .gateway.requests import Turn
from .messages import ClauseEdit, Failed, Proposal, RefineTask
from .method import Method, Operator
from .reading import between_tags, clause_lines, fault_of, json_lines, json_list, json_value, neat, one_line, tidy
from .schemas import INTEGER, TEXT, list_of, row_of, schema
from .seated import Framed

__all__ = ["Refiner", "most_merged"]

_TAG = "clauses"
_WHY = "why"
_FORMS: Mapping[Operator, str] = {"small": "refiner-edit", "merge": "refiner-merge", "bold": "refiner"}
_REWRITE = schema(why=TEXT, clauses=list_of(TEXT))
# The finding and the reason come first: a model that must name what it mends changes something.
_KIND = {"enum": ["replace", "add", "remove"]}
_EDIT = schema(edits=list_of(row_of(finding=INTEGER, reason=TEXT, edit=_KIND, clause=INTEGER, text=TEXT)))
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
        tag, why_tag = self.tag(_TAG, *told), self.tag(_WHY, *told)
        form = self.form(_FORMS[task.operator], task.method.language, tag=tag, why=why_tag)
        asked = _EDIT if task.operator == "small" else _REWRITE
        outcome = await self.put(task, self._turns(task, shown, form), asked)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
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
            **self.head(task, outcome), method=method, why=why, raw=outcome.text,
            fault=fault_of(outcome, readable=bool(clauses)), edits=edits if clauses else (),
        )  # fmt: skip

    def _turns(self, task: RefineTask, shown: str, form: str) -> tuple[Turn, ...]:
        language = task.method.language
        return self.turns(
            "refiner", language, before=render_edits(task.history, task.method, self.secret, self.prompts),
            clauses=self._shown(task), more=self._found(shown, language), size=self._size(task), form=form,
        )  # fmt: skip

    def _shown(self, task: RefineTask) -> str:
        """The method, numbered; for a bold edit in one paragraph, as a list is copied; of a merge both, labelled."""
        language, clauses = task.method.language, task.method.clauses
        if task.operator == "bold":
            return self.says("refiner-old", language, clauses=" ".join(clauses))
        if task.other is None:
            return self.says("refiner-clauses", language, clauses=numbered(clauses))
        both = {"clauses": _labelled("A", clauses), "other": _labelled("B", task.other.clauses)}
        return self.says("refiner-other", language, **both)

    def _found(self, shown: str, language: str) -> str:
        """What was found wrong, as quoted data; empty where nothing was looked at."""
        if not shown:
            return ""
        return self.says("refiner-found", language, findings=self.data("FINDINGS", shown)) + "\n\n"

    def _size(self, task: RefineTask) -> str:
        """How it is to be made, and how much may be added: a proposal that does not fit is refused."""
        prompt, language = f"refiner-{task.operator}", task.method.language
        if task.operator == "merge":
            return self.says(prompt, language, most=str(most_merged(task.method, task.other)))
        room = f" {self._room(task.method.clauses, language)}" if task.operator == "small" else ""
        return self.says(prompt, language) + room

    def _room(self, clauses: Sequence[str], language: str) -> str:
        """How much a small edit may add."""
        left = MOST_WORDS_IN_ALL - sum(map(word_count, clauses))
        if len(clauses) >= MOST_CLAUSES or left < _LEAST_ROOM:
            return self.says("refiner-full", language)
        added = min(MOST_ADDED_CLAUSES, MOST_CLAUSES - len(clauses))
        words = min(MOST_ADDED_WORDS, left)
        return self.says("refiner-room", language, clauses=str(added), words=str(words))

    def _why(self, answer: Answer, why_tag: str) -> str:
        if self.output_form == "tags":
            return one_line(between_tags(answer.text, why_tag) or "")
        reason = json_value(answer.text, _WHY)
        return one_line(reason) if isinstance(reason, str) else ""

    def _rewritten(self, task: RefineTask, answer: Answer, tag: str) -> _Read:
        """The whole list of a bold edit or a merge."""
        if self.output_form == "tags":
            clauses = clause_lines(self.between(answer, tag))
        else:
            lines = json_list(answer.text, _TAG)
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
            edits = read_edit_lines(self.between(answer, tag), len(old))
        else:
            edits = read_edit_objects(json_list(answer.text, "edits"), len(old))
        if not edits:
            return (), ()
        real = [edit for edit in edits if edit.kind != "replace" or edit.text != old[edit.clause - 1]]
        return apply_edits(old, real), tuple(real)


def _findings(task: RefineTask) -> str:
    """The findings as JSON lines, in their order and numbered from 1; empty where nothing was looked at.

    Without their quotes: what stands in a case would only find its way into a clause.
    """
    return json_lines(
        {"finding": number, "problem": one.cluster, "cases": len(one.cases), "rule": one.rule}
        for number, one in enumerate(task.analysis.findings, 1)
    )


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
