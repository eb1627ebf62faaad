"""A person's hand on the gateway: pause, go on, stop, other caps."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest

from autoevol.agents.gateway.endpoints import Budget, Endpoint
from autoevol.agents.gateway.errors import BudgetReached, StoppedByPerson
from autoevol.agents.gateway.gateway import Gateway, Parts, open_gateway
from autoevol.agents.gateway.outcomes import Answer
from autoevol.agents.gateway.requests import Decoding, Request, Turn
from autoevol.agents.gateway.simulated.scripted import ScriptedModel


@asynccontextmanager
async def opened(folder: Path, asked: list[str], budget: Budget | None = None) -> AsyncGenerator[Gateway]:
    """A gateway to a model that answers at once, and keeps what it was asked."""

    def speak(request: Request) -> str:
        asked.append(request.place)
        return "yes"

    parts = Parts(callers={"default": ScriptedModel(speak)})
    endpoints = {"default": Endpoint(script="said by a function", concurrency=2)}
    async with open_gateway(endpoints, folder, budget or Budget(), parts=parts) as gateway:
        yield gateway


def request(number: int) -> Request:
    """One of many questions."""
    return Request("default", "m", (Turn("user", f"question {number}"),), Decoding(50), 0, "evolver", f"p{number}", "s")


async def a_while() -> None:
    """Let everything happen that can."""
    await anyio.wait_all_tasks_blocked()


async def test_nothing_is_sent_in_a_pause_and_all_of_it_after(tmp_path: Path) -> None:
    """A second pause and a second word to go on change nothing; what is waited for is said."""
    asked: list[str] = []
    async with opened(tmp_path, asked) as gateway:
        gateway.pause()
        tickets = [gateway.submit(request(number)) for number in range(5)]
        await a_while()
        gateway.pause()
        before, waiting = list(asked), gateway.progress().waiting_on
        gateway.go_on()
        outcomes = [await gateway.collect(ticket) for ticket in tickets]
        gateway.go_on()

    assert ([], "paused") == (before, waiting)
    assert 5 == len(asked)
    assert all(isinstance(outcome, Answer) for outcome in outcomes)


async def test_what_is_journaled_is_given_out_in_a_pause(tmp_path: Path) -> None:
    """Nothing is sent for it."""
    asked: list[str] = []
    async with opened(tmp_path, asked) as gateway:
        await gateway.ask(request(1))
        gateway.pause()

        assert isinstance(await gateway.ask(request(1)), Answer)
    assert ["p1"] == asked


async def test_a_stop_ends_a_pause_and_tells_all_who_wait(tmp_path: Path) -> None:
    """Also who asks later; nothing is sent any more."""
    asked: list[str] = []
    async with opened(tmp_path, asked) as gateway:
        gateway.pause()
        ticket = gateway.submit(request(1))
        gateway.stop(StoppedByPerson("A person asked it to stop."))

        with pytest.raises(StoppedByPerson):
            await gateway.collect(ticket)
        with pytest.raises(StoppedByPerson):
            await gateway.ask(request(2))
        gateway.pause()
        assert not gateway.paused
    assert [] == asked


async def test_higher_caps_give_room_and_lower_ones_take_it(tmp_path: Path) -> None:
    """From the next call on."""
    asked: list[str] = []
    async with opened(tmp_path, asked, Budget(calls=1)) as gateway:
        await gateway.ask(request(1))
        gateway.hold_to(Budget(calls=2))
        await gateway.ask(request(2))
        gateway.hold_to(Budget(tokens=1))
        with pytest.raises(BudgetReached):
            await gateway.ask(request(3))

    assert ["p1", "p2"] == asked


async def test_minutes_of_a_pause_do_not_count(tmp_path: Path) -> None:
    """The time that a person takes to think is theirs."""
    async with opened(tmp_path, []) as gateway:
        gateway.pause()
        before = gateway.totals().minutes
        await a_while()
        gateway.go_on()

        assert gateway.totals().minutes <= before + 1e-3
