"""The caps hold at every moment, whatever happens in whatever order."""

from __future__ import annotations

import asyncio

import anyio
import anyio.lowlevel
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.agents.gateway.books.ledger import Entry, Ledger, Need, Sum, cut_off_notice, price_of
from autoevol.agents.gateway.endpoints import Budget, Price
from autoevol.agents.gateway.errors import BudgetReached
from autoevol.agents.gateway.outcomes import Usage


def _need(tokens: int = 100, usd: float | None = 0.1) -> Need:
    return Need("evolver", "test", tokens - tokens // 2, tokens // 2, usd)


def _used(tokens: int, usd: float = 0.0) -> Sum:
    return Sum(1, tokens, 0, 0, 0, usd)


jobs = st.lists(st.tuples(st.integers(2, 300), st.floats(0, 1), st.booleans()), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None)
@given(jobs, st.integers(1, 20), st.integers(100, 3000), st.floats(0.01, 1))
def test_no_cap_is_ever_passed(jobs: list[tuple[int, float, bool]], calls: int, tokens: int, usd: float) -> None:
    """Spent and set aside together stay under every cap; whoever is refused could not have been let through."""
    ledger = Ledger(Budget(calls=calls, tokens=tokens, usd=usd), [], lambda: 0.0)
    held = Sum()
    worst = {number: need for number, (need, _, _) in enumerate(jobs)}

    async def call(number: int, share: float, sends: bool) -> None:
        nonlocal held
        need = _need(worst[number], worst[number] / 1000)
        try:
            reservation = await ledger.reserve(need)
        except BudgetReached:
            return
        held += need.sum
        together = ledger.totals().all + held
        assert together.calls <= calls
        assert together.tokens <= tokens
        assert together.usd <= usd + 1e-9
        await anyio.lowlevel.checkpoint()
        held += Sum(-1, -need.input_tokens, -need.output_tokens, 0, 0, -(need.usd or 0))
        if sends:
            ledger.settle(reservation, _used(int(share * worst[number]), share * worst[number] / 1000))
        else:
            ledger.release(reservation)

    async def run() -> None:
        async with anyio.create_task_group() as group:
            for number, (_, share, sends) in enumerate(jobs):
                group.start_soon(call, number, share, sends)

    asyncio.run(run())

    spent = ledger.totals().all
    assert spent.calls <= calls
    assert spent.tokens <= tokens
    assert spent.usd <= usd + 1e-9
    assert not ledger.waiting


async def test_a_call_waits_for_what_is_under_way_to_give_room_back() -> None:
    """At its worst case it does not fit beside the other; after the other has settled for less it does."""
    ledger = Ledger(Budget(tokens=150), [], lambda: 0.0)
    first = await ledger.reserve(_need(100))

    async with anyio.create_task_group() as group:
        group.start_soon(ledger.reserve, _need(100))
        await anyio.wait_all_tasks_blocked()
        assert ledger.waiting
        ledger.settle(first, _used(50))

    assert not ledger.waiting


async def test_a_call_that_cannot_fit_says_which_cap_and_what_to_do() -> None:
    """The sentence names spent and cap, the fix the command."""
    ledger = Ledger(Budget(tokens=150), [Entry("judge", "test", _used(100))], lambda: 0.0)

    with pytest.raises(BudgetReached) as caught:
        await ledger.reserve(_need(100))

    assert "The budget of 150 tokens is reached: 100 are spent, and the next call could take 100 more." == (
        caught.value.problem
    )
    assert "--budget" in caught.value.fix


async def test_attempts_of_earlier_sessions_count() -> None:
    """Calls are attempts over all restarts."""
    ledger = Ledger(Budget(calls=3), [Entry("judge", "test", Sum(calls=2))], lambda: 0.0)

    ledger.settle(await ledger.reserve(_need()), Sum(calls=1))

    with pytest.raises(BudgetReached, match="3 calls"):
        await ledger.reserve(_need())


async def test_minutes_are_a_cap() -> None:
    """Nothing is sent once the run has taken its minutes."""
    minutes = 1.0
    ledger = Ledger(Budget(minutes=2), [], lambda: minutes)
    await ledger.reserve(_need())
    minutes = 2.0

    with pytest.raises(BudgetReached, match="2 minutes"):
        ledger.time_left()


async def test_a_cancelled_wait_gives_its_place_up() -> None:
    """Who waits behind a cancelled call is let through."""
    ledger = Ledger(Budget(tokens=150), [], lambda: 0.0)
    first = await ledger.reserve(_need(100))
    async with anyio.create_task_group() as group:
        with anyio.move_on_after(0):
            await ledger.reserve(_need(150))
        group.start_soon(ledger.reserve, _need(40))

    ledger.settle(first, _used(100))
    assert not ledger.waiting
    assert 100 == ledger.totals().all.tokens


def test_sums_by_role_and_by_stage_add_up() -> None:
    """Each line is in one role and one stage, and in the whole."""
    entries = [Entry("judge", "a", _used(1)), Entry("judge", "b", _used(2)), Entry("evolver", "a", _used(4))]

    totals = Ledger(Budget(), entries, lambda: 3.0).totals()

    assert {"judge": 3, "evolver": 4} == {role: line.tokens for role, line in totals.by_role.items()}
    assert {"a": 5, "b": 2} == {stage: line.tokens for stage, line in totals.by_stage.items()}
    assert (7, 3, 3.0) == (totals.all.tokens, totals.all.calls, totals.minutes)


def test_an_unknown_price_is_not_zero() -> None:
    """One call without a price makes the whole unknown."""
    assert None is (Sum(usd=1.0) + Sum(unpriced=1)).cost
    assert 1.0 == Sum(usd=1.0).cost


@pytest.mark.parametrize(
    ("expected", "price", "usage"),
    [
        (None, None, Usage(10, 10)),
        (3e-6, Price(input=1, output=2), Usage(1, 1)),
        (11e-6, Price(input=1, output=0, cached_input=0.1), Usage(20, 0, cached_tokens=10)),
        (20e-6, Price(input=1, output=0), Usage(20, 0, cached_tokens=10)),
    ],
)
def test_money_follows_the_price(expected: float | None, price: Price | None, usage: Usage) -> None:
    """USD per million tokens; cached input at its own price; no price is no number."""
    found = price_of(price, usage)

    assert expected == (found if found is None else pytest.approx(found))


def test_free_endpoints_cost_nothing() -> None:
    """Whatever they use."""
    assert 0.0 == price_of(None, Usage(10, 10), free=True)


def test_who_does_not_wait_is_told_of_room() -> None:
    """None while others hold the room; one call when some came back; then it fits."""
    ledger = Ledger(Budget(tokens=150), [], lambda: 0.0)
    told: list[bool] = []
    ledger.on_room = lambda: told.append(ledger.waiting)
    first = ledger.try_reserve(_need(100))
    assert first is not None
    assert None is ledger.try_reserve(_need(100))
    assert None is ledger.try_reserve(_need(60))
    assert ledger.waiting

    ledger.settle(first, _used(40))

    assert [False] == told
    assert None is not ledger.try_reserve(_need(100))
    assert not ledger.waiting


def test_nobody_is_told_who_never_asked_in_vain() -> None:
    """Telling costs time at every call."""
    ledger = Ledger(Budget(), [], lambda: 0.0)
    told: list[int] = []
    ledger.on_room = lambda: told.append(1)
    reservation = ledger.try_reserve(_need())
    assert reservation is not None
    ledger.settle(reservation, _used(1))
    ledger.settle(reservation, _used(1))
    ledger.release(reservation)

    assert ([], 1) == (told, ledger.spent.tokens)


def test_what_can_never_fit_is_refused_when_nothing_is_under_way() -> None:
    """Until then it might, for all that is known; when the minutes are over it never will."""
    ledger = Ledger(Budget(calls=1), [], lambda: 0.0)
    first = ledger.try_reserve(_need())
    assert first is not None
    assert None is ledger.try_reserve(_need())
    ledger.settle(first, Sum(calls=1))
    with pytest.raises(BudgetReached, match="1 calls"):
        ledger.try_reserve(_need())

    late = Ledger(Budget(minutes=1), [], lambda: 2.0)
    with pytest.raises(BudgetReached, match="1 minutes"):
        late.try_reserve(_need())


async def test_who_does_not_wait_does_not_overtake_who_does() -> None:
    """A small call behind a large one that waits is not let through before it."""
    ledger = Ledger(Budget(tokens=150), [], lambda: 0.0)
    first = ledger.try_reserve(_need(100))
    assert first is not None
    got: list[str] = []

    async def wait() -> None:
        ledger.release(await ledger.reserve(_need(140)))
        got.append("large")

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await anyio.wait_all_tasks_blocked()
        assert None is ledger.try_reserve(_need(10))
        ledger.release(first)

    assert ["large"] == got
    assert None is not ledger.try_reserve(_need(10))


def test_three_calls_of_a_tenth_fit_under_three_tenths() -> None:
    """Money is counted in whole numbers inside, so no rounding refuses the last of them."""
    ledger = Ledger(Budget(usd=0.3), [], lambda: 0.0)

    assert all(ledger.try_reserve(_need(2, 0.1)) is not None for _ in range(3))
    assert None is ledger.try_reserve(_need(2, 0.000001))


def test_sums_by_model_and_by_step_add_up() -> None:
    """The stages of a step are one step; what is outside the loop is by itself."""
    stages = ["steps/000", "steps/000/batch", "steps/000/dev", "steps/001/dev", "test", "apply"]
    entries = [Entry("evolver", stage, _used(1), f"m{number % 2}") for number, stage in enumerate(stages)]

    totals = Ledger(Budget(), entries, lambda: 3.0).totals()

    assert {"steps/000": 3, "steps/001": 1, "test": 1, "apply": 1} == {
        step: line.tokens for step, line in totals.by_step.items()
    }
    assert {"m0": 3, "m1": 3} == {model: line.tokens for model, line in totals.by_model.items()}


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (Sum(), ""),
        (Sum(1, 10, 20), "1 call was out when an earlier session ended. Nobody knows what it cost, so it stays counted "
                         "at worst: 30 tokens."),
        (Sum(3, 1000, 20, usd=0.5), "they stay counted at worst: 1,020 tokens and $0.5000."),
    ],
)  # fmt: skip
def test_calls_that_a_death_cut_off_are_told(left: Sum, words: str) -> None:
    """One line, or none."""
    assert cut_off_notice(left).endswith(words)
    assert bool(words) == bool(cut_off_notice(left))
