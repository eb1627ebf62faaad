"""The team admits by capacity, keeps the order, and ends cleanly."""

from __future__ import annotations

import tracemalloc
from collections.abc import AsyncIterable, AsyncIterator, Iterator, Sequence

import anyio
import pytest

from autoevol.agents.agent import Door
from autoevol.agents.gateway.errors import QuotaSpent
from autoevol.agents.gateway.outcomes import Outcome
from autoevol.agents.gateway.requests import Request
from autoevol.agents.messages import Answered, AnswerTask, Evolved, EvolveTask, Instruction, Reply, RoleName, Task
from autoevol.agents.method import Method
from autoevol.agents.team import Journey, Team

METHOD = Method(("Make it harder.",))


class _Capacity:
    """A door that only says how much fits through."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity

    async def ask(self, request: Request) -> Outcome:
        raise NotImplementedError

    def stream(self, requests: AsyncIterable[Request]) -> AsyncIterator[Outcome]:
        raise NotImplementedError


class _Evolver:
    """Finishes the tasks in any order it likes, and counts how many are under way."""

    role: RoleName = "evolver"

    def __init__(self, slow: frozenset[str] = frozenset(), fail: str = "") -> None:
        self.now = 0
        self.most = 0
        self._slow = slow
        self._fail = fail

    async def __call__(self, task: EvolveTask) -> Reply:
        self.now += 1
        self.most = max(self.most, self.now)
        for _ in range(20 if task.id in self._slow else 1):
            await anyio.lowlevel.checkpoint()
        self.now -= 1
        if task.id == self._fail:
            raise QuotaSpent("no money", fix="pay")
        return Evolved(id=f"{task.id}/reply", parent=task.id, text=task.instruction.text + "!", raw="")


class _Responder:
    role: RoleName = "responder"

    async def __call__(self, task: AnswerTask) -> Reply:
        await anyio.lowlevel.checkpoint()
        return Answered(id=f"{task.id}/reply", parent=task.id, text="yes")


def _first(count: int) -> Iterator[Task]:
    for number in range(count):
        yield EvolveTask(id=f"t{number}", stage="s", instruction=Instruction(f"{number}"), method=METHOD)


def _two_rounds_then_answer(journey: Journey) -> Task | None:
    last = journey[-1]
    if isinstance(last, Evolved) and last.text is not None:
        asked = [message for message in journey if isinstance(message, EvolveTask)]
        if len(asked) < 2:
            return EvolveTask(
                id=f"{asked[0].id}/2", stage="s", parent=last.id, instruction=Instruction(last.text), method=METHOD
            )
        return AnswerTask(id=f"{asked[0].id}/a", stage="s", parent=last.id, instruction=Instruction(last.text))
    return None


def _team(evolver: _Evolver, capacity: int) -> Team:
    door: Door = _Capacity(capacity)
    return Team({EvolveTask: evolver, AnswerTask: _Responder()}, door)


async def test_journeys_are_delivered_in_the_order_of_entry() -> None:
    """A slow first item holds back nobody's work, only its own place in the queue at the exit."""
    seen: list[str] = []

    async def deliver(journey: Journey) -> None:
        seen.append(journey[0].id)

    await _team(_Evolver(slow=frozenset({"t0", "t7"})), 4).work(_first(50), _two_rounds_then_answer, deliver)

    assert [f"t{number}" for number in range(50)] == seen


async def test_a_journey_holds_every_message_of_its_rounds() -> None:
    """Two rounds and an answer are six messages, each naming the one before."""
    journeys: list[Journey] = []

    async def deliver(journey: Journey) -> None:
        journeys.append(journey)

    await _team(_Evolver(), 2).work(_first(1), _two_rounds_then_answer, deliver)

    kinds = [type(message).__name__ for message in journeys[0]]
    assert ["EvolveTask", "Evolved", "EvolveTask", "Evolved", "AnswerTask", "Answered"] == kinds
    assert all(after.parent == before.id for before, after in zip(journeys[0], journeys[0][1:], strict=False))


async def test_what_is_asked_side_by_side_stands_in_the_order_of_the_tasks() -> None:
    """Whichever answer came first; and what is asked next sees all of them."""
    seen: list[Journey] = []
    evolver = _Evolver(slow=frozenset({"a"}))

    def route(journey: Journey) -> Sequence[Task]:
        if len(journey) == 2:
            return [EvolveTask(id=name, stage="s", instruction=Instruction(name), method=METHOD) for name in "abc"]
        return [AnswerTask(id="d", stage="s", instruction=Instruction("d"))] if len(journey) == 8 else ()

    async def deliver(journey: Journey) -> None:
        seen.append(journey)

    await _team(evolver, 1).work(_first(2), route, deliver)

    names = ["a", "a/reply", "b", "b/reply", "c", "c/reply", "d", "d/reply"]
    assert [["t0", "t0/reply", *names], ["t1", "t1/reply", *names]] == [[m.id for m in journey] for journey in seen]
    assert evolver.most >= 3


