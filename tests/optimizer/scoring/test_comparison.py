"""Paired comparisons: what they say, and how often they are wrong."""

from __future__ import annotations

import json
import random
from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autoevol.optimizer.scoring.statistics import (
    Comparison,
    compare_paired,
    paired,
)

SCORES = st.sampled_from([0.0, 0.5, 1.0])
PAIRED = st.lists(st.tuples(SCORES, SCORES), min_size=0, max_size=40)


def _compare(old: list[float], new: list[float], alpha: float = 0.05, margin: float = 0.0) -> Comparison:
    return compare_paired(old, new, alpha=alpha, margin=margin, rng=random.Random(1))


def test_figures_of_a_small_comparison() -> None:
    """Wins, losses, ties and the mean, counted by hand; seven items prove nothing."""
    result = _compare([0, 0, 0, 0, 0, 1, 0.5], [1, 1, 1, 1, 1, 0, 0.5])

    assert (7, 5, 1, 1) == (result.n, result.wins, result.losses, result.ties)
    assert pytest.approx(4 / 7) == result.difference
    assert 0.05 < result.p < 0.2
    assert not result.better


def test_the_bound_is_students_where_nothing_is_skewed() -> None:
    """With the two items more, worked out by hand: 18 wins and 6 losses of a full point, and as many ties."""
    found = paired([0.0] * 18 + [1.0] * 6 + [0.5] * 24, [1.0] * 18 + [0.0] * 6 + [0.5] * 24)

    centre = 12 / 50
    variance = (19 * (1 - centre) ** 2 + 7 * (1 + centre) ** 2 + 24 * centre**2) / 49
    assert pytest.approx((12 / 48, centre, (variance / 50) ** 0.5)) == (found.difference, found.centre, found.error)
    straight = replace(found, skew=0.0)
    assert pytest.approx(centre - 1.67655 * found.error, abs=1e-4) == straight.low(0.05)
    assert pytest.approx(0.05, abs=1e-4) == straight.chance(centre - 1.67655 * found.error)


@settings(max_examples=60)
@given(PAIRED, st.sampled_from([0.05, 0.01, 0.001]), st.sampled_from([0.0, 0.02, 0.3]))
def test_a_chance_is_small_exactly_where_the_bound_is_above_the_margin(
    pairs: list[tuple[float, float]], level: float, margin: float
) -> None:
    """One is the other, read from the other side; and the bounds stand around the mean."""
    found = paired([a for a, _ in pairs], [b for _, b in pairs])

    assert (found.low(level) > margin) == (found.chance(margin) < level)
    assert -1 <= found.low(level) <= found.difference <= found.high(level) <= 1
    assert found.low(level / 10) <= found.low(level)


@settings(max_examples=40)
@given(PAIRED, st.randoms(use_true_random=False))
def test_the_order_of_items_decides_nothing(pairs: list[tuple[float, float]], rng: random.Random) -> None:
    """To the last bit: sums are rounded once."""
    mixed = rng.sample(pairs, len(pairs))

    assert paired([a for a, _ in pairs], [b for _, b in pairs]) == paired([a for a, _ in mixed], [b for _, b in mixed])


def test_better_needs_the_lower_bound_above_the_margin() -> None:
    """A mean difference above it is not enough, nor are many wins with a few heavy losses."""
    old, new = [0.0] * 40, [0.5] * 40

    assert _compare(old, new, alpha=1e-5).better
    assert not _compare(old, new, margin=0.45).better
    assert _compare(old, new, margin=0.3).better
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
    assert pytest.approx(-back.bound) == paired(old, new).high(0.05)


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


@pytest.mark.parametrize(
    ("old", "new"), [([1.0], []), ([float("nan")], [1.0]), ([0.0], [float("inf")]), ([0.0], [1.5]), ([-0.1], [0.0])]
)
def test_unpaired_or_broken_scores_are_refused(old: list[float], new: list[float]) -> None:
    """Two lengths, no number, or none from 0 to 1 are a mistake of the caller."""
    with pytest.raises(ValueError, match="scores"):
        _compare(old, new)


# Differences of mean 0: alike on both sides, mostly ties, and rare heavy losses against many small wins.
_NULLS: dict[str, dict[float, float]] = {
    "even": {-1: 0.06, -0.5: 0.1, -0.25: 0.05, 0: 0.58, 0.25: 0.05, 0.5: 0.1, 1: 0.06},
    "ties": {-1: 0.03, -0.5: 0.04, 0: 0.86, 0.5: 0.04, 1: 0.03},
    "heavy losses": {-0.75: 0.1, 0: 0.6, 0.25: 0.3},
}


@pytest.mark.parametrize("shape", sorted(_NULLS))
@pytest.mark.parametrize(("n", "level"), [(30, 0.05), (120, 0.05), (120, 0.01)])
def test_the_bound_keeps_its_level(shape: str, n: int, level: float) -> None:
    """Where the mean is 0 it is seldom above 0. Student's t is at 2.5 times the level for the heavy losses."""
    draws = random.Random(f"{shape}/{n}")
    values, weights = list(_NULLS[shape]), list(_NULLS[shape].values())
    times = 2000
    wrong = 0
    for _ in range(times):
        changes = draws.choices(values, weights, k=n)
        wrong += paired([max(0.0, -x) for x in changes], [max(0.0, x) for x in changes]).low(level) > 0

    assert wrong <= times * level + 3 * (times * level) ** 0.5


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
    assert paired(new, old).high(0.001) < 0
