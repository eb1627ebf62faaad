"""What so many items can prove, against the test that decides."""

from __future__ import annotations

import random
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.optimizer.scoring.power import POWER, items_for, power, smallest_difference
from autoevol.optimizer.scoring.statistics import compare_paired


def _by_hand(items: int, alpha: float, discordance: float, difference: float) -> float:
    """The same sum over wins, losses and ties, written out."""
    win, lose = (discordance + difference) / 2, (discordance - difference) / 2
    total = 0.0
    for wins in range(items + 1):
        for losses in range(items + 1 - wins):
            count = wins + losses
            p = sum(comb(count, k) for k in range(wins, count + 1)) / 2**count
            if count and p <= alpha:
                ways = comb(items, count) * comb(count, wins)
                total += ways * win**wins * lose**losses * (1 - discordance) ** (items - count)
    return total


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 25), st.sampled_from([0.3, 0.05, 0.01]), st.floats(0.05, 1), st.floats(0, 1))
def test_power_is_the_finite_sum(items: int, alpha: float, discordance: float, share: float) -> None:
    """Over every number of wins, losses and ties."""
    difference = share * discordance

    assert pytest.approx(_by_hand(items, alpha, discordance, difference), abs=1e-6) == power(
        items, alpha, discordance, difference
    )


def test_a_margin_must_be_seen_too() -> None:
    """Half of those who are as good as the margin are seen above it; the level alone would accept nearly all."""
    assert 0.99 < power(400, 0.05, 0.4, 0.2)
    assert 0.4 < power(400, 0.05, 0.4, 0.2, margin=0.2) < 0.5
    assert power(10, 0.5, 1.0, 0.0, margin=0.4) == power(10, 0.06, 1.0, 0.0)
    assert None is items_for(0.1, 0.05, 0.4, margin=0.1)


def test_without_a_difference_a_false_proof_is_at_most_alpha() -> None:
    """The level is kept whatever the discordance."""
    assert all(power(items, 0.05, d, 0.0) <= 0.05 for items in (5, 30, 200) for d in (0.1, 0.5, 1.0))


def test_the_rule_that_decides_finds_such_a_difference_about_so_often() -> None:
    """A simulated race of 60 items, 300 times, by the comparison of the real decision."""
    found = smallest_difference(60, 0.05, 0.4)
    assert found.difference is not None
    win, lose = (0.4 + found.difference) / 2, (0.4 - found.difference) / 2
    rng, accepted = random.Random(5), 0
    for _ in range(300):
        draws = [rng.random() for _ in range(60)]
        new = [1.0 if draw < win else 0.0 if draw < win + lose else 0.5 for draw in draws]
        accepted += compare_paired([0.5] * 60, new, alpha=0.05, margin=0.0, rng=random.Random(1)).better

    assert abs(accepted / 300 - POWER) < 0.08


def test_so_many_items_halve_it() -> None:
    """About four times as many, and that many do."""
    found = smallest_difference(100, 0.05, 0.4)
    assert found.difference is not None
    assert found.items_for_half is not None
    assert 300 < found.items_for_half < 500
    assert POWER <= power(found.items_for_half, 0.05, 0.4, found.difference / 2)


def test_too_few_items_prove_nothing() -> None:
    """Even winning each of them is no proof at a small level."""
    for items in (0, 1, 4):
        assert (None, None) == (smallest_difference(items, 0.01, 0.6).difference, None)
    assert None is items_for(0.0, 0.05, 0.4)


def test_more_items_prove_less_and_less() -> None:
    """Smaller differences, whatever is assumed."""
    for discordance in (0.2, 0.4, 0.6):
        found = [smallest_difference(items, 0.01, discordance).difference or 1 for items in (50, 100, 400, 1600)]
        assert sorted(found, reverse=True) == found
