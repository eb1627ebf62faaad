"""A chat model that writes as a user would, for endpoints that take chats only. It is not Magpie, nor called so."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..prompts import Prompts
from .agent import drawn
from .gateway.outcomes import NoAnswer
from .gateway.requests import Turn
from .messages import Continued, Failed, Task
from .seated import Seated

__all__ = ["SimulateTask", "Simulator"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulateTask(Task):
    """To the generator, in a chat: write one message as a user.

    Args:
        wish: what the users are like, in words; empty for any.
        temperature, top_p, max_tokens: of the draw.
        language: of the prompt.
    """

    wish: str = ""
    temperature: float = 1.0
    top_p: float = 1.0
    max_tokens: int = 512
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Simulator(Seated):
    """Plays a user."""

    prompts: Prompts

    async def __call__(self, task: SimulateTask) -> Continued | Failed:
        """What a user would write."""
        get, own = self.prompts.get, self.seat.decoding
        turns = (
            Turn("system", get("make-simulator", task.language).fill()),
            Turn("user", get("make-simulator-ask", task.language).fill(wish=task.wish)),
        )
        decoding = drawn(own, temperature=task.temperature, top_p=task.top_p, max_tokens=task.max_tokens)
        outcome = await replace(self.seat, decoding=decoding).ask(task, turns)
        if isinstance(outcome, NoAnswer):
            return self.failed(task, outcome)
        return Continued(**self.head(task, outcome), text=outcome.text, truncated=outcome.finish == "length")
