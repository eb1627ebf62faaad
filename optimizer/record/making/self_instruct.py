"""What can be said about Self-Instruct."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from ....agents.messages import RoleName
from .part import Expected, PartSettings

__all__ = ["SelfInstructSettings"]

_UNSEEN = ("image", "images", "picture", "pictures", "photo", "photos", "video", "videos", "audio",
           "图片", "图像", "照片", "视频", "音频")  # fmt: skip
_OFFICIAL = ("image", "images", "graph", "graphs", "picture", "pictures", "file", "files", "map", "maps",
             "draw", "plot", "go to")  # fmt: skip
_ALPACA = (*_OFFICIAL, "video", "audio", "music", "flowchart", "diagram")
_PUBLISHED: Mapping[str, Any] = {
    "form": "completion", "top_p": 0.5, "presence_penalty": 2.0, "instances": 5, "instance_tokens": 350,
    "instance_presence_penalty": 1.5, "keywords": _OFFICIAL, "min_words": 4, "begins": ("write a program",),
    "first": "ascii", "cut": "all", "tokens": "rouge-score", "with_seeds": True, "layout": "varied",
    "answers": "own",
}  # fmt: skip


class SelfInstructSettings(PartSettings):
    """Self-Instruct (arXiv 2212.10560): new tasks from a few seed tasks.

    Args:
        preset: also `alpaca`, instruction, input and output in one call, after three human tasks.
        count: tasks to be made, each with at least one instance.
        form: the generator is a `chat` model, or one for raw `completion` (an untuned one, too).
        shown: tasks that stand before a new list.
        machine: how many of them, at most, were made here.
        per_call: new tasks asked for in one call.
        whole: instruction, input and output of a task in one call, without sorting and instances of their own.
        instances: instances of a task, at most.
        answers: outputs are the generator's `own`, or the `responder` answers anew.
        temperature: of new tasks; None for the role's own.
        top_p: of new tasks; None for the role's own.
        task_tokens: bound of an answer with new tasks.
        presence_penalty: sent with questions for new tasks where it is not 0.
        instance_tokens: bound of an answer with instances.
        instance_presence_penalty: sent with questions for instances where it is not 0.
        similarity: ROUGE-L to any other instruction above which one is dropped.
        tokens: words of ROUGE-L: `unicode`, or a-z and 0-9 only as in `rouge-score`.
        min_words: an instruction has at least so many words.
        max_words: and at most so many; a Chinese character counts as a word.
        keywords: words that an instruction must not hold, in any case.
        begins: what an instruction must not begin with, in any case.
        first: an instruction begins with a letter, a digit, a quotation mark or a bracket of `any` script; or with an
            `ascii` letter or digit.
        cut: of an answer that met its bound the `last` item is dropped, or `all`.
        with_seeds: whether the seed tasks are rows, too.
        layout: how an instruction and its input become one text: `plain`, or `varied` over several forms.
        patience: calls in a row without a new task after which no more are asked for.
        window: calls that may be under way; what is asked hangs on what was known so many calls before.
    """

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "paper": {**_PUBLISHED, "cut": "last"},
        "official-code": _PUBLISHED,
        "alpaca": {
            **_PUBLISHED, "whole": True, "shown": 3, "machine": 0, "per_call": 17, "temperature": 1.0, "top_p": 1.0,
            "presence_penalty": 0.0, "task_tokens": 3072, "instances": 1, "keywords": _ALPACA, "with_seeds": False,
            "layout": "plain",
        },
    }  # fmt: skip

    recipe: Literal["self-instruct"] = "self-instruct"
    preset: Literal["recommended", "paper", "official-code", "alpaca"] = "recommended"  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]
    count: int = Field(default=1000, ge=1)
    form: Literal["chat", "completion"] = "chat"
    shown: int = Field(default=8, ge=1)
    machine: int = Field(default=2, ge=0)
    per_call: int = Field(default=8, ge=1)
    whole: bool = False
    instances: int = Field(default=1, ge=1)
    answers: Literal["own", "responder"] = "responder"
    temperature: float | None = Field(default=0.7, ge=0)
    top_p: float | None = Field(default=0.95, gt=0, le=1)
    task_tokens: int = Field(default=1024, ge=1)
    presence_penalty: float = 0.0
    instance_tokens: int = Field(default=768, ge=1)
    instance_presence_penalty: float = 0.0
    similarity: float = Field(default=0.7, gt=0, le=1)
    tokens: Literal["unicode", "rouge-score"] = "unicode"
    min_words: int = Field(default=4, ge=1)
    max_words: int = Field(default=150, ge=1)
    keywords: tuple[str, ...] = _UNSEEN
    begins: tuple[str, ...] = ()
    first: Literal["any", "ascii"] = "any"
    cut: Literal["last", "all"] = "last"
    with_seeds: bool = False
    layout: Literal["plain", "varied"] = "plain"
    patience: int = Field(default=50, ge=1)
    window: int = Field(default=256, ge=1)

    def roles(self) -> tuple[RoleName, ...]:
        """The roles that it asks."""
        return ("generator", "responder") if self.answers == "responder" else ("generator",)

    def raw(self) -> tuple[RoleName, ...]:
        """The generator, where it goes on with a text."""
        return ("generator",) if self.form == "completion" else ()

    def expected(self, rows: int, tokens: int) -> Iterator[Expected]:
        """Half of the new tasks come through, say; each is sorted, gets instances, and answers where that is wanted."""
        inner = 0 if self.whole else self.count * 5 // 4
        yield Expected("generator", -(-2 * self.count // self.per_call), self.shown * tokens + 200, 40 * self.per_call)
        yield Expected("generator", inner, 800, 5)
        yield Expected("generator", inner, 500 + tokens, 100 * self.instances)
        if self.answers == "responder":
            yield Expected("responder", self.count * self.instances * 5 // 4, 2 * tokens + 50, 250)

    def makes(self, rows: int) -> int:
        """As many as are wanted, times their instances."""
        return self.count * self.instances + (rows if self.with_seeds else 0)
