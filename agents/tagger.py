"""The tagger: says of an instruction what it is about, how well it is put, how hard it is, and what it takes.

The fields follow Magpie (arXiv 2406.08464, section 3.2 and appendix G); the words are ours. An explanation comes before
the mark, so that it is a reason and not an excuse. What is no value of a field is None and not guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .agent import call_of, failed
from .contract import mark, quoted, schema, tag_for
from .gateway.outcomes import Answer, NoAnswer
from .gateway.requests import Turn
from .messages import Failed, Reply, Task
from .reading import between_tags, cut_off, fault_of, json_object, labelled_blocks, one_line
from .seated import Framed

__all__ = ["CATEGORIES", "DIFFICULTIES", "QUALITIES", "TagKind", "TagTask", "Tagged", "Tagger"]

TagKind = Literal["quality", "difficulty", "category"]

QUALITIES = ("very poor", "poor", "average", "good", "excellent")
DIFFICULTIES = ("very easy", "easy", "medium", "hard", "very hard")
CATEGORIES = (
    "Information seeking", "Reasoning", "Planning", "Editing", "Coding & Debugging", "Math", "Role playing",
    "Data analysis", "Creative writing", "Advice seeking", "Brainstorming", "Others",
)  # fmt: skip

_TAG = "tags"
_CHARS = 300
_TEXT: Mapping[str, object] = {"type": "string"}
# In this order: words first, then the choice.
_FIELDS: Mapping[TagKind, Mapping[str, tuple[str, ...]]] = {
    "quality": {"explanation": (), "quality": QUALITIES},
    "difficulty": {"intent": (), "knowledge": (), "difficulty": DIFFICULTIES},
    "category": {"category": CATEGORIES, "other": ()},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TagTask(Task):
    """To the tagger: one kind of tags for this text."""

    text: str
    kind: TagKind
    language: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagged(Reply):
    """From the tagger: what it said, by field; a field that it did not say as it may is not there."""

    tags: Mapping[str, str]
    fault: Literal["", "unreadable", "truncated"] = ""


@dataclass(frozen=True, slots=True)
class Tagger(Framed):
    """Tags one text."""

    async def __call__(self, task: TagTask) -> Tagged | Failed:
        """The tags of one kind; an answer without the field that counts is unreadable."""
        fields, get = _FIELDS[task.kind], self.prompts.get
        tag = tag_for(_TAG, self.secret, task.text)
        shown = quoted("TEXT", mark(self.secret, task.text), task.text)
        ask = get(f"make-tagger-{task.kind}", task.language).fill(data=shown, form=self._form(task, tag))
        turns = Turn("system", get("make-tagger", task.language).fill()), Turn("user", ask)
        json_schema = schema(**{name: _said(values) for name, values in fields.items()})
        outcome = await self.seat.ask(task, turns, json_schema=json_schema if self.output_form == "json" else None)
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        tags = _valid(self._read(outcome, tag, task.kind), fields)
        return Tagged(
            id=f"{task.id}/reply", parent=task.id, tags=tags,
            fault=fault_of(outcome, readable=task.kind in tags), calls=(call_of(self.role, outcome),),
        )  # fmt: skip

    def _form(self, task: TagTask, tag: str) -> str:
        lines = "\n".join(f"{name}: {' | '.join(values) or '…'}" for name, values in _FIELDS[task.kind].items())
        prompt = self.prompts.get(f"make-tagger-{self.output_form}", task.language)
        return prompt.fill(tag=tag, fields=lines) if self.output_form == "tags" else prompt.fill(fields=lines)

    def _read(self, answer: Answer, tag: str, kind: TagKind) -> Mapping[str, str]:
        if self.output_form == "json":
            found = json_object(answer.text, kind) or {}
            return {name: str(value) for name, value in found.items()}
        text = None if cut_off(answer, tag) else between_tags(answer.text, tag)
        labels = {name: name for name in _FIELDS[kind]}
        read: dict[str, str] = {}
        for block in labelled_blocks(text, labels, "") if text else ():
            read |= block
        return read


def _said(values: tuple[str, ...]) -> Mapping[str, object]:
    return {**_TEXT, "enum": list(values)} if values else _TEXT


def _valid(read: Mapping[str, str], fields: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """What of it may be: a choice as it is spelled in the list, words in one line of some length."""
    found: dict[str, str] = {}
    for name, values in fields.items():
        text = one_line(read.get(name, "")).strip("*\"'` .")
        if not values:
            found |= {name: text[:_CHARS]} if text and text != "…" else {}
            continue
        by_name = {value.casefold(): value for value in values}
        choice = by_name.get(text.casefold().replace(" and ", " & "))
        found |= {name: choice} if choice else {}
    return found
