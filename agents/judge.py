"""The judge: compares an evolved instruction with its original."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ..prompts import Prompts
from .agent import Seat, call_of, failed
from .contract import OutputForm, mark, quoted, schema, tag_for
from .gateway.outcomes import Answer, NoAnswer
from .gateway.requests import Turn
from .messages import Failed, Instruction, JudgeTask, RoleName, Verdict
from .reading import between_tags, cut_off, fault_of, json_object, labelled_blocks

__all__ = ["Judge"]

_TAG = "verdict"
_FIELDS = ("quote", "valid", "self_contained", "intent", "harder")
_SCHEMA = schema(
    quote={"type": "string"},
    **{name: {"type": "string", "enum": ["yes", "no", "unsure"]} for name in _FIELDS[1:4]},
    harder={"type": "string", "enum": ["A", "B", "same", "unsure"]},
)
_LABELS = {field: field for field in _FIELDS} | {"self contained": "self_contained", "self-contained": "self_contained"}
_WORDS = {"yes": True, "no": False, "是": True, "否": False}


@dataclass(frozen=True, slots=True)
class Judge:
    """Says whether the evolved text is valid, self-contained and of the same intent, and which of the two is harder.

    The pair is shown as A and B without saying which is evolved, in the order that the task asks for, against the
    position bias of judges. The last verdict in the answer counts. What it does not know is None.

    Args:
        seat: where its calls go.
        secret: of the run; the marks round the data derive from it.
        output_form: labelled lines between tags, or JSON.
        prompts: what it is told.
    """

    seat: Seat
    secret: str
    output_form: OutputForm
    prompts: Prompts

    @property
    def role(self) -> RoleName:
        """The role that it plays."""
        return "judge"

    async def __call__(self, task: JudgeTask) -> Verdict | Failed:
        """Judge one pair. A line that is missing counts as abstention; an answer without any line is `unreadable`."""
        first, second = (_whole(task.original), _whole(task.evolved))
        if task.swap:
            first, second = second, first
        tag = tag_for(_TAG, self.secret, first, second, task.response)
        form = self._form(task.evolved.language, tag)
        turns = self._turns(task, first, second, form)
        outcome = await self.seat.ask(task, turns, json_schema=_SCHEMA if self.output_form == "json" else None)
        if isinstance(outcome, NoAnswer):
            return failed(self.role, task, outcome)
        fields = self._read(outcome, tag, form)
        given = {name: _yes_or_no(fields, name) for name in ("valid", "self_contained", "intent")}
        harder = _harder(fields.get("harder", ""), swap=task.swap)
        readable = any(fields.get(name) for name in _FIELDS[1:])
        return Verdict(
            id=f"{task.id}/reply", parent=task.id, valid=given["valid"], self_contained=given["self_contained"],
            intent_kept=given["intent"], harder=harder, evidence=fields.get("quote", "").strip() if readable else "",
            fault=fault_of(outcome, readable=readable),
            calls=(call_of(self.role, outcome),),
        )  # fmt: skip

    def _turns(self, task: JudgeTask, first: str, second: str, form: str) -> tuple[Turn, ...]:
        language = task.evolved.language
        sign = mark(self.secret, first, second, task.response)
        target, other = ("A", "B") if task.swap else ("B", "A")
        ask = self.prompts.get("judge-ask", language).fill(
            first=quoted("A", sign, first), second=quoted("B", sign, second),
            response=quoted("RESPONSE", sign, task.response), target=target, other=other,
            form=form,
        )  # fmt: skip
        return Turn("system", self.prompts.get("judge", language).fill()), Turn("user", ask)

    def _form(self, language: str, tag: str) -> str:
        prompt = self.prompts.get(f"judge-{self.output_form}", language)
        return prompt.fill(tag=tag) if self.output_form == "tags" else prompt.fill()

    def _read(self, answer: Answer, tag: str, form: str) -> Mapping[str, str]:
        """The fields of the last verdict; empty where there is none, or an echo of the question."""
        if self.output_form == "json":
            value = json_object(answer.text, "harder") or {}
            found = {name: str(value[name]) for name in _FIELDS if name in value}
            return {name: text for name, text in found.items() if name == "quote" or "|" not in text}
        text = None if cut_off(answer, tag) else between_tags(answer.text, tag)
        if text is None or text in form:
            return {}
        fields: dict[str, str] = {}
        for block in labelled_blocks(text, _LABELS, ""):
            fields |= block
        return fields


def _whole(instruction: Instruction) -> str:
    """The text with what stands before it: a follow-up question is self-contained only together with its context."""
    before = [f"system: {instruction.system}"] if instruction.system else []
    before += [f"{turn.speaker}: {turn.text}" for turn in instruction.context]
    return "\n".join([*before, f"user: {instruction.text}"]) if before else instruction.text


def _first_word(text: str) -> str:
    match = re.match(r"[\W_]*(?:version\s+)?(\w+)", text, re.IGNORECASE)
    return match[1].casefold() if match else ""


def _yes_or_no(fields: Mapping[str, str], name: str) -> bool | None:
    return _WORDS.get(_first_word(fields.get(name, "")))


def _harder(text: str, *, swap: bool) -> Literal["evolved", "original", "same"] | None:
    word = _first_word(text)
    if word == "same":
        return "same"
    if word not in {"a", "b"}:
        return None
    return "evolved" if (word == "a") == swap else "original"
