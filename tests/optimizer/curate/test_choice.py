"""A choice accounts for every row once, and a larger budget keeps all of a smaller one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.optimizer.curate.choice import Choice, Why, first_of

NO = Why("no")


@given(st.permutations(range(9)), st.integers(0, 10), st.integers(0, 10))
@settings(max_examples=30)
def test_a_budget_keeps_the_first_of_an_order(order: list[int], one: int, other: int) -> None:
    """What is known of other rows stays; each row that comes too late says its rank."""
    fewer, more = sorted((one, other))
    small, large = (Choice(*first_of(order[:7], count, dict.fromkeys(order[7:], NO))) for count in (fewer, more))
    small.check(9)
    large.check(9)

    assert list(small.order) == list(large.order)[:fewer] == order[: min(7, fewer)]
    assert [*range(fewer + 1, 8)] == [small.why[row].notes["rank"] for row in order[fewer:7]]
    assert all(small.why[row] is NO for row in order[7:])


@pytest.mark.parametrize(
    ("choice", "what"),
    [
        (Choice([0, 0], {1: NO}), "twice"),
        (Choice([0, 1], {1: NO}), "both"),
        (Choice([0, 2], {}), "no such row"),
        (Choice([0], {}), "of 2 rows 1 were chosen and 0 dropped"),
    ],
)
def test_a_choice_that_loses_a_row_is_a_defect(choice: Choice, what: str) -> None:
    """It is told before anything is written."""
    with pytest.raises(ValueError, match=what):
        choice.check(2)
