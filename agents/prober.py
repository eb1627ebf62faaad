"""The prober: shows what a server makes of a prompt before a run hangs on it. It takes the generator's seat.

Asked with a bare text, it says how many tokens the server read and how the text went on; asked with a chat, how the
server's own template writes it out.
"""

from __future__ import annotations

from dataclasses import dataclass

from .gateway.outcomes import NoAnswer
from .gateway.requests import Decoding, Turn
from .messages import Failed, Reply, Task
from .seated import Seated

__all__ = ["Read", "ReadTask", "Reader", "RenderTask", "Rendered", "Renderer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadTask(Task):
    """To the prober: read this text, which is sent as it is, and go on a little.

    Args:
        text: what stands there.
        max_tokens: of what follows.
        stop: strings that end it.
    """

    text: str
    max_tokens: int = 1
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Read(Reply):
    """From the prober: the tokens that the server says it read (None where it says nothing), and what followed."""

    tokens: int | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderTask(Task):
    """To the prober: how does the server's template write out this chat?"""

    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered(Reply):
    """From the prober: the prompt that the server would make."""

    text: str


@dataclass(frozen=True, slots=True)
class Reader(Seated):
    """Has one text read."""

    async def __call__(self, task: ReadTask) -> Read | Failed:
        """What the server read; that nothing followed is an answer here."""
        decoding = Decoding(task.max_tokens, stop=task.stop, extra=self.seat.decoding.extra)
        outcome = await self.seat.plain(task, task.text, "completion", decoding)
        if isinstance(outcome, NoAnswer) and outcome.reason != "empty":
            return self.failed(task, outcome)
        tokens = None if outcome.usage.estimated else outcome.usage.input_tokens
        text = "" if isinstance(outcome, NoAnswer) else outcome.text
        return Read(**self.head(task, outcome), tokens=tokens, text=text)


@dataclass(frozen=True, slots=True)
class Renderer(Seated):
    """Has one chat written out."""

    async def __call__(self, task: RenderTask) -> Rendered | Failed:
        """The prompt; a server that does not tell its template has failed."""
        outcome = await self.seat.send(task, task.turns, "rendered", Decoding(1))
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        return Rendered(**self.head(task, outcome), text=outcome.text)
