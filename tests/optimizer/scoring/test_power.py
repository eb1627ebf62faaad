"""What so many items can prove, against the test that decides."""

from __future__ import annotations

import random

import pytest

from autoevol.optimizer.scoring.power import POWER, items_for, power, smallest_difference
from autoevol.optimizer.scoring.statistics import paired


@pytest.mark.parametrize(
    ("items", "alpha", "discordance", "difference", "margin"),
    [(60, 0.05, 0.4, 0.2, 0), (150, 0.005, 0.2, 0.12, 0), (300, 0.005, 0.6, 0.15, 0.02), (40, 0.02, 0.3, 0.25, 0)],
)
def test_power_is_how_often_the_bound_accepts(
    items: int, alpha: float, discordance: float, difference: float, margin: float
) -> None:
    """In a thousand samples, to about five points."""
    rng, accepted = random.Random(items), 0
    weights = [(discordance + difference) / 2, (discordance - difference) / 2, 1 - discordance]
    for _ in range(1000):
        new = rng.choices([1.0, 0.0, 0.5], weights, k=items)
        old = [1 - score for score in new]
        accepted += paired(old, new).low(alpha) > margin

    assert abs(accepted / 1000 - power(items, alpha, discordance, difference, margin)) < 0.09


def test_without_a_difference_a_false_proof_is_at_most_alpha() -> None:
    """The level is kept whatever the discordance."""
    assert all(power(items, 0.05, d, 0.0) <= 0.05 for items in (5, 30, 200) for d in (0.1, 0.5, 1.0))


def test_so_many_items_halve_it() -> None:
    """About four times as many, and that many do."""
    found = smallest_difference(100, 0.05, 0.4)
    assert found.difference is not None
    assert found.items_for_half is not None
    assert 300 < found.items_for_half < 500
    assert POWER - 1e-6 <= power(found.items_for_half, 0.05, 0.4, found.difference / 2)


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