async def test_thinking_about_one_journey_does_not_hold_up_the_others() -> None:
    """A route may be awaited; the others are finished meanwhile, and the order stays."""
    finished = anyio.Event()
    seen: list[str] = []

    async def route(journey: Journey) -> Task | None:
        if journey[0].id == "t0":
            await finished.wait()
        elif journey[0].id == "t2":
            finished.set()
        return None

    async def deliver(journey: Journey) -> None:
        seen.append(journey[0].id)

    with anyio.fail_after(10):
        await _team(_Evolver(), 4).work(_first(3), route, deliver)

    assert ["t0", "t1", "t2"] == seen


@pytest.mark.parametrize("capacity", [1, 4, 16])
async def test_the_entrance_admits_by_the_capacity_of_the_gateway(capacity: int) -> None:
    """No more is under way than the gateway can use, with a little slack."""
    evolver = _Evolver()

    async def deliver(journey: Journey) -> None:
        assert journey

    await _team(evolver, capacity).work(_first(200), _two_rounds_then_answer, deliver)

    assert evolver.most <= capacity + capacity // 4 + 1


async def test_a_stopped_session_comes_out_as_its_own_error() -> None:
    """The person sees the one sentence, not a group of exceptions."""

    async def deliver(journey: Journey) -> None:
        assert journey

    with pytest.raises(QuotaSpent, match="no money pay"):
        await _team(_Evolver(fail="t3"), 4).work(_first(100), _two_rounds_then_answer, deliver)


async def test_many_seeds_do_not_become_many_messages() -> None:
    """Ten times as many first tasks need no more memory."""

    async def deliver(journey: Journey) -> None:
        assert journey

    async def peak(count: int) -> int:
        tracemalloc.start()
        await _team(_Evolver(), 8).work(_first(count), lambda _: None, deliver)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    await peak(10)
    assert await peak(5_000) < 2 * await peak(500) + 100_000


async def test_what_comes_in_while_the_work_is_cancelled_goes_nowhere() -> None:
    """Answers that are there when somebody presses Ctrl-C are taken by agents whose mailboxes are closed already."""
    under_way, answered = anyio.Event(), anyio.Event()

    class Waiting(_Evolver):
        async def __call__(self, task: EvolveTask) -> Reply:
            under_way.set()
            await answered.wait()
            return Evolved(id=f"{task.id}/reply", parent=task.id, text="!", raw="")

    async def deliver(journey: Journey) -> None:
        raise AssertionError(journey)

    async with anyio.create_task_group() as group:
        group.start_soon(_team(Waiting(), 4).work, _first(4), _two_rounds_then_answer, deliver)
        await under_way.wait()
        answered.set()
        group.cancel_scope.cancel()

    assert group.cancel_scope.cancelled_caught


async def test_nothing_to_do_is_done_at_once() -> None:
    """An empty list of first tasks ends the work."""

    async def deliver(journey: Journey) -> None:
        raise AssertionError(journey)

    await _team(_Evolver(), 4).work(iter(()), _two_rounds_then_answer, deliver)


class _AsDelivered:
    """Gives the next task once the one two before it was delivered, and keeps how far the exit was then."""

    def __init__(self, count: int) -> None:
        self.delivered: list[str] = []
        self.seen: list[int] = []
        self._count = count
        self._changed = anyio.Event()

    def __aiter__(self) -> _AsDelivered:
        return self

    async def __anext__(self) -> Task:
        number = len(self.seen)
        if number == self._count:
            raise StopAsyncIteration
        while len(self.delivered) < number - 1:
            await self._changed.wait()
        self.seen.append(len(self.delivered))
        return EvolveTask(id=f"t{number}", stage="s", instruction=Instruction(f"{number}"), method=METHOD)

    async def deliver(self, journey: Journey) -> None:
        self.delivered.append(journey[0].id)
        self._changed.set()
        self._changed = anyio.Event()


async def test_first_tasks_may_wait_for_what_was_delivered() -> None:
    """An asynchronous source is pulled as capacity allows, and holds a task back as long as it likes."""
    source, evolver = _AsDelivered(12), _Evolver(slow=frozenset({"t3"}))

    await Team({EvolveTask: evolver}, _Capacity(50)).work(source, lambda journey: None, source.deliver)

    assert [f"t{n}" for n in range(12)] == source.delivered
    assert all(number - 1 <= seen <= number for number, seen in enumerate(source.seen))
    assert 2 == evolver.most
