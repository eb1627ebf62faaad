"""The judge asked for a preference between two versions of a row: what stands in where a student gives no scores.

A comparison by a judge is no IFD, and is never recorded under that name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from .contract import quoted, whole
from .gateway.outcomes import Answer, NoAnswer
from .gateway.requests import Turn
from .messages import Failed, Instruction, Reply, Task
from .reading import inside, json_value
from .reflector import Side
from .schemas import one_of, schema
from .seated import Framed

__all__ = ["PreferTask", "Preference", "Preferred"]

_FIELD = "better"
_SCHEMA = schema(better=one_of("A", "B", "same"))
_WORD = re.compile(r"\W*(a|b|same|相同|一样)(?![a-z])\W*", re.IGNORECASE)
Pick = Literal["old", "new", "same"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferTask(Task):
    """To the judge: which of two pairs has the better text? `swap` shows the new one first."""

    old: tuple[Instruction, str]
    new: tuple[Instruction, str]
    side: Side
    swap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferred(Reply):
    """From the judge. None where the answer could not be read."""

    pick: Pick | None


@dataclass(frozen=True, slots=True)
class Preference(Framed):
    """Compares two instructions by how much they ask and whether they can be answered, or two responses to one."""

    async def __call__(self, task: PreferTask) -> Preferred | Failed:
        """Compare once. Nobody is told which text is the new one."""
        pairs = (task.new, task.old) if task.swap else (task.old, task.new)
        texts = [whole(pairs[0][0]), pairs[0][1], whole(pairs[1][0]), pairs[1][1]]
        tag = self.tag(_FIELD, *texts)
        outcome = await self.put(task, (Turn("user", self._ask(task, texts, tag)),), _SCHEMA)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        return Preferred(**self.head(task, outcome), pick=_pick(outcome, tag, swap=task.swap))

    def _ask(self, task: PreferTask, texts: list[str], tag: str) -> str:
        language, sign = task.old[0].language, self.sign(*texts)
        names: tuple[str, ...] = ("INSTRUCTION A", "RESPONSE A", "INSTRUCTION B", "RESPONSE B")
        if task.side == "response":
            names, texts = ("INSTRUCTION", "RESPONSE A", "RESPONSE B"), [texts[0], texts[1], texts[3]]
        data = "\n\n".join(quoted(name, sign, text) for name, text in zip(names, texts, strict=True))
        form = self.form("make-reflection-prefer", language, tag=tag)
        return self.says(f"make-reflection-prefer-{task.side}", language, data=data, form=form)


def _pick(answer: Answer, tag: str, *, swap: bool) -> Pick | None:
    value = json_value(answer.text, _FIELD)
    match = _WORD.fullmatch(inside(answer.text, tag) if value is None else str(value))
    if match is None:
        return None
    word = match[1].casefold()
    if word not in {"a", "b"}:
        return "same"
    return "new" if (word == "a") == swap else "old"
