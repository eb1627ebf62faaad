"""The tagger: says of an instruction what it is about, how well it is put, how hard it is, and what it takes.

The fields follow Magpie (arXiv 2406.08464, section 3.2 and appendix G); the words are ours. An explanation comes before
the mark, so that it is a reason and not an excuse. What is no value of a field is None and not guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .gateway.outcomes import NoAnswer
from .gateway.requests import Turn
from .messages import Failed, Reply, Task
from .reading import fault_of, one_line
from .schemas import TEXT, one_of, schema
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
        fields, language, tag = _FIELDS[task.kind], task.language, self.tag(_TAG, task.text)
        lines = "\n".join(f"{name}: {' | '.join(values) or '…'}" for name, values in fields.items())
        form = self.form("make-tagger", language, tag=tag, fields=lines)
        ask = self.says(f"make-tagger-{task.kind}", language, data=self.data("TEXT", task.text), form=form)
        turns = Turn("system", self.says("make-tagger", language)), Turn("user", ask)
        held = schema(**{name: one_of(*values) if values else TEXT for name, values in fields.items()})
        outcome = await self.put(task, turns, held)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        tags = _valid(self.fields(outcome, tag, tuple(fields), task.kind), fields)
        return Tagged(**self.head(task, outcome), tags=tags, fault=fault_of(outcome, readable=task.kind in tags))


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
