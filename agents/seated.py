"""What agents have in common: a seat, whose role they play; most of them what they are told, and the form they keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypedDict

from ..prompts import Prompts
from .agent import Seat
from .contract import OutputForm, mark, quoted, tag_for
from .gateway.outcomes import Answer, NoAnswer, Outcome
from .gateway.requests import Turn
from .messages import Call, Failed, RoleName, Task
from .reading import between_tags, cut_off, json_lines, json_object, labelled_blocks

__all__ = ["Framed", "Head", "Seated", "Told"]


class Head(TypedDict):
    """What every reply has that came of a call: its id, whose answer it is, and the call."""

    id: str
    parent: str
    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Seated:
    """An agent that asks a model.

    Args:
        seat: where its calls go.
    """

    seat: Seat

    @property
    def role(self) -> RoleName:
        """The role that it plays."""
        return self.seat.role

    def head(self, task: Task, outcome: Outcome) -> Head:
        """The head of the reply to a task."""
        usage = outcome.usage
        call = Call(outcome.key, self.role, usage.input_tokens, usage.output_tokens, outcome.cost, outcome.seconds)
        if isinstance(outcome, Answer):
            call = replace(
                call, model=outcome.model, fingerprint=outcome.fingerprint, fallback=outcome.fallback,
                adapted=outcome.adapted,
            )  # fmt: skip
        return Head(id=f"{task.id}/reply", parent=task.id, calls=(call,))

    def failed(self, task: Task, outcome: NoAnswer) -> Failed:
        """The reply to a task whose call gave nothing."""
        return Failed(**self.head(task, outcome), reason=outcome.reason, detail=outcome.detail)

    def empty(self, task: Task, outcome: Answer, detail: str) -> Failed:
        """The reply to a task whose call was answered without what was asked for."""
        return Failed(**self.head(task, outcome), reason="empty", detail=detail)


@dataclass(frozen=True, slots=True)
class Told(Seated):
    """One that is told what to do by our prompts, with data between marks.

    Args:
        seat: where its calls go.
        secret: of the run; the marks round the data derive from it.
        prompts: what it is told.
    """

    secret: str
    prompts: Prompts

    def says(self, prompt: str, language: str, /, **variables: str) -> str:
        """A prompt with its variables filled."""
        return self.prompts.get(prompt, language).fill(**variables)

    def turns(self, name: str, language: str, /, *, before: str = "", **variables: str) -> tuple[Turn, Turn]:
        """What it is told, and what it is asked: the prompts `name` and, behind `before`, `name-ask`."""
        ask = self.says(f"{name}-ask", language, **variables)
        return Turn("system", self.says(name, language)), Turn("user", before + ask)

    def sign(self, *texts: str) -> str:
        """The mark round these texts, which none of them holds."""
        return mark(self.secret, *texts)

    def data(self, label: str, text: str) -> str:
        """One text between marks of its own."""
        return quoted(label, self.sign(text), text)

    def noted(self, notes: Sequence[str], language: str) -> str:
        """A person's notes as quoted data, with what is to be made of them; empty where there is none."""
        if not notes:
            return ""
        data = self.data("NOTES", json_lines({"note": note} for note in notes))
        return self.says("steer-note", language, notes=data) + "\n\n"


@dataclass(frozen=True, slots=True)
class Framed(Told):
    """One that answers in a form.

    Args:
        seat: where its calls go.
        secret: of the run; the marks round the data derive from it.
        prompts: what it is told.
        output_form: how the answer must be given: between tags, or as JSON.
    """

    output_form: OutputForm

    def tag(self, name: str, *texts: str) -> str:
        """The tag that the answer stands in, none that these texts could name."""
        return tag_for(name, self.secret, *texts)

    def form(self, name: str, language: str, /, **variables: str) -> str:
        """How the answer is to be given: the prompt `name-tags` or `name-json`; the latter wants no names of tags."""
        prompt = self.prompts.get(f"{name}-{self.output_form}", language)
        return prompt.fill(**{key: text for key, text in variables.items() if key in prompt.variables})

    async def put(self, task: Task, turns: tuple[Turn, ...], schema: str, seat: Seat | None = None) -> Outcome:
        """Ask, of an answer in JSON by its schema; from another seat than its own where one is given."""
        return await (seat or self.seat).ask(task, turns, json_schema=schema if self.output_form == "json" else None)

    def cut(self, answer: Answer, tag: str) -> bool:
        """Whether the token limit cut the answer before its tag was closed; JSON that was cut is none."""
        return self.output_form == "tags" and cut_off(answer, tag)

    def between(self, answer: Answer, tag: str) -> str:
        """What stands between the tags; empty where nothing does, or the answer was cut before its end."""
        return "" if cut_off(answer, tag) else between_tags(answer.text, tag) or ""

    def fields(
        self, answer: Answer, tag: str, names: Sequence[str], key: str, also: Mapping[str, str] | None = None
    ) -> dict[str, str]:
        """Fields of an answer: labelled lines between the tags, or the last JSON object that has the field `key`.

        Args:
            answer: what came.
            tag: the tag that was asked for.
            names: of the fields; in lines they are the labels. A label that comes again wins.
            key: the field that counts.
            also: further labels, each with the name that it stands for.
        """
        if self.output_form == "json":
            value = json_object(answer.text, key) or {}
            return {name: str(value[name]) for name in names if name in value}
        found: dict[str, str] = {}
        for block in labelled_blocks(self.between(answer, tag), {name: name for name in names} | dict(also or {}), ""):
            found |= block
        return found
