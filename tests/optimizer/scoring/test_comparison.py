"""Paired comparisons: what they say, and how often they are wrong."""

from __future__ import annotations

import json
import random
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.optimizer.scoring.statistics import (
    Comparison,
    compare_paired,
    hopeless,
    sign_test,
)

SCORES = st.sampled_from([0.0, 0.5, 1.0])
PAIRED = st.lists(st.tuples(SCORES, SCORES), min_size=0, max_size=40)


def _compare(old: list[float], new: list[float], alpha: float = 0.05, margin: float = 0.0) -> Comparison:
    return compare_paired(old, new, alpha=alpha, margin=margin, rng=random.Random(1))


def test_figures_of_a_small_comparison() -> None:
    """Wins, losses, ties, the mean and the exact p-value, counted by hand."""
    result = _compare([0, 0, 0, 0, 0, 1, 0.5], [1, 1, 1, 1, 1, 0, 0.5])

    assert (7, 5, 1, 1) == (result.n, result.wins, result.losses, result.ties)
    assert pytest.approx(4 / 7) == result.difference
    assert pytest.approx(7 / 64) == result.p
    assert not result.better


def test_better_needs_both_the_test_and_the_margin() -> None:
    """Enough wins, and a mean difference above the margin."""
    old, new = [0.0] * 20, [0.5] * 20

    assert _compare(old, new, alpha=1e-5).better
    assert not _compare(old, new, alpha=1e-7).better
    assert not _compare(old, new, margin=0.5).better
    # More wins than losses, but the losses are larger.
    assert not _compare([0.5] * 20 + [1.0] * 8, [0.6] * 20 + [0.0] * 8).better


@settings(max_examples=40)
@given(PAIRED)
def test_turned_round_everything_is_mirrored(pairs: list[tuple[float, float]]) -> None:
    """Old against new is new against old with the signs changed."""
    old, new = [a for a, _ in pairs], [b for _, b in pairs]
    there, back = _compare(old, new), _compare(new, old)

    assert (there.n, there.wins, there.losses, there.ties) == (back.n, back.losses, back.wins, back.ties)
    assert pytest.approx(-back.difference) == there.difference
    assert pytest.approx(-back.high, abs=0.06) == there.low
    assert not (there.better and back.better)
    assert there.low <= there.difference <= there.high
    assert hopeless(old, new, alpha=0.05) is back.better


@settings(max_examples=40)
@given(PAIRED)
def test_figures_can_be_written_as_json(pairs: list[tuple[float, float]]) -> None:
    """No NaN, no infinity, whatever the scores."""
    result = _compare([a for a, _ in pairs], [b for _, b in pairs])
    assert json.loads(json.dumps(asdict(result), allow_nan=False))["n"] == len(pairs)
    assert -1 <= result.low <= result.high <= 1


def test_the_same_generator_gives_the_same_interval() -> None:
    """A decision can be replayed."""
    old = [random.Random(5).random() for _ in range(50)]
    new = [score * 0.9 for score in old]
    assert _compare(old, new) == _compare(old, new)


@pytest.mark.parametrize(("n", "low"), [(1, -0.95), (30, 0.768), (1000, 0.992)])
def test_certainty_is_not_claimed_from_equal_differences(n: int, low: float) -> None:
    """Thirty wins of thirty are compatible with some that are not; n decides how many."""
    result = _compare([0.0] * n, [1.0] * n)
    assert pytest.approx(low, abs=2e-3) == result.low
    assert result.high == 1


def test_nothing_compared_says_nothing() -> None:
    """Without items every difference is possible and nothing is better."""
    result = _compare([], [])
    assert (0, 0.0, -1.0, 1.0, 1.0, False) == (
        result.n, result.difference, result.low, result.high, result.p, result.better
    )  # fmt: skip


@pytest.mark.parametrize(("old", "new"), [([1.0], []), ([float("nan")], [1.0]), ([0.0], [float("inf")])])
def test_unpaired_or_broken_scores_are_refused(old: list[float], new: list[float]) -> None:
    """Two lengths or no number are a mistake of the caller."""
    with pytest.raises(ValueError, match="scores"):
        _compare(old, new)


@pytest.mark.parametrize("spread", [0.05, 0.3, 1.0])
def test_a_run_without_a_better_method_rarely_accepts_one(spread: float) -> None:
    """10 steps of 5 candidates on 200 items, none better: in at most 5 % of runs is one accepted.

    The decision of a comparison is `sign_test(...) <= alpha / 50`, as in the search; `spread` is the share of items on
    which candidate and incumbent differ at all. 20,000 runs, so 5 % is known to 0.15 points.
    """
    draws = np.random.default_rng(20240602)
    shape = (20_000, 50)
    discordant = draws.binomial(200, spread, size=shape)
    wins = draws.binomial(discordant, 0.5)

    accepted = (sign_test(wins, discordant - wins) <= 0.05 / 50) & (2 * wins > discordant)

    assert accepted.any(axis=1).mean() <= 0.05


def test_one_comparison_keeps_its_level_on_scores() -> None:
    """The whole of compare_paired, on graded scores of two equally good methods with different spreads."""
    draws = random.Random(7)
    better = 0
    for _ in range(100):
        old = [draws.choice([0.0, 0.5, 0.5, 1.0]) for _ in range(40)]
        new = [draws.choice([0.0, 1.0]) for _ in range(40)]
        better += _compare(old, new).better

    assert better <= 100 * 0.05 + 3 * (100 * 0.05 * 0.95) ** 0.5


def test_a_clearly_better_method_is_found() -> None:
    """The test is not merely strict: 40 % wins against 10 % losses on 200 items pass at 0.001."""
    old = [0.0] * 80 + [1.0] * 20 + [0.5] * 100
    new = [1.0] * 80 + [0.0] * 20 + [0.5] * 100
    assert _compare(old, new, alpha=0.001).better
    assert hopeless(new, old, alpha=0.001)
