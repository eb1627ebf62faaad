"""What is asked next hangs on the window alone, never on when answers come."""

from __future__ import annotations

import random
from collections import deque
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from autoevol.agents.bootstrap.asking import Pair, Thought
from autoevol.optimizer.dataset.draws import generator
from autoevol.optimizer.recipes.self_instruct.humans import Shown, Shows
from autoevol.optimizer.recipes.self_instruct.schedule import Result, Schedule


def _result(kind: Literal["invent", "task"], number: int, seed: int) -> Result:
    draw = generator(seed, kind, number)
    if kind == "invent":
        return Result("invent", admitted=draw.choice([0, 0, 2, 5, 8]))
    return Result("task", made=int(draw.random() < 0.7))


def _course(seed: int, count: int, window: int, at_once: int, hurry: int) -> list[tuple[str, int]]:
    """The row of journeys, where at most `at_once` are under way and results come as `hurry` has it."""
    schedule = Schedule(count, 8, window, patience=5)
    patience = random.Random(hurry)
    under_way: deque[Result] = deque()
    row: list[tuple[str, int]] = []
    while True:
        wanted = schedule.wants
        if wanted == "end":
            return row
        if wanted == "wait" or len(under_way) >= at_once:
            schedule.deliver(under_way.popleft())
            continue
        assert len(under_way) <= window
        row.append((wanted, schedule.known.found))
        schedule.issue(wanted)
        under_way.append(_result(wanted, len(row), seed))
        while under_way and patience.random() < 0.4:
            schedule.deliver(under_way.popleft())


@given(st.integers(0, 99), st.integers(1, 40), st.integers(1, 12), st.integers(1, 30), st.integers(0, 9))
def test_the_row_does_not_depend_on_concurrency(seed: int, count: int, window: int, at_once: int, hurry: int) -> None:
    """Neither on how many are under way, nor on how soon results come: the same journeys with the same knowledge."""
    row = _course(seed, count, window, 1, 0)

    assert row == _course(seed, count, window, at_once, hurry)
    made = sum(_result("task", n, seed).made for n, (kind, _) in enumerate(row, 1) if kind == "task")
    assert made <= count


def test_a_generator_that_gives_nothing_is_not_asked_for_ever() -> None:
    """After so many requests in a row without a new task there are no more."""
    schedule = Schedule(10, 8, 4, patience=3)
    asked = 0
    while (wanted := schedule.wants) != "end":
        if wanted == "wait":
            schedule.deliver(Result("invent"))
        else:
            asked += 1
            schedule.issue(wanted)
    assert 3 <= asked <= 3 + 4


def test_a_prompt_shows_human_tasks_and_a_few_others() -> None:
    """6 and 2 of 8, all human at first; as many others as are missing where there are not enough human ones."""
    humans = [Shown(f"h{n}", Thought(f"t{n}", Pair("", "o"))) for n in range(20)]
    made = [Shown(f"m{n}", Thought(f"u{n}")) for n in range(9)]
    shows = Shows(humans, 8, 2, 1, "p")

    assert [8, 7, 6, 6] == [
        sum(each.id[0] == "h" for each in shows.of(number, made, known)) for number, known in enumerate([0, 1, 2, 9])
    ]
    assert shows.of(5, made, 9) == shows.of(5, [*made, Shown("later", Thought("x"))], 9)
    few = Shows(humans[:3], 8, 2, 1, "p")
    assert (3, 8) == (len(few.of(1, made, 0)), len(few.of(2, made, 9)))
