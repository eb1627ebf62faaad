"""Kendall's tau-b: the same figure as scipy's, an exact test for few things, and nothing claimed that cannot be."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.optimizer.scoring.rank_agreement import Agreement, rank_agreement

FIGURES = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=6)


@given(FIGURES)
@settings(max_examples=30)
def test_it_is_the_tau_of_the_textbook(pairs: list[tuple[int, int]]) -> None:
    """Ties on either side; nothing where one side is all tied."""
    stats: Any = importlib.import_module("scipy.stats")
    first, second = zip(*pairs, strict=True)
    found = rank_agreement(first, second)

    if len(set(first)) == 1 or len(set(second)) == 1:
        assert Agreement(len(pairs)) == found
        return
    assert pytest.approx(stats.kendalltau(first, second).statistic) == found.tau
    assert found.p is None or found.least_p is None or found.least_p <= found.p <= 1


@pytest.mark.parametrize(
    ("second", "tau", "p", "least"),
    [
        ([1.0, 2.0], 1.0, None, None),
        ([2.0, 1.0], -1.0, None, None),
        ([1.0, 2.0, 3.0], 1.0, 1 / 3, 1 / 3),
        ([1.0, 2.0, 3.0, 4.0], 1.0, 1 / 12, 1 / 12),
        ([1.0, 2.0, 4.0, 3.0], 2 / 3, 1 / 3, 1 / 12),
        ([1.0, 2.0, 3.0, 4.0, 5.0], 1.0, 1 / 60, 1 / 60),
    ],
)
def test_the_test_counts_orders(second: list[float], tau: float, p: float | None, least: float | None) -> None:
    """Two-sided; under three things there is none."""
    found = rank_agreement([float(n) for n in range(len(second))], second)

    assert pytest.approx(tau) == found.tau
    assert [p, least] == [found.p and pytest.approx(found.p), found.least_p and pytest.approx(found.least_p)]


def test_many_things_are_left_to_scipy() -> None:
    """Exact without ties, approximate with them."""
    clear = rank_agreement(range(10), range(10))
    tied = rank_agreement(range(10), [0, 0, *range(8)])

    assert (True, False) == (clear.exact, tied.exact)
    assert clear.p is not None
    assert pytest.approx(2 / 3628800) == clear.p
