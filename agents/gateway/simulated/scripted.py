"""A scripted model: answers from a file or a function, without a network. For tests, demonstrations and rehearsals.

One JSON object a line:

    {"role": "evolver", "text": "..."}                          the next answer to the evolver, once
    {"role": "judge", "match": "apples", "text": "..."}         whenever the chat holds this text
    {"pattern": "(?i)how many", "text": "...", "times": 2}      by regular expression, at most twice
    {"role": "responder", "reason": "content_filter"}           no answer, for one of the reasons there are

The first line that fits and is not used up answers. Further fields: `finish` (`stop`, `length`), `reasoning`, `times`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..errors import ScriptExhausted, UsageError
from ..estimates import counted
from ..outcomes import Answer, NoAnswer, NoAnswerReason, Outcome, Usage
from ..requests import Request

__all__ = ["ScriptLine", "ScriptedModel", "Scripting", "read_script"]

Scripting = Callable[[Request], "str | Outcome"]


class ScriptLine(BaseModel):
    """One line of a script. `times` is how often it may answer: once without a condition, always with one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: str = ""
    match: str = ""
    pattern: str = ""
    text: str = ""
    reason: NoAnswerReason | None = None
    finish: Literal["stop", "length"] = "stop"
    reasoning: str = ""
    times: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _whole(self) -> ScriptLine:
        if not self.text and self.reason is None:
            raise ValueError("give a text or a reason")
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"the pattern is none: {error}") from error
        return self

    @property
    def bound(self) -> int | None:
        """How often it may answer; None is always."""
        return 1 if self.times is None and not self.match and not self.pattern else self.times

    def fits(self, request: Request, chat: str) -> bool:
        """Whether it answers this request."""
        if self.role and self.role != request.role:
            return False
        return self.match in chat and (not self.pattern or re.search(self.pattern, chat) is not None)


@dataclass(slots=True)
class _Used:
    line: ScriptLine
    number: int
    left: int | None


def read_script(path: Path) -> list[ScriptLine]:
    """Read a script.

    Raises:
        UsageError: the file cannot be read, or a line is wrong; the message names the line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The script {path} cannot be read: {error}.", fix="Check its path.") from error
    lines: list[ScriptLine] = []
    for number, row in enumerate(text.splitlines(), 1):
        if not row.strip():
            continue
        try:
            lines.append(ScriptLine.model_validate_json(row))
        except ValidationError as error:
            what = "; ".join(str(part["msg"]) for part in error.errors()[:2])
            raise UsageError(
                f"Line {number} of the script {path} is wrong: {what}.", fix="Correct the line."
            ) from error
    return lines


class ScriptedModel:
    """A caller that answers from lines or from a function.

    Args:
        source: the lines, or a function from a request to a text or an outcome.
        used: marks of lines that answered in earlier sessions of the same run, once each, so that a resumed run goes
            on where the script was.
        name: for messages.
    """

    def __init__(self, source: Scripting | Iterable[ScriptLine], *, used: Iterable[str] = (), name: str = "") -> None:
        self.address = f"script {name}".strip()
        self._function = source if callable(source) else None
        lines = () if callable(source) else tuple(source)
        self._lines = [_Used(line, number, line.bound) for number, line in enumerate(lines, 1)]
        for mark in used:
            self._take(mark)

    def _take(self, mark: str) -> None:
        number = mark.removeprefix("line ")
        if number.isdecimal() and 1 <= int(number) <= len(self._lines):
            line = self._lines[int(number) - 1]
            line.left = None if line.left is None else max(0, line.left - 1)

    async def call(self, request: Request, key: str) -> Outcome:
        """Answer at once.

        Raises:
            ScriptExhausted: no line fits that is not used up.
        """
        if self._function is not None:
            said = self._function(request)
            return replace(said, key=key) if not isinstance(said, str) else self._answer(request, key, text=said)
        chat = "\n".join(turn.text for turn in request.turns)
        for used in self._lines:
            if used.left != 0 and used.line.fits(request, chat):
                used.left = None if used.left is None else used.left - 1
                return self._said(request, key, used)
        raise ScriptExhausted(
            f"The {self.address} has no further answer for the {request.role or 'caller'} ({request.place}).",
            fix="Add a line that fits this call.",
        )

    def _said(self, request: Request, key: str, used: _Used) -> Outcome:
        line, mark = used.line, f"line {used.number}"
        if line.reason is not None:
            return NoAnswer(key, line.reason, mark, Usage(_read(request), 0, estimated=True))
        answer = self._answer(request, key, line.text)
        if isinstance(answer, NoAnswer):
            return replace(answer, detail=mark)
        return replace(answer, finish=line.finish, reasoning=line.reasoning, fingerprint=mark)

    def _answer(self, request: Request, key: str, text: str) -> Answer | NoAnswer:
        usage = Usage(_read(request), min(counted(text), request.decoding.max_tokens), estimated=True)
        if not text.strip():
            return NoAnswer(key, "empty", "the answer is empty", usage)
        return Answer(key, text, usage=usage, model=request.model or "script", replica=self.address)


def _read(request: Request) -> int:
    return sum(counted(turn.text) for turn in request.turns)
