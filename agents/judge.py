"""The judge: compares an evolved instruction with its original by a rubric, with evidence, and may abstain.

The rubric follows what the failure rules of Auto Evol-Instruct (arXiv 2406.00770, section 3.2) cannot see: whether a
harder text can be solved at all, is complete, contradicts itself, or has become another task.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .contract import quoted, whole
from .evidence import stands_in
from .gateway.outcomes import Answer, NoAnswer
from .gateway.requests import Turn
from .messages import Failed, JudgeTask, Verdict
from .reading import fault_of, json_object, json_objects
from .schemas import TEXT, one_of, schema
from .seated import Framed

__all__ = ["Judge"]

_TAG = "verdict"
# As the judge writes them → as a verdict names them.
_RUBRIC = {"valid": "valid", "self_contained": "self_contained", "consistent": "consistent", "intent": "intent_kept"}
# In this order: a small model that must say how the two differ before it compares them compares them better.
_FIELDS = ("difference", "harder", "quote", *_RUBRIC)
_WORDS = ("difference", "quote")  # fields in the judge's own words; the others are a choice
_SCHEMA = schema(
    difference=TEXT,
    harder=one_of("A", "B", "same", "unsure"),
    quote=TEXT,
    **dict.fromkeys(_RUBRIC, one_of("yes", "no", "unsure")),
)
_LABELS = {"self contained": "self_contained", "self-contained": "self_contained"}
_NO = r"no(?!\s+(?:contradict|conflict|inconsist|problem|issue))|否|不是|不能"  # "no conflict" is praise
_YES_OR_NO = re.compile(rf"[\W_]*(?:(yes|是|能)|({_NO}))(?![a-z])", re.IGNORECASE)
_WHICH = re.compile(r"[\W_]*(?:version|版本)?[\W_]*(a|b|same|相同|一样)(?![a-z])", re.IGNORECASE)
# The choice as it was offered, given back: no answer.
_OR = r"\W+(?:or\W+|或\W*)?"
_ECHO = re.compile(rf"\W*(?:yes{_OR}no{_OR}unsure|yes\W+or\W+no\b|a{_OR}b{_OR}same|a\W+or\W+b\b)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Judge(Framed):
    """Says whether the evolved text is valid, self-contained, consistent and of the same intent, and which is harder.

    The pair is shown as A and B without saying which is evolved, in the order that the task asks for, against the
    position bias of judges. The last verdict in the answer counts. What it does not know is None, and so is every
    "no" that quotes nothing of what was shown.
    """

    async def __call__(self, task: JudgeTask) -> Verdict | Failed:
        """Judge one pair. A line that is missing counts as abstention; an answer without any line is `unreadable`."""
        shown = (whole(task.original), whole(task.evolved))
        first, second = shown[::-1] if task.swap else shown
        texts = (first, second, task.response)
        tag = self.tag(_TAG, *texts)
        form = self.form("judge", task.evolved.language, tag=tag)
        outcome = await self.put(task, self._turns(task, first, second, form), _SCHEMA)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        return self._verdict(task, outcome, self._read(outcome, tag, form, texts), texts)

    def _verdict(self, task: JudgeTask, answer: Answer, fields: Mapping[str, str], texts: tuple[str, ...]) -> Verdict:
        given = {name: _yes_or_no(fields.get(field, "")) for field, name in _RUBRIC.items()}
        readable = any(fields.get(name) for name in _FIELDS if name not in _WORDS)
        evidence = fields.get("quote", "").strip() if readable else ""
        grounded = stands_in(evidence, texts)
        ungrounded = () if grounded else tuple(name for name, said in given.items() if said is False)
        given |= dict.fromkeys(ungrounded)
        return Verdict(
            **self.head(task, answer), valid=given["valid"], self_contained=given["self_contained"],
            consistent=given["consistent"], intent_kept=given["intent_kept"],
            harder=_harder(fields.get("harder", ""), swap=task.swap), evidence=evidence, grounded=grounded,
            ungrounded=ungrounded, fault=fault_of(answer, readable=readable),
        )  # fmt: skip

    def _turns(self, task: JudgeTask, first: str, second: str, form: str) -> tuple[Turn, ...]:
        language = task.evolved.language
        sign = self.sign(first, second, task.response)
        target, other = ("A", "B") if task.swap else ("B", "A")
        return self.turns(
            "judge", language, first=quoted("A", sign, first), second=quoted("B", sign, second),
            response=self._response(task, sign, target), target=target, other=other, form=form,
        )  # fmt: skip

    def _response(self, task: JudgeTask, sign: str, target: str) -> str:
        """The answer to the evolved text, where there is one: an empty one would only puzzle the judge."""
        if not task.response.strip():
            return ""
        data = quoted("RESPONSE", sign, task.response)
        return self.says("judge-response", task.evolved.language, target=target, response=data) + "\n"

    def _read(self, answer: Answer, tag: str, form: str, texts: tuple[str, ...]) -> Mapping[str, str]:
        """The fields of the last verdict; empty where there is none, or an echo of the question or of a shown text."""
        if self.output_form == "json":
            value = json_object(answer.text, "harder")
            echo = any(value in json_objects(text, "harder") for text in texts)
        else:
            echo = self.between(answer, tag) in form
        fields = {} if echo else self.fields(answer, tag, _FIELDS, "harder", _LABELS)
        return {name: text for name, text in fields.items() if name in _WORDS or not _ECHO.match(text)}


def _yes_or_no(text: str) -> bool | None:
    match = _YES_OR_NO.match(text)
    return match[1] is not None if match else None


def _harder(text: str, *, swap: bool) -> Literal["evolved", "original", "same"] | None:
    match = _WHICH.match(text)
    if match is None:
        return None
    word = match[1].casefold()
    if word not in {"a", "b"}:
        return "same"
    return "evolved" if (word == "a") == swap else "original"
