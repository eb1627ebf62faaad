"""What is asked of the generator in Self-Instruct (arXiv 2212.10560), and what it says: frozen values.

InventTask → Invented        SortTask → Sorted        InstanceTask → Instances
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Literal

from ..agent import Seat, drawn
from ..messages import Reply, Task

__all__ = ["Draw", "GeneratorForm", "InstanceTask", "Instances", "InventTask", "Invented", "Pair", "SortTask",
           "Sorted", "Thought"]  # fmt: skip

GeneratorForm = Literal["chat", "completion"]
"""How the generator is asked: as a chat model in our contract, or as a raw model that goes on with a text."""
Fault = Literal["", "unreadable", "truncated"]


@dataclass(frozen=True, slots=True)
class Draw:
    """How one kind of question is put and its answer drawn; None leaves the role's own setting.

    Args:
        form: chat or raw continuation.
        presence_penalty: sent where it is not 0; not every endpoint knows it.
    """

    form: GeneratorForm = "chat"
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    presence_penalty: float = 0.0

    def seated(self, seat: Seat, stop: tuple[str, ...] = ()) -> Seat:
        """The seat with this decoding."""
        own = seat.decoding
        extra = own.extra
        if self.presence_penalty:
            extra = json.dumps({"presence_penalty": self.presence_penalty, **json.loads(extra or "{}")}, sort_keys=True)
        decoding = drawn(own, temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens, stop=stop)
        return replace(seat, decoding=replace(decoding, extra=extra))


@dataclass(frozen=True, slots=True)
class Pair:
    """One instance: what is given beside the instruction (may be empty), and the answer."""

    input: str
    output: str


@dataclass(frozen=True, slots=True)
class Thought:
    """A task: its instruction, and its instance where it has one already."""

    instruction: str
    instance: Pair | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InventTask(Task):
    """To the generator: think up new tasks after these.

    Args:
        shown: tasks that stand before it; where `whole` is set each has its instance.
        count: how many are wanted.
        whole: instruction, input and output of each in one go (Alpaca), not instructions alone.
        parents: ids of the tasks that are shown; for the record.
        language: of the prompt.
        draw: how it is asked.
    """

    shown: tuple[Thought, ...]
    count: int
    whole: bool = False
    parents: tuple[str, ...] = ()
    language: str = "en"
    draw: Draw = Draw()


@dataclass(frozen=True, slots=True, kw_only=True)
class Invented(Reply):
    """From the generator: the tasks in the order of the answer; with `truncated` the last one may be cut."""

    thoughts: tuple[Thought, ...]
    raw: str
    fault: Fault = ""
    truncated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SortTask(Task):
    """To the generator: is the output of this task one of a few labels?"""

    instruction: str
    language: str = "en"
    draw: Draw = Draw()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted(Reply):
    """From the generator. None where it said neither yes nor no."""

    classification: bool | None
    raw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceTask(Task):
    """To the generator: instances of this task, input first; or the label first where it is a classification."""

    instruction: str
    labels_first: bool = False
    count: int = 1
    language: str = "en"
    draw: Draw = Draw()


@dataclass(frozen=True, slots=True, kw_only=True)
class Instances(Reply):
    """From the generator: the instances as they stand in the answer; with `truncated` the last one may be cut.

    `copied` are those with words of the prompt instead: a place holder of the form, or an example that was shown.
    """

    pairs: tuple[Pair, ...]
    raw: str
    fault: Fault = ""
    truncated: bool = False
    copied: tuple[Pair, ...] = ()
