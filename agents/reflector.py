"""The reflector (teacher): finds what is weak in a pair, and writes a better instruction or a better response.

Source: Selective Reflection-Tuning (arXiv 2402.10110, section 3.1): the instruction is looked at by five criteria, the
response by four. The words, the form of the answer and its reading are ours: parts between tags or in a JSON object,
the critique kept, and what only repeats the form counted as a failure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .contract import OutputForm, quoted, whole
from .gateway.outcomes import Answer, NoAnswer
from .messages import Failed, Instruction, Reply, Task
from .reading import between_tags, fault_of, json_object, opened_by, tidy
from .schemas import TEXT, schema
from .seated import Framed

__all__ = ["ReflectFault", "ReflectTask", "Reflected", "Reflector", "Side"]

Side = Literal["instruction", "response"]
ReflectFault = Literal["", "unreadable", "truncated", "placeholder"]

_CRITIQUE, _INSTRUCTION, _RESPONSE = "critique", "instruction", "response"
_FIELDS: Mapping[Side, tuple[str, ...]] = {
    "instruction": (_CRITIQUE, _INSTRUCTION, _RESPONSE),
    "response": (_CRITIQUE, _RESPONSE),
}
# What stands where a text should stand, of a model that repeats a form instead of filling it.
_PLACEHOLDER = re.compile(
    r"(?:(?:your|the|my|a)? ?(?:new|better|improved|complete|revised)? ?"
    r"(?:instruction|answer|response|text|question)(?: here| alone| goes here)?"
    r"|n ?/ ?a|none|null|todo|tbd|same(?: as (?:above|before))?|unchanged|no change"
    r"|(?:你的|新的?|更好的|改进后的)?(?:指令|回答|答案|回复|问题)|无|没有|同上)",
    re.IGNORECASE,
)
_EDGES = " \t\r\n\"'`*_.…:：。()[]{}<>（）【】「」“”-"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReflectTask(Task):
    """To the reflector (teacher): what is weak in this pair, and what would be better?

    `improve` says of which text: a better instruction comes with its own response, a better response alone.
    """

    instruction: Instruction
    response: str
    improve: Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Reflected(Reply):
    """From the reflector: the better texts and what it had to say; None for a text that is not there.

    `fault` says why there is none: the form was not kept, the answer was cut, or it repeats the form.
    """

    critique: str
    instruction: str | None
    response: str | None
    raw: str
    fault: ReflectFault = ""


@dataclass(frozen=True, slots=True)
class Reflector(Framed):
    """Reflects on one pair."""

    async def __call__(self, task: ReflectTask) -> Reflected | Failed:
        """Reflect once. A pair of which one text is missing or a placeholder has a fault and gives no text."""
        shown = (whole(task.instruction), task.response)
        fields = _FIELDS[task.improve]
        tags = {field: self.tag(field, *shown) for field in fields}
        name, language, sign = f"make-reflection-{task.improve}", task.instruction.language, self.sign(*shown)
        form = self.form(name, language, **tags)
        turns = self.turns(
            name, language, instruction=quoted("INSTRUCTION", sign, shown[0]),
            response=quoted("RESPONSE", sign, shown[1]), form=form,
        )  # fmt: skip
        outcome = await self.put(task, turns, schema(**dict.fromkeys(fields, TEXT)))
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        found = _read(outcome, tags, self.output_form)
        wanted = fields[1:]
        fault = _fault(outcome, [found.get(field) for field in wanted], form)
        texts: dict[str, str | None] = {} if fault else {field: found[field] for field in wanted}
        return Reflected(
            **self.head(task, outcome), critique=found.get(_CRITIQUE, ""),
            instruction=texts.get(_INSTRUCTION), response=texts.get(_RESPONSE), raw=outcome.text, fault=fault,
        )  # fmt: skip


def _read(answer: Answer, tags: Mapping[str, str], form: OutputForm) -> dict[str, str]:
    """Fields of an answer, in the form that was asked for or, where that has none, in the other one."""
    ways = (_in_tags, _in_json) if form == "tags" else (_in_json, _in_tags)
    return ways[0](answer, tags) or ways[1](answer, tags)


def _in_json(answer: Answer, tags: Mapping[str, str]) -> dict[str, str]:
    value = json_object(answer.text, [*tags][-1]) or {}
    texts = {name: value[name] for name in tags if name in value}
    return {name: text for name, said in texts.items() if isinstance(said, str) and (text := tidy(said))}


def _in_tags(answer: Answer, tags: Mapping[str, str]) -> dict[str, str]:
    """Parts between tags; of an answer that was not cut, a closing tag may be missing."""
    found: dict[str, str] = {}
    for name, tag in tags.items():
        text = between_tags(answer.text, tag)
        if text is None and answer.finish == "stop":
            # Small models open a part with its tag and begin the next one instead of closing it.
            rest = opened_by(answer.text, tag)
            others = "|".join(re.escape(other) for other in tags.values())
            text = None if rest is None else tidy(re.split(rf"<\s*/?\s*(?:{others})\s*>", rest, flags=re.IGNORECASE)[0])
        if text is not None:
            found[name] = text
    return found


def _fault(answer: Answer, texts: list[str | None], form: str) -> ReflectFault:
    if any(text is None for text in texts):
        return fault_of(answer, readable=False)
    return "placeholder" if any(_is_placeholder(text or "", form) for text in texts) else ""


def _is_placeholder(text: str, form: str) -> bool:
    """Whether a text says only what should stand there, or repeats how it was asked for."""
    plain = " ".join(text.strip(_EDGES).split())
    return not plain or text in form or plain in form or _PLACEHOLDER.fullmatch(plain) is not None
