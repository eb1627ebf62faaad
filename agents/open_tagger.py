"""The tagger with words of its own: what an instruction wants and is about, in as many short tags as that takes.

Open tags after InsTag (arXiv 2308.07074, section 2.1): nobody gives a list to choose from, and each tag comes with an
explanation, so that it is a reason and not a guess. Whoever uses them brings them to one form. The words are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from .contract import quoted, said_before
from .gateway.outcomes import Answer, NoAnswer
from .messages import Failed, Instruction, Reply, Task
from .reading import fault_of, json_objects, one_line
from .schemas import TEXT, list_of, row_of, schema
from .seated import Framed

__all__ = ["OpenTagTask", "OpenTagged", "OpenTagger"]

_TAG = "tags"
_FIELDS = ("tag", "explanation")
_SCHEMA = schema(tags=list_of(row_of(**dict.fromkeys(_FIELDS, TEXT))))
_CHARS, _LONGEST, _MOST = 300, 60, 40
"""What is kept of an explanation; what is no tag any more, in characters; how many tags no text has."""
_OURS = frozenset({"task", "subject", "condition", "question", "text", "任务", "主题", "条件", "问题", "文本"})
"""Words of what the tagger is told, which small models give back: of five common tags of 20 rows two were these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTagTask(Task):
    """To the tagger: what does this instruction want, and what is it about?"""

    instruction: Instruction


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTagged(Reply):
    """From the tagger: its tags as it wrote them, each once, with the explanation of each."""

    tags: tuple[tuple[str, str], ...]
    fault: Literal["", "unreadable", "truncated"] = ""


@dataclass(frozen=True, slots=True)
class OpenTagger(Framed):
    """Tags one instruction."""

    async def __call__(self, task: OpenTagTask) -> OpenTagged | Failed:
        """The tags of one instruction. A list that was cut has none: how many there are is what it is asked for."""
        text, before = task.instruction.text, said_before(task.instruction)
        language, sign, tag = task.instruction.language, self.sign(text, before), self.tag(_TAG, text, before)
        data = (quoted("BEFORE", sign, before) + "\n" if before else "") + quoted("TEXT", sign, text)
        turns = self.turns("make-instag", language, data=data, form=self.form("make-instag", language, tag=tag))
        outcome = await self.put(task, turns, _SCHEMA)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        tags = () if outcome.finish == "length" else _read(outcome)
        return OpenTagged(**self.head(task, outcome), tags=tags, fault=fault_of(outcome, readable=bool(tags)))


def _read(answer: Answer) -> tuple[tuple[str, str], ...]:
    """Objects with a `tag`, wherever they stand; a tag that is a sentence is none, and one said twice counts once."""
    found: dict[str, tuple[str, str]] = {}
    for row in _rows(answer.text):
        tag, why = (one_line(value) if isinstance(value := row.get(name), str) else "" for name in _FIELDS)
        tag = tag.strip("\"'`*.,;: ")
        # In brackets stands what we asked for, given back.
        ours = tag.startswith("[") or tag.casefold() in _OURS
        if any(char.isalnum() for char in tag) and len(tag) <= _LONGEST and not ours:
            found.setdefault(tag.casefold(), (tag, why[:_CHARS]))
    return tuple(found.values())[:_MOST]


def _rows(text: str) -> list[dict[str, object]]:
    """The list of a schema, or objects on lines or in a list of their own."""
    listed = [row for whole in json_objects(text, "tags") for row in _objects(whole.get("tags"))]
    return listed or [dict(row) for row in json_objects(text, "tag")]


def _objects(value: object) -> list[dict[str, object]]:
    if not isinstance(value, list):
        return []
    rows = cast("list[object]", value)
    return [cast("dict[str, object]", row) for row in rows if isinstance(row, dict)]
