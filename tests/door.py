"""A door that gives the outcomes it was made with, in order, and keeps what was asked."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator

from autoevol.agents.agent import Seat
from autoevol.agents.gateway.outcomes import Answer, Outcome, Usage
from autoevol.agents.gateway.requests import Decoding, Request
from autoevol.agents.messages import RoleName


class GivenDoor:
    """Gives each outcome once; asked for more, it fails."""

    capacity = 1

    def __init__(self, *outcomes: Outcome | str) -> None:
        self._outcomes = [said(each) if isinstance(each, str) else each for each in outcomes]
        self.asked: list[Request] = []

    async def ask(self, request: Request) -> Outcome:
        """The next outcome."""
        self.asked.append(request)
        return self._outcomes.pop(0)

    async def stream(self, requests: AsyncIterable[Request]) -> AsyncIterator[Outcome]:
        """Outcomes one after another."""
        async for request in requests:
            yield await self.ask(request)


def said(text: str, *, cut: bool = False, reasoning: str = "") -> Answer:
    """An answer of a model."""
    return Answer("key", text, "length" if cut else "stop", reasoning, Usage(10, 5), 0.25, model="m")


def seat(role: RoleName, door: GivenDoor) -> Seat:
    """A seat at the door."""
    return Seat(role, door, "default", "m", Decoding(100))
